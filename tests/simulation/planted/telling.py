"""Faults planted in what people are told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Announce
from supervisor.core.model.facts import ToldTalk
from supervisor.core.model.snapshot import Outage
from supervisor.core.model.vocabulary import Planning
from supervisor.core.parts.telling import notify, outbox
from supervisor.core.parts.telling.notify import Ended, Matter, Notify, Talk
from supervisor.core.parts.telling.outbox import Outbox, Pace
from supervisor.core.step.judging import matters
from supervisor.core.step.transition import Transition
from tests.simulation.planted.planting import replaced


def _at_once(right: Callable[..., float], matter: Matter) -> float:
    return 0.0


def _planned_too(right: Callable[..., str | None], transition: Transition, outage: Outage) -> str | None:
    return right(transition, replace(outage, planning=Planning.UNPLANNED))


def _no_end(right: Callable[..., list[Announce]], talk: Talk, how: Ended, now: Now) -> list[Announce]:
    return []


def _forgotten(right: Callable[..., tuple[ToldTalk, ...]], talks: Iterable[Talk]) -> tuple[ToldTalk, ...]:
    return ()


def _sleeps(right: Callable[..., float | None], known: Notify, found: Sequence[Matter], now: Now) -> float | None:
    return None


def _no_pause(right: Callable[..., Outbox], box: Outbox, pace: Pace, now: Now) -> Outbox:
    return replace(right(box, pace, now), not_before=now.mono)


def _minute_anew(right: Callable[..., Outbox], said: datetime | None, pace: Pace, now: Now) -> Outbox:
    return right(None, pace, now)


def _unmarked(right: Callable[..., Outbox], box: Outbox, pace: Pace, now: Now, *, doubt: bool) -> Outbox:
    return right(box, pace, now, doubt=False)


def _given_up(right: Callable[..., Outbox], box: Outbox, pace: Pace, now: Now, *, doubt: bool) -> Outbox:
    return right(replace(box, flying=()), pace, now, doubt=doubt)


MUTANTS = (
    replaced("people are told of an outage at once", notify._patience, _at_once),
    replaced("people are told of planned outages", matters._row_of, _planned_too),
    replaced("nobody is told that it is over", notify._farewell, _no_end),
    replaced("another process forgets what was told", notify._remembered, _forgotten),
    replaced("nobody wakes when people are to be told", notify.wakes, _sleeps),
    replaced("messages go as they come", outbox.sent, _no_pause),
    replaced("another process begins the minute anew", outbox.begun, _minute_anew),
    replaced("what was in doubt is sent again without a mark", outbox.failed, _unmarked),
    replaced("a message that failed is given up", outbox.failed, _given_up),
)
