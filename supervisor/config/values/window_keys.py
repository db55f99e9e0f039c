"""The windows of a gateway as they are written: its restarts, and maintenance of the operator's own."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from supervisor.config.keys import Clock, Instant, Keys, Weekday, WeeklyTime, WindowName, Zone, reads_duration
from supervisor.config.values.readers import Conflict
from supervisor.core.calendar import windows

ONCE, WEEKLY = "<once>", "<weekly>"
"""Tags of the two forms. pydantic puts them after the index of a window in the place of an error."""

_LEAD: Final = windows.RESTART_LEAD.total_seconds()
_GRACE: Final = windows.RESTART_GRACE.total_seconds()
_NAME_IS: Final = "Its name in metrics and listings, as of a gateway; not that of a window the daemon makes itself."
_GRACE_IS: Final = "How long after its end an outage is still explained."

Grace = Annotated[float, reads_duration("1s", "12h")]
OwnGrace = Annotated[float, reads_duration("0s", "12h")]


class DailyRestartKeys(Keys):
    """`daily_restart`: the gateway's auto-restart, as set under Lock and Exit."""

    time: Clock = Field(examples=['"23:45"'], description="Time of day on the gateway's clock, in quotes.")
    timezone: Zone = Field(examples=["America/New_York"], description="The gateway's zone, by its tz database name.")
    lead: Annotated[float, reads_duration("0s", "12h")] = Field(_LEAD, description="How early it may begin.")
    grace: Grace = Field(_GRACE, description="How long it may take; longer is no longer planned.")


class WeeklyRestartKeys(Keys):
    """`weekly_restart`: for people who choose the hour of the weekly login."""

    day: Weekday = Field(examples=["sunday"], description="Day of the week on the gateway's clock.")
    time: Clock = Field(examples=['"12:00"'], description="Time of day on the gateway's clock, in quotes.")
    timezone: Zone = Field(examples=["America/New_York"], description="The gateway's zone, by its tz database name.")
    grace: Grace = Field(_GRACE, description="How long it may take, the login included.")


class OnceWindowKeys(Keys):
    """`windows[]` with `from` and `to`: once."""

    name: WindowName = Field(examples=["move"], description=_NAME_IS)
    from_: Instant = Field(alias="from", examples=['"2026-12-01T10:00:00Z"'], description="Its beginning.")
    to: Instant = Field(examples=['"2026-12-01T14:00:00Z"'], description="Its end.")
    grace: OwnGrace = Field(0.0, description=_GRACE_IS)

    @field_validator("to")
    @classmethod
    def _after_from(cls, end: dt.datetime, info: ValidationInfo) -> dt.datetime:
        start = info.data.get("from_")
        if start is not None and end <= start:
            form = "%Y-%m-%dT%H:%M:%SZ"
            raise Conflict(
                end.strftime(form), "is not after from", "write a later end", "from", other=start.strftime(form)
            )
        return end


class WeeklyWindowKeys(Keys):
    """`windows[]` with `weekly` and `for`: every week."""

    name: WindowName = Field(examples=["sat"], description=_NAME_IS)
    weekly: WeeklyTime = Field(examples=['"Sat 04:00"'], description="Day and time of day of its beginning.")
    for_: Annotated[float, reads_duration("1s", "6d")] = Field(alias="for", examples=["2h"], description="Its length.")
    timezone: Zone = Field(examples=["Europe/London"], description="The zone of `weekly`, by its tz database name.")
    grace: OwnGrace = Field(0.0, description=_GRACE_IS)


def _form(value: object) -> str:
    keys = value if isinstance(value, dict) else {}
    return WEEKLY if isinstance(value, WeeklyWindowKeys) or {"weekly", "for"} & set(keys) else ONCE


WindowKeys = Annotated[
    Annotated[OnceWindowKeys, Tag(ONCE)] | Annotated[WeeklyWindowKeys, Tag(WEEKLY)], Discriminator(_form)
]
