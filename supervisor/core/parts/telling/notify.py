"""What people are told, and when: conversations about what is wrong, by the table of pages.

- A matter is something that holds now and has a row in the table (`supervisor.core.model.pages`). It is told when it
  has lasted as long as the row says, without a break.
- A conversation is about one outage, or about one other matter, and has an id. An outage is told once, however its
  cause changes; only a sharper name, one whose row explains what was told, is told too.
- What a told matter explains is silent, in its own conversation and in others.
- It ends with one message if anything was told in it. An outage ends when it closes, everything else when it has been
  away for as long as its row says.
- Nothing is repeated while it lasts.
- What was told is among the facts: another process goes on with it. Of an outage that was not told yet it counts the
  time from the outage's beginning.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Announce, Subject
from supervisor.core.model.cause import Cause
from supervisor.core.model.facts import ToldTalk
from supervisor.core.model.pages import ROWS, Page, Severity
from supervisor.core.model.vocabulary import Stage
from supervisor.frozen import dataclass, replace

FLAPPING_FOR = 600.0
"""Seconds over which losses of the session are counted,"""
FLAPS = 5
"""and how many of them are flapping: those of the default alert."""
UNSEEN_FOR = 1200.0
"""Seconds for which it matters that a scheduled restart did not come."""
RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that holds now."""

    row: str
    """Of the table: `supervisor.core.model.pages.ROWS`,"""
    page: Page
    """and what it says."""
    talk: str
    """The conversation that it belongs to."""
    began: datetime
    """Of what the conversation is about."""
    severity: Severity
    cause: Cause | None = None
    due: datetime | None = None
    """What it is about comes at this instant."""
    after: float | None = None
    """Seconds that it must last, if not as long as its row says."""
    turned: bool = False
    """It was planned until now. Of a conversation under way it is known already."""
    about: Subject | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation."""

    id: str
    began: datetime
    row: str
    """What it was about when somebody last looked."""
    since: Now | None
    """Since when it holds without a break; None while it does not."""
    gone: Now | None = None
    """Since when it does not hold; None while it does."""
    told: tuple[str, ...] = ()
    """The rows that were told, in their order."""
    severity: Severity = Severity.INFO
    """The most urgent one that was told."""
    turned: bool = False
    """It was planned at first."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a conversation ended."""

    seconds: float | None = None
    """How long the matter lasted, as far as it was observed; None: from its beginning to now."""
    cause: Cause | None = None
    recovered: bool = True
    """It is well again; False for an outage that a pause closed."""
    login: bool = False
    """The login that was asked for is done."""
    silent: bool = False
    """Nobody need be told."""


ENDED = Ended()


@dataclass(frozen=True, slots=True)
class Notify:
    """The conversations of one gateway, or of the supervisor itself."""

    talks: tuple[Talk, ...] = ()
    kept: tuple[ToldTalk, ...] = ()
    """What another process must know: the conversations in which something was told."""
    losses: tuple[float, ...] = ()
    """When sessions were lost lately and unplanned, in monotonic seconds."""
    unseen_at: float | None = None
    """When a restart was last found not to have come."""


SILENT = Notify()


def heard(
    notify: Notify, matters: Sequence[Matter], outage: str, ended: dict[str, Ended], now: Now, *, observed: bool
) -> tuple[Notify, tuple[Announce, ...]]:
    """What is to be told now.

    `matters`: all that hold, the sharpest first. `outage`: the id of one that has not closed; empty without one. Not
    `observed`: nobody can see whether it holds. `ended`: how conversations that are over ended; others end when they
    were away for long enough.
    """
    said: list[Announce] = []
    holding = {matter.talk for matter in matters}
    kept: dict[str, Talk] = {}
    changed = False
    for talk in notify.talks:
        if talk.id == outage and not observed:
            kept[talk.id] = talk
        elif talk.id in holding or talk.id == outage or (talk.id not in ended and _may_return(talk, now)):
            kept[talk.id] = looked = _looked_at(talk, talk.id in holding, now)
            changed = changed or looked is not talk
        else:
            changed = True
            if talk.told:
                said += _farewell(talk, ended.get(talk.id, ENDED), now)
    explained = _explained(kept, matters, now)
    for matter in matters:
        known = kept.get(matter.talk)
        talk = known or Talk(matter.talk, matter.began, matter.row, now, turned=matter.turned)
        if talk.row != matter.row:
            # Of what was told, another name must have lasted by itself: a restart amid a long loss is not worth a word.
            talk = replace(talk, row=matter.row, since=now if talk.told else talk.since)
        if matter.row not in talk.told and matter.page.name not in explained and _is_due(talk, matter, now):
            said.append(_opening(talk, matter, now))
            severity = max(talk.severity, matter.severity, key=RANK.__getitem__)
            talk = replace(talk, told=(*talk.told, matter.row), severity=severity)
            explained |= {*matter.page.explains}
        kept[matter.talk] = talk
        changed = changed or talk is not known
    if not changed:
        return notify, tuple(said)
    talks = tuple(kept.values())
    return Notify(talks, _remembered(talks), notify.losses, notify.unseen_at), tuple(said)


def once(matter: Matter, now: Now) -> Announce:
    """It happened, and is over already."""
    return replace(_opening(Talk(matter.talk, matter.began, matter.row, None), matter, now), stage=Stage.HAPPENED)


def lost(notify: Notify, now: Now) -> Notify:
    """A session was lost, unplanned and not by us."""
    recent = tuple(at for at in notify.losses if now.mono - at < FLAPPING_FOR)
    return replace(notify, losses=(*recent, now.mono)[-FLAPS:])


def unseen(notify: Notify, now: Now) -> Notify:
    """A scheduled restart did not come."""
    return replace(notify, unseen_at=now.mono)


def is_flapping(notify: Notify, now: Now) -> bool:
    """Whether the session is lost again and again."""
    return bool(notify.losses) and len(notify.losses) == FLAPS and now.mono - notify.losses[0] < FLAPPING_FOR


def wakes(notify: Notify, matters: Sequence[Matter], now: Now) -> float | None:
    """The next monotonic moment at which somebody may have to be told something."""
    moments = [notify.losses[0] + FLAPPING_FOR] if is_flapping(notify, now) else []
    since = {}
    for talk in notify.talks:
        if talk.gone is not None and talk.told:
            moments.append(talk.gone.mono + ROWS[talk.row].held)
        elif talk.since is not None:
            since[talk.id] = talk
    for matter in matters:
        talk = since[matter.talk]
        if talk.since is not None and matter.row not in talk.told:
            moments.append(talk.since.mono + _patience(matter))
    due = None
    for moment in moments:
        if moment > now.mono and (due is None or moment < due):
            due = moment
    return due


def urgent(notify: Notify) -> bool:
    """Whether something critical was told and lasts."""
    return any(talk.severity is Severity.CRITICAL and talk.told for talk in notify.talks)


def recalled(kept: tuple[ToldTalk, ...], left: tuple[str, datetime] | None, now: Now) -> Notify:
    """What an earlier process was talking about. Rows that only a newer version knows are forgotten.

    `left`: the id and the beginning of an unplanned outage that it left open, of which it may have told nothing yet.
    """
    severities = set(Severity)
    talks = [
        Talk(
            talk.id,
            talk.began,
            talk.row,
            _ago(talk.since, now),
            _ago(talk.gone, now),
            tuple(row for row in talk.told if row in ROWS),
            Severity(talk.severity) if talk.severity in severities else Severity.WARNING,
            talk.turned,
        )
        for talk in kept
        if talk.row in ROWS
    ]
    if left is not None and left[0] not in {talk.id for talk in talks}:
        talks.append(Talk(left[0], left[1], "IBGatewayDown", _ago(left[1], now)))
    return Notify(tuple(talks), kept)


def _remembered(talks: Iterable[Talk]) -> tuple[ToldTalk, ...]:
    return tuple(
        ToldTalk(
            talk.id,
            talk.began,
            talk.row,
            talk.since.wall if talk.since is not None else None,
            talk.gone.wall if talk.gone is not None else None,
            talk.told,
            talk.severity.value,
            talk.turned,
        )
        for talk in talks
        if talk.told
    )


def _ago(wall: datetime | None, now: Now) -> Now | None:
    """An instant of another process, which had another monotonic clock."""
    return None if wall is None else Now(now.mono - max(0.0, (now.wall - wall).total_seconds()), wall)


def _looked_at(talk: Talk, holds: bool, now: Now) -> Talk:
    """It begins to hold, or stops: what was told goes on, and what was not must last anew."""
    if (talk.since if holds else talk.gone) is not None:
        return talk
    since, gone = (now, None) if holds else (None, now)
    return Talk(talk.id, talk.began, talk.row, since, gone, talk.told, talk.severity, talk.turned)


def _may_return(talk: Talk, now: Now) -> bool:
    """What was told is not over before it has been away for a while."""
    return bool(talk.told) and (talk.gone is None or now.mono < talk.gone.mono + ROWS[talk.row].held)


def _explained(talks: Mapping[str, Talk], matters: Sequence[Matter], now: Now) -> set[str]:
    """The names that are silent: what was told explains them and lasts, or what is due explains them."""
    found: set[str] = set()
    for talk in talks.values():
        for row in talk.told:
            found.update(ROWS[row].explains)
    for matter in matters:
        known = talks.get(matter.talk)
        if known is not None and matter.page.explains and _is_due(known, matter, now):
            found.update(matter.page.explains)
    return found


def _patience(matter: Matter) -> float:
    return matter.page.after if matter.after is None else matter.after


def _is_due(talk: Talk, matter: Matter, now: Now) -> bool:
    return talk.since is not None and now.mono >= talk.since.mono + _patience(matter)


def _opening(talk: Talk, matter: Matter, now: Now) -> Announce:
    stage = Stage.CHANGED if talk.told else Stage.TURNED if talk.turned else Stage.BEGAN
    seconds = max(0.0, (now.wall - matter.began).total_seconds())
    return Announce(
        talk.id,
        stage,
        matter.row,
        matter.severity,
        now.wall,
        matter.began,
        seconds,
        matter.cause,
        matter.due,
        about=matter.about,
    )


def _farewell(talk: Talk, how: Ended, now: Now) -> list[Announce]:
    if how.silent:
        return []
    seconds = how.seconds
    if seconds is None:
        until = now.wall if talk.gone is None else talk.gone.wall
        seconds = max(0.0, (until - talk.began).total_seconds())
    return [
        Announce(
            talk.id,
            Stage.OVER,
            talk.told[-1],
            talk.severity,
            now.wall,
            talk.began,
            seconds,
            how.cause,
            recovered=how.recovered,
            login=how.login,
        )
    ]
