"""Time zones: which one was meant by a name that the tz database lacks, and which of its names mislead.

The tz database counts `Etc/GMT+8` west of Greenwich, against all usage: it is the clock of Los Angeles in winter and
not that of Hong Kong.
"""

from __future__ import annotations

import difflib
import re
from typing import Final
from zoneinfo import available_timezones

_ABBREVIATED: Final = {
    **dict.fromkeys(("EDT", "ET"), "America/New_York"),
    **dict.fromkeys(("CST", "CDT", "CT"), "America/Chicago"),
    **dict.fromkeys(("MDT", "MT"), "America/Denver"),
    **dict.fromkeys(("PST", "PDT", "PT"), "America/Los_Angeles"),
    "BST": "Europe/London",
    "CEST": "Europe/Zurich",
    "HKT": "Asia/Hong_Kong",
    "JST": "Asia/Tokyo",
}
"""What clocks of people show, and the tz database has not."""
_WITHOUT_SUMMER_TIME: Final = {"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu"}
_EAST_OF_GREENWICH: Final = {
    -10: "Pacific/Honolulu",
    -8: "America/Los_Angeles",
    -7: "America/Denver",
    -6: "America/Chicago",
    -5: "America/New_York",
    -4: "America/Halifax",
    -3: "America/Sao_Paulo",
    0: "Europe/London",
    1: "Europe/Zurich",
    2: "Europe/Helsinki",
    3: "Europe/Moscow",
    4: "Asia/Dubai",
    5: "Asia/Karachi",
    7: "Asia/Bangkok",
    8: "Asia/Hong_Kong",
    9: "Asia/Tokyo",
    10: "Australia/Sydney",
    12: "Pacific/Auckland",
}
"""A well-known place by its hours east of Greenwich in winter."""
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?\s*([+-])0?(\d{1,2})(?::?00)?", re.ASCII | re.IGNORECASE)
_ETC: Final = re.compile(r"Etc/GMT([+-])([1-9]\d?)", re.ASCII)
_NO_PLACE: Final = {
    "localtime": "is the zone of this machine, whatever that is",
    "posixrules": "is a rule of the tz database, mostly that of New York",
    "Factory": "means that no zone was set",
}


def zone_near(said: str) -> str | None:
    """The zone that was most likely meant: by its abbreviation, its offset, its city, or nearly the same letters."""
    if said.upper() in _ABBREVIATED:
        return _ABBREVIATED[said.upper()]
    if (offset := _OFFSET.fullmatch(said)) is not None:
        return _EAST_OF_GREENWICH.get(int(offset[1] + offset[2]))
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    city = "/" + said.replace(" ", "_").lower()
    near = [zone for zone in zones if zone.lower().endswith(city)] or difflib.get_close_matches(said, zones, 1, 0.75)
    return near[0] if near else None


def doubt_about(zone: str) -> tuple[str, str] | None:
    """What is most likely not meant by a zone that exists, and what to write; None if nothing is odd about it."""
    if zone in _WITHOUT_SUMMER_TIME:
        return "has no summer time", f"write {_WITHOUT_SUMMER_TIME[zone]} if the clocks change there"
    if (etc := _ETC.fullmatch(zone)) is not None:
        hours = int(etc[1] + etc[2])
        where = "WEST" if hours > 0 else "EAST"
        place = _EAST_OF_GREENWICH.get(hours)
        right = f"write a place such as {place}" if place else "write a place such as America/New_York"
        return f"is {abs(hours)} hours {where} of Greenwich in the tz database, without summer time", right
    if zone in _NO_PLACE:
        return _NO_PLACE[zone], "write the gateway's zone by its name, such as America/New_York"
    if zone.startswith(("posix/", "right/")):
        return "is a second form of a zone", f"write {zone.partition('/')[2]}"
    return None
