"""The modelled world: what it tells is what it does."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.core.calendar.liquid import span_at, spans_of
from supervisor.core.model.actions import Announce
from supervisor.core.model.facts import Facts
from supervisor.core.model.pages import Severity
from supervisor.core.model.vocabulary import Stage
from supervisor.core.parts.telling.outbox import EMPTY
from supervisor.core.step.state import initial
from tests.core.driver import policy
from tests.simulation.judges.violation import Violation
from tests.simulation.world.market import MARKETS, Market
from tests.simulation.world.program import Program
from tests.simulation.world.targets import PHONE, Target
from tests.simulation.world.timeline import Timeline

BEGINS = datetime(2027, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.zone + str(market.hours))
def test_a_market_is_open_when_its_hours_say_so(market: Market) -> None:
    """Over both days of the year on which clocks are set."""
    dice = random.Random(1)
    for _ in range(2000):
        wall = BEGINS + timedelta(seconds=dice.uniform(0.0, 260 * 86400.0))
        spans = spans_of(market.liquid_hours(wall), market.zone)
        assert spans is not None
        span = span_at(spans, wall)
        assert market.opened(wall) == (None if span is None else span[0])
        assert market.opens_next(wall) == min(begins for begins, _ in spans if begins > wall)


def test_a_program_hears_nothing_of_a_gate_whose_daemon_stands_still(tmp_path: Path) -> None:
    line = Timeline(BEGINS)
    program = Program(tmp_path, line)
    state = initial(policy(), Facts(), line.now(), 1)
    state.gate = type(state.gate)(BEGINS, open=True, reasons=())
    program.decided(state, policy())
    assert program.may_send()
    line.t += 1.9
    program.renewed()
    assert program.may_send()
    line.t += 0.2
    assert not program.may_send()
    program.renewed()
    assert not program.may_send()


def _words(number: int) -> Announce:
    return Announce(f"outage-{number}", Stage.BEGAN, "IBGatewayDown", Severity.CRITICAL, BEGINS, BEGINS, 60.0)


def _pass(line: Timeline, until: float) -> None:
    while line.next_at() <= until:
        line.take()()
    line.t = until


def test_a_target_takes_what_comes_together_as_one_message_and_the_rest_a_minute_later() -> None:
    line = Timeline(BEGINS)
    target = Target(PHONE, line)
    target.begins()
    for number in range(3):
        target.announce(_words(number))
    _pass(line, 10.0)
    assert len(target.taken) == 3
    target.announce(_words(3))
    _pass(line, 60.0)
    assert len(target.taken) == 3
    _pass(line, 70.0)
    assert len(target.taken) == 4


def test_what_was_in_the_air_at_a_kill_is_taken_again_and_what_is_lost_is_found() -> None:
    line = Timeline(BEGINS)
    target = Target(PHONE, line)
    target.begins()
    target.announce(_words(1))
    _pass(line, 3.1)
    target.ends()
    _pass(line, 3000.0)
    target.begins()
    _pass(line, 3010.0)
    assert len(target.taken) == 2
    target.compare()
    target.announce(_words(2))
    target._box = EMPTY  # as a daemon would that forgets
    _pass(line, 9000.0)
    with pytest.raises(Violation, match="no message is lost"):
        target.compare()
