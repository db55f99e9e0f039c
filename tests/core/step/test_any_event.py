"""No event, in any state, however odd, raises, spins the loop, or breaks what always holds."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisor.core.calendar.rules import Once
from supervisor.core.calendar.windows import custom, daily_restart
from supervisor.core.model import events
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import Ending, Event
from supervisor.core.model.layers import BELOW_UPSTREAM, Layer
from supervisor.core.model.policy import AccountMode, Policy, Reauth, RequiredFarm
from supervisor.core.model.vocabulary import OPEN, Phase
from supervisor.core.parts import outages
from supervisor.core.parts.session import TRANSITIONS
from tests.core.driver import NEW_YORK, RESET, RESTART, WEEKEND, World, policy

WINDOWED = policy(
    windows=(RESTART, RESET, WEEKEND), timezone=NEW_YORK, account_mode=AccountMode.LIVE, client_id_fallback=912
)
OTHERS = (
    policy(),
    WINDOWED,
    replace(WINDOWED, port=4002, reauth=Reauth.AUTOMATIC),
    replace(WINDOWED, windows=(daily_restart(time(12, 1), "UTC"),), upstream_probe=False, follow_port_change=True),
    replace(
        WINDOWED,
        windows=(custom("x", Once(datetime(2027, 1, 6, 12, 3, tzinfo=UTC)), timedelta(minutes=4)),),
        required_farms=(RequiredFarm("usfarm"),),
    ),
)
CODES: tuple[int, ...] = (
    0,
    1,
    100,
    162,
    165,
    200,
    321,
    326,
    420,
    501,
    504,
    507,
    1100,
    1101,
    1102,
    1300,
    2103,
    2104,
    2105,
    2106,
    2107,
)
CODES += (2108, 2110, 2119, 2120, 2157, 2158, 2159, 2172, 2199, 10182, 10189, 10197, 99999, -1, 2**31 - 1)
TEXTS = (
    "",
    "Market data farm connection is broken:usfarm",
    "new port - 4002",
    "The following farms are connected: a; b. The following farms are not connected: c.",
    "desupported 10.19 on 20270301 minimum 10.30",
    "x" * 5000,
)


def every_event(epoch: int, wall: datetime, before: Policy) -> list[Event]:
    """One of each kind, for this epoch."""
    return [
        events.PortOpened(epoch),
        events.ProgramRan(epoch, 1.0),
        events.ProgramRan(epoch, 0.5),
        events.TimeAsked(epoch),
        events.HandshakeDone(epoch, 176, "20270106 07:00:00 EST"),
        events.HandshakeDone(epoch, 0, ""),
        events.AccountsReceived(epoch, ("U1",)),
        events.AccountsReceived(epoch, ("DU1",)),
        events.AccountsReceived(epoch, ()),
        events.NextIdReceived(epoch, 1),
        events.NextIdReceived(epoch, -(2**31)),
        events.TimeAnswered(epoch, 0),
        events.TimeAnswered(epoch, 2**40),
        events.ProbeAnswered(epoch, 1),
        events.TrafficSeen(epoch),
        events.MessageUndecodable(epoch, 5, "OPEN_ORDER", "ibapi 10.30.1", "ValueError"),
        events.CallbackFailed(epoch, "error", "x"),
        *(events.NoticeReceived(epoch, -1, code, text) for code in CODES for text in TEXTS),
        *(events.SessionClosed(epoch, ending) for ending in Ending),
        events.SessionClosed(epoch, Ending.PROTOCOL, "x", CauseKey.UNDECODABLE, "message 49"),
        events.PauseAsked(),
        events.PauseAsked(wall + timedelta(seconds=30)),
        events.PauseAsked(wall - timedelta(days=1)),
        events.ResumeAsked(),
        events.MaintenanceAsked(wall + timedelta(minutes=2)),
        events.MaintenanceAsked(wall - timedelta(minutes=2)),
        events.MaintenanceAsked(wall),
        events.MaintenanceEnded(),
        events.LoginConfirmed(),
        events.Started(),
        events.Ticked(),
        events.Slept(0.0),
        events.Slept(1e6),
        events.Reloaded(before),
        *(events.Reloaded(other) for other in OTHERS),
        events.ShutdownAsked(),
    ]


def holds(world: World) -> None:
    """What always holds, beyond what the driver looks at after each step."""
    state = world.state
    assert state.session.phase in TRANSITIONS
    assert (state.session.phase is Phase.READY) is (state.broken not in (Layer.PORT, Layer.HANDSHAKE, Layer.SESSION))
    assert state.operator.pause is None or state.session.phase is Phase.STOPPED
    assert (world.word() == "up") is (state.broken is None and state.session.phase is Phase.READY)
    broken = state.broken
    if state.outages.observing:
        current = state.outages.current
        assert (broken is not None) is (current is not None and current.ended is None)
    assert (state.low_since is not None) is (broken in BELOW_UPSTREAM and state.session.phase is not Phase.STOPPED)
    assert outages.balanced(state.outages)
    assert len(state.farms.known) <= 200
    assert (state.session.phase in OPEN) or not state.heartbeat.pings
    assert len(state.heartbeat.pings) <= 64
    assert world.snapshot.status is state.status


STAGES = (
    "idle",
    "connecting",
    "port opened",
    "handshaking",
    "ready",
    "missed",
    "upstream lost",
    "carried",
    "backoff",
    "paused",
    "shut down",
    "in the gap",
    "maintenance",
)


def staged(stage: str) -> World:
    """A world that has come so far."""
    world = World(WINDOWED, at="2027-01-06 12:00 NY")
    world.peer.port = {"port opened": "mute", "backoff": "refuse", "connecting": "lost"}.get(stage, "open")
    world.peer.ready_after = None if stage == "handshaking" else 0.002
    if stage == "idle":
        world.step(events.Ticked())
        return world
    world.start().run({"backoff": 0.0011, "missed": 0.1}.get(stage, 0.5))
    match stage:
        case "missed":
            world.peer.answers = False
            world.run(7)
        case "upstream lost" | "in the gap":
            world.notice(1100)
        case "carried":
            world.notice(1100)
            world.drop()
            world.run(1)
        case "paused":
            world.step(events.PauseAsked())
        case "shut down":
            world.step(events.ShutdownAsked())
        case "maintenance":
            world.step(events.MaintenanceAsked(world.now.wall + timedelta(minutes=1)))
            world.restart(None)
    if stage == "in the gap":
        world.notice(1102)
    return world


@pytest.mark.parametrize("stage", STAGES)
def test_every_event_in_every_phase(stage: str) -> None:
    """Each event by itself, from the same state, and then a quarter of an hour of whatever follows."""
    prepared = staged(stage)
    state, now = prepared.state, prepared.now
    witness = state.copied()
    followed: set[type[Event]] = set()
    for event in every_event(state.session.epoch, now.wall, WINDOWED):
        world = World(WINDOWED)
        world.state, world.now, world.peer = state, now, prepared.peer
        world.observed, world.broken = prepared.observed, prepared.broken
        world.step(event)
        holds(world)
        assert state == witness, "a step changes nothing that was handed out"
        if type(event) not in followed:
            followed.add(type(event))
            world.run(60)
            holds(world)


@pytest.mark.parametrize("stage", STAGES)
def test_words_of_another_epoch_change_nothing_in_any_phase(stage: str) -> None:
    world = staged(stage)
    before = world.state
    for off in (-1, 1, 1000):
        for event in every_event(before.session.epoch + off, world.now.wall, WINDOWED):
            if hasattr(event, "epoch"):
                world.step(event)
    assert world.state == before


texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=200))
epochs = st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1])
walls = st.sampled_from([-7200.0, -1.0, 0.0, 1.0, 45.0, 90.0, 100000.0])
happenings = st.one_of(
    st.tuples(st.just("word"), epochs, st.integers(0, 12)),
    st.tuples(st.just("notice"), st.sampled_from(CODES), texts),
    st.tuples(st.just("closed"), epochs, st.sampled_from(list(Ending))),
    st.tuples(st.just("operator"), st.integers(0, 6), walls),
    st.tuples(st.just("reload"), st.sampled_from(OTHERS), st.none()),
    st.tuples(st.just("jump"), walls, st.none()),
    st.tuples(st.just("sleep"), walls.map(abs), st.none()),
    st.tuples(st.just("late"), st.sampled_from([0.001, 3.0, 40.0, 700.0]), st.none()),
    st.tuples(st.just("run"), st.sampled_from([0.0, 0.01, 1.0, 10.0, 70.0, 400.0]), st.none()),
    st.tuples(st.just("port"), st.sampled_from(["open", "refuse", "mute", "closes", "lost"]), st.booleans()),
)


@given(
    at=st.sampled_from(["2027-01-06 23:40 NY", "2027-01-10 00:58 NY", "2027-11-07T05:20:00Z", "2027-01-08 22:50 NY"]),
    chosen=st.sampled_from(OTHERS),
    story=st.lists(happenings, max_size=25),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_story(at: str, chosen: Policy, story: list[tuple[object, object, object]]) -> None:
    """Random stories, with odd texts and jumping clocks: nothing raises, and all that always holds does."""
    world = World(chosen, at=at).start()
    for happening in story:
        match happening:
            case ("word", int(off), int(which)):
                words = every_event(world.snapshot.epoch + off, world.now.wall, world.policy)
                world.step(words[which])
            case ("notice", int(code), str(text)):
                world.notice(code, text)
            case ("closed", int(off), Ending() as ending):
                world.step(events.SessionClosed(world.snapshot.epoch + off, ending))
            case ("operator", int(which), float(seconds)):
                moment = world.now.wall + timedelta(seconds=seconds)
                world.step(
                    (
                        events.PauseAsked(),
                        events.PauseAsked(moment),
                        events.ResumeAsked(),
                        events.MaintenanceAsked(moment, "x"),
                        events.MaintenanceEnded(),
                        events.LoginConfirmed(),
                        events.Ticked(),
                    )[which]
                )
            case ("reload", Policy() as other, _):
                world.reload(other)
            case ("jump", float(seconds), _):
                world.jump(seconds)
            case ("sleep", float(seconds), _):
                world.sleep(seconds)
            case ("late", float(seconds), _):
                world.now = type(world.now)(world.now.mono + seconds, world.now.wall + timedelta(seconds=seconds))
                world.step(events.Ticked())
            case ("run", float(seconds), _):
                world.run(seconds)
            case ("port", str(port), bool(answers)):
                world.peer.port, world.peer.answers = port, answers
        holds(world)
    heir = world.heir(after=30.0).start().run(5.0)
    holds(heir)
