"""A clock that a test moves: what is due happens on the way, in its order."""

import pytest

from supervisor.simulator import ManualClock, SimulatedGateway, parse
from tests.simulator.client import RawClient, refused

NOON = 1_795_797_000.0


def test_time_stands_still_until_it_is_moved() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, RawClient(gateway.port) as client:
        client.ready()
        client.ask(49, 1)
        assert client.message() == ["49", "1", str(int(NOON))]
        client.ask(49, 1)  # within a second of the last answer, by this clock
        gateway.advance(90)
        client.ask(49, 1)
        assert client.message() == ["49", "1", str(int(NOON) + 90)]


def test_a_fault_heals_when_its_time_has_passed() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway:
        gateway.do("refuse", for_="1h")
        gateway.advance(3599)
        assert refused(gateway.port)
        gateway.advance(1)
        assert not refused(gateway.port)


def test_a_scenario_is_played_at_its_own_moments_however_far_the_clock_is_moved() -> None:
    heard: list[str] = []
    story = parse(
        "steps: [{after: 5s, do: freeze, for: 3s}, {after: 5s, do: next_valid_id, id: 9}, {after: 1h, do: heal}]"
    )
    with SimulatedGateway(story, clock=ManualClock(NOON), on_event=heard.append) as gateway:
        gateway.advance(12)
        assert [line.split(" ")[0] for line in heard] == ["freeze", "freeze", "next_valid_id"]
        assert heard[1] == "freeze is over"
        assert gateway.do("state")["next_valid_id"] == 9


def test_time_does_not_go_back_and_the_machines_clock_cannot_be_moved() -> None:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway, pytest.raises(ValueError, match="back"):
        gateway.advance(-1)
    with SimulatedGateway() as gateway, pytest.raises(ValueError, match="no manual clock"):
        gateway.advance(1)
