"""APScheduler rings at the edges of windows, and for the upkeep of the journal.

A ring only makes the loop look at the clocks now. The loop looks at least once a second anyway, and the core computes
whether an instant lies in a window. So a ring that is lost, doubled or late changes no decision. The scheduler's own
zone is UTC and its jobs are dates, so summer time cannot touch it (docs/facts/platform.md#apscheduler-and-summer-time).
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

_FIRST_UPKEEP = timedelta(minutes=1)
"""Soon after the start, so that a daemon that is restarted often keeps its journal short too."""
_UPKEEP = timedelta(hours=6)
_UPKEEP_ID = "upkeep of the journal"  # no gateway has this name: names have no spaces


class EdgeScheduler:
    """Rings `ring` at the instants it is set to, and `upkeep` soon and then every six hours. Both must only enqueue."""

    def __init__(
        self, ring: Callable[[], None], upkeep: Callable[[], None], first_upkeep: timedelta = _FIRST_UPKEEP
    ) -> None:
        self._ring = ring
        self._upkeep = upkeep
        self._set: dict[str, datetime] = {}
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._upkeep_in(first_upkeep)
        self._scheduler.start()

    def set(self, name: str, at: datetime | None) -> None:
        """Ring for `name` at this instant, and drop any earlier setting."""
        if self._set.get(name) == at:
            return
        if at is None:
            self._set.pop(name, None)
            with suppress(JobLookupError):  # it has rung
                self._scheduler.remove_job(name)
            return
        self._set[name] = at
        self._at(at, self._ring, name)

    def stop(self) -> None:
        """No more rings. Does not wait for a running one."""
        self._scheduler.remove_all_jobs()  # APScheduler's thread would fail on one that is due right now
        self._scheduler.shutdown(wait=False)

    def _at(self, at: datetime, act: Callable[[], None], name: str) -> None:
        self._scheduler.add_job(act, DateTrigger(run_date=at, timezone=UTC), id=name, replace_existing=True)

    def _upkeep_in(self, wait: timedelta) -> None:
        self._at(datetime.now(UTC) + wait, self._keep_up, _UPKEEP_ID)

    def _keep_up(self) -> None:
        self._upkeep_in(_UPKEEP)
        self._upkeep()
