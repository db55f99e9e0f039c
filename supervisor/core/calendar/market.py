"""The hours in which most people trade, for whoever knows no better ones."""

from datetime import datetime, time
from typing import Final

from supervisor.core.calendar.rules import zone_of

NEW_YORK: Final = "America/New_York"
OPENS: Final = time(9, 30)
CLOSES: Final = time(16, 0)
_SATURDAY: Final = 5


def is_open(wall: datetime) -> bool:
    """Monday to Friday, 09:30 to 16:00 in New York. Holidays are not known."""
    there = wall.astimezone(zone_of(NEW_YORK))
    return there.weekday() < _SATURDAY and OPENS <= there.time() < CLOSES
