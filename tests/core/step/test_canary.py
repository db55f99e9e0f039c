"""The canary over the core: alive, dead and not judged, and what closes the gate."""

from dataclasses import replace

import pytest

from supervisor.core.model.behind.canary import (
    CanaryClose,
    CanaryConnect,
    CanaryContract,
    CanaryHoursAsk,
    CanaryPolicy,
    CanaryState,
    CanarySubscribe,
    DataType,
    DataTypeName,
    Unjudged,
)
from supervisor.core.model.events import (
    AccountsReceived,
    CanaryHeard,
    CanaryHours,
    CanaryTicked,
    Ending,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    SessionClosed,
    SessionEvent,
    TrafficSeen,
)
from supervisor.core.model.gate import GateReason
from supervisor.core.model.policy import Policy
from supervisor.core.model.status import Status
from tests.core.driver import NOON, RELAXED, World, policy

EURUSD = CanaryContract("EUR", "CASH", "IDEALPRO", "USD")
WATCHED = policy(canary=CanaryPolicy((EURUSD,), max_age=10.0), timing=RELAXED)
OPEN = "20270105:1715-20270106:1700;20270106:1715-20270107:1700"
"""The world begins on Wednesday 2027-01-06 at 07:00 New York."""


class Flock(World):
    """A world whose canary's side is played too."""

    asked: list[CanaryHoursAsk | CanarySubscribe]
    closed: int
    epoch: int

    def _carry_out(self, action: object) -> None:
        match action:
            case CanaryConnect(epoch=epoch):
                self.epoch = epoch
            case CanaryClose():
                self.closed += 1
            case CanaryHoursAsk() | CanarySubscribe():
                self.asked.append(action)
            case _:
                super()._carry_out(action)  # type: ignore[arg-type]


def flock(settings: Policy = WATCHED, at: str = NOON) -> Flock:
    world = Flock(settings, at=at)
    world.asked, world.closed, world.epoch = [], 0, 0
    world.up()
    return world


def hear(world: Flock, *events: SessionEvent) -> None:
    for event in events:
        world.step(CanaryHeard(event))


def connect(world: Flock) -> None:
    epoch = world.epoch
    hear(world, PortOpened(epoch), HandshakeDone(epoch, 176, ""))
    hear(world, AccountsReceived(epoch, ("U1",)), NextIdReceived(epoch, 1))


def requests(world: Flock) -> tuple[int, int]:
    """The last ids for hours and data."""
    hours = [each.request_id for each in world.asked if isinstance(each, CanaryHoursAsk)]
    data = [each.request_id for each in world.asked if isinstance(each, CanarySubscribe)]
    return hours[-1], data[-1]


def watching(hours: str = OPEN, zone: str = "US/Eastern") -> Flock:
    """Connected and subscribed, with hours."""
    world = flock()
    connect(world)
    world.step(CanaryHours(world.epoch, requests(world)[0], hours, zone))
    return world


def tick(world: Flock) -> None:
    world.step(CanaryTicked(world.epoch, requests(world)[1]))


def live(seconds: float = 11.0) -> Flock:
    world = watching()
    for _ in range(int(seconds)):
        world.run(1)
        tick(world)
    return world


def state(world: World) -> tuple[CanaryState, Unjudged | None]:
    assert world.snapshot.canary is not None
    (view,) = world.snapshot.canary
    return view.state, view.why


def test_it_connects_when_the_gateway_is_up_and_asks_for_hours_and_one_stream() -> None:
    world = watching()
    assert [type(each) for each in world.asked] == [CanaryHoursAsk, CanarySubscribe]
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.STARTING)


def test_a_dead_stream_is_told_to_people_by_one_name() -> None:
    world = live()
    world.run(400)
    assert {told.row for _, told in world.announced} == {"IBCanaryDead"}, "not the gate that it closes, too"


def test_a_stream_that_a_competing_session_took_is_told_as_that_and_not_as_dead() -> None:
    world = live()
    for _ in range(10):
        hear(world, NoticeReceived(world.epoch, requests(world)[1], 10197, "No market data during competing session"))
        world.run(60)
    assert state(world)[0] is CanaryState.DEAD
    assert {told.row for _, told in world.announced} == {"IBCompetingSession"}


def test_data_within_its_age_is_alive_and_its_kind_is_told() -> None:
    world = live()
    world.step(CanaryTicked(world.epoch, requests(world)[1], DataType.DELAYED, ticked=False))
    assert state(world) == (CanaryState.ALIVE, None)
    assert world.snapshot.canary is not None
    assert world.snapshot.canary[0].data_type is DataTypeName.DELAYED
    assert world.snapshot.gate.open


def test_a_dead_stream_with_all_layers_up_closes_the_gate_and_nothing_else() -> None:
    world = live()
    world.run(10.5)
    assert state(world) == (CanaryState.DEAD, None)
    assert world.snapshot.status is Status.UP
    assert world.snapshot.up
    assert world.snapshot.gate.reasons == (GateReason.CANARY,)
    assert world.snapshot.outage is None
    tick(world)
    world.run(1.5)
    assert state(world) == (CanaryState.ALIVE, None)
    assert world.snapshot.gate.open


def test_outside_its_hours_it_is_not_judged_and_closes_nothing() -> None:
    world = watching("20270107:0930-20270107:1600;20270108:CLOSED")
    world.run(60)
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.CLOSED)
    assert world.snapshot.gate.open
    world.until("2027-01-07 09:30 NY")
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.STARTING)
    world.run(11)
    assert state(world) == (CanaryState.DEAD, None)
    world.until("2027-01-07 16:00 NY")
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.CLOSED)


@pytest.mark.parametrize(("hours", "zone"), [("", "US/Eastern"), ("nonsense", "US/Eastern"), (OPEN, "Mars/Olympus")])
def test_without_hours_it_is_not_judged_and_that_is_told_after_ten_minutes(hours: str, zone: str) -> None:
    world = watching(hours, zone)
    world.run(599)
    assert not [each for each in world.reports if "has not been judged" in each.text]
    world.run(10)
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.NO_HOURS)
    assert len([each for each in world.reports if "has not been judged" in each.text]) == 1


def test_without_permission_it_is_not_judged() -> None:
    world = watching()
    hear(world, NoticeReceived(world.epoch, requests(world)[1], 354, "Requested market data is not subscribed."))
    world.run(60)
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.REFUSED)
    assert world.snapshot.gate.open


def test_with_its_client_id_taken_it_is_not_judged_and_tries_again() -> None:
    world = flock()
    epoch = world.epoch
    hear(world, PortOpened(epoch), HandshakeDone(epoch, 176, ""))
    hear(world, NoticeReceived(epoch, -1, 326, "Unable to connect as the client id is already in use."))
    world.run(1)
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.ID_TAKEN)
    world.run(60)
    assert world.epoch > epoch


def test_a_stream_that_the_gateway_ended_is_subscribed_again_and_not_the_connection() -> None:
    world = live(20)
    before, epoch = requests(world)[1], world.epoch
    hear(world, NoticeReceived(world.epoch, before, 10182, "Failed to request live updates (disconnected)."))
    world.run(16)
    last = world.asked[-1]
    assert isinstance(last, CanarySubscribe)
    assert (last.instead_of, last.request_id > before) == (before, True)
    assert world.epoch == epoch


def test_after_data_was_lost_it_subscribes_again() -> None:
    world = live(20)
    before = requests(world)[1]
    hear(world, NoticeReceived(world.epoch, -1, 1101, "Connectivity restored - data lost."))
    world.run(16)
    assert requests(world)[1] > before


def test_a_dead_stream_is_subscribed_again_every_five_minutes_and_no_more_often() -> None:
    world = live()
    begun = len(world.asked)
    world.run(1000)
    assert len(world.asked) - begun == 3


def test_a_stream_that_was_asked_for_long_ago_is_asked_for_again_in_the_step_in_which_it_is_dead() -> None:
    """Nothing else may wake the daemon then."""
    world = live(400.0)
    first = requests(world)[1]
    world.wait(lambda w: state(w)[0] is CanaryState.DEAD)
    assert requests(world)[1] > first


def test_hours_are_read_again_each_day() -> None:
    world = live()
    world.run(86400 + 60)
    assert sum(isinstance(each, CanaryHoursAsk) for each in world.asked) == 2


def test_hours_that_nobody_told_are_asked_for_again_every_five_minutes() -> None:
    """IBKR was away when they were asked for: a day without an answer would be a day without a canary."""
    world = flock()
    connect(world)
    first = requests(world)[0]
    world.run(290)
    assert requests(world)[0] == first
    world.run(20)
    assert requests(world)[0] > first


def test_of_a_contract_that_is_refused_hours_are_asked_for_once_a_day() -> None:
    world = flock()
    connect(world)
    hours, data = requests(world)
    hear(world, NoticeReceived(world.epoch, data, 354, "not subscribed"))
    world.run(1000)
    assert requests(world)[0] == hours


def test_a_competing_session_heard_by_the_canary_is_believed() -> None:
    world = live()
    hear(world, NoticeReceived(world.epoch, requests(world)[1], 10197, "No market data during competing session"))
    assert world.snapshot.competing
    assert GateReason.COMPETING_SESSION in world.snapshot.gate.reasons


def test_while_ibkr_is_away_it_is_not_judged_and_after_that_not_at_once() -> None:
    world = live()
    world.notice(1100)
    world.run(60)
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.GATEWAY)
    world.notice(1102)
    world.run(1)
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.STARTING)


def test_it_goes_with_the_gateway_and_comes_back_with_it() -> None:
    world = live()
    epoch = world.epoch
    world.drop()
    assert world.closed == 1
    world.run(5)
    assert world.epoch > epoch
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.CONNECTING)


def test_the_loss_of_its_connection_is_no_outage() -> None:
    world = live()
    epoch = world.epoch
    hear(world, SessionClosed(epoch, Ending.RESET))
    world.run(5)
    assert world.epoch > epoch
    assert world.snapshot.status is Status.UP
    hear(world, SessionClosed(world.epoch, Ending.REFUSED))
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.CONNECTING)


def test_a_connection_that_is_never_ready_is_given_up_and_tried_again() -> None:
    world = flock()
    epoch = world.epoch
    world.run(60)
    assert world.epoch > epoch + 3
    assert world.closed > 3


def test_late_words_of_an_earlier_connection_and_of_other_requests_are_dropped() -> None:
    world = watching()
    before = world.state.canary
    world.step(CanaryTicked(world.epoch + 1, 2))
    world.step(CanaryTicked(world.epoch, 99))
    world.step(CanaryHours(world.epoch, 99, OPEN, "UTC"))
    world.step(CanaryTicked(world.epoch, 0))
    hear(world, NoticeReceived(world.epoch, 99, 10182, ""))
    assert before is not None
    assert world.state.canary is not None
    assert world.state.canary.streams == before.streams


def test_a_reload_without_a_canary_ends_it_and_opens_the_gate() -> None:
    world = live()
    world.run(11)
    assert not world.snapshot.gate.open
    world.reload(policy())
    world.run(2)
    assert world.closed == 1
    assert world.snapshot.canary is None
    assert world.snapshot.gate.open


def test_a_reload_with_other_contracts_begins_anew_under_another_epoch() -> None:
    world = live()
    epoch = world.epoch
    spy = CanaryContract("SPY", "STK", "SMART", "USD")
    world.reload(policy(canary=CanaryPolicy((EURUSD, spy), max_age=10.0)))
    assert world.closed == 1
    assert world.epoch > epoch
    assert world.snapshot.canary is not None
    assert [view.name for view in world.snapshot.canary] == ["EUR.USD", "SPY"]
    world.reload(replace(world.policy, canary=replace(WATCHED.canary, max_age=20.0)))  # type: ignore[type-var]
    assert world.snapshot.canary is not None


def test_two_ends_of_a_stream_soon_after_each_other_are_one_subscription() -> None:
    world = watching()
    first = requests(world)[1]
    hear(world, NoticeReceived(world.epoch, first, 10182, "disconnected"))
    world.run(10)
    assert requests(world)[1] == first
    world.run(6)
    assert requests(world)[1] > first


def test_what_else_its_connection_says_changes_nothing() -> None:
    world = watching()
    before = world.state.canary
    hear(world, TrafficSeen(world.epoch), HandshakeDone(world.epoch, 176, ""))
    assert world.state.canary is not None
    assert before is not None
    assert world.state.canary.session == before.session


def refused() -> Flock:
    """Its connection waits for the next attempt."""
    world = flock()
    hear(world, SessionClosed(world.epoch, Ending.REFUSED))
    return world


def test_a_reload_while_it_waits_has_nothing_to_close() -> None:
    world = refused()
    world.reload(policy())
    assert world.closed == 0
    assert world.state.canary is None


def test_the_loss_of_the_gateway_while_it_waits_has_nothing_to_close() -> None:
    world = refused()
    world.peer.port = "refuse"
    world.drop()
    world.run(60)
    assert world.closed == 0
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.GATEWAY)


def test_a_reload_may_add_a_canary() -> None:
    world = flock(policy())
    world.reload(WATCHED)
    assert world.epoch == 1
    assert state(world) == (CanaryState.UNJUDGED, Unjudged.CONNECTING)
