"""When the canary's contract trades, and how IBKR writes it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Market:
    """Hours of one length that begin at the same time of day on some weekdays, in a zone. Monday is 0."""

    days: tuple[int, ...]
    opens: time
    hours: float
    zone: str

    def opened(self, wall: datetime) -> datetime | None:
        """The opening of the hours that last at this instant; None while it is closed."""
        local = wall.astimezone(ZoneInfo(self.zone))
        for ago in (0, 1):
            begins, ends = self._span(local, -ago)
            if begins.weekday() in self.days and begins <= wall < ends:
                return begins
        return None

    def opens_next(self, wall: datetime) -> datetime:
        """The first opening later than this instant."""
        local = wall.astimezone(ZoneInfo(self.zone))
        begins = (self._span(local, ahead)[0] for ahead in range(9))
        return next(each for each in begins if each > wall and each.weekday() in self.days)

    def liquid_hours(self, wall: datetime) -> str:
        """The days around this instant: `20261127:0930-20261127:1600;20261128:CLOSED`."""
        local = wall.astimezone(ZoneInfo(self.zone))
        return ";".join(self._told(*self._span(local, ahead)) for ahead in range(-2, 9))

    def _span(self, local: datetime, ahead: int) -> tuple[datetime, datetime]:
        begins = (local + timedelta(days=ahead)).replace(
            hour=self.opens.hour, minute=self.opens.minute, second=0, microsecond=0, fold=0
        )
        return begins, begins + timedelta(hours=self.hours)

    def _told(self, begins: datetime, ends: datetime) -> str:
        if begins.weekday() not in self.days:
            return f"{begins:%Y%m%d}:CLOSED"
        return f"{begins:%Y%m%d:%H%M}-{ends:%Y%m%d:%H%M}"


STOCKS = Market((0, 1, 2, 3, 4), time(9, 30), 6.5, "America/New_York")
CURRENCIES = Market((6, 0, 1, 2, 3), time(17, 15), 23.5, "America/New_York")
LONDON = Market((0, 1, 2, 3, 4), time(8, 0), 8.5, "Europe/London")
MARKETS = (STOCKS, CURRENCIES, LONDON)
