"""A visit: connect once, listen, ask, leave."""

import threading

import pytest

from supervisor.core.model.events import Ending, NextIdReceived, SessionClosed
from supervisor.gateway.visit import Visit, VisitEvent, visit
from supervisor.gateway.wrapper import SummaryEnd, SummaryRow
from supervisor.simulator import Scenario, SimulatedGateway
from tests.gateway.peers import Line, Peer, closed_port, notice


def test_a_healthy_gateway_tells_everything() -> None:
    told: list[VisitEvent] = []
    with SimulatedGateway(Scenario(next_valid_id=42)) as gateway:
        result = visit("127.0.0.1", gateway.port, 912, account_summary=True, on_event=told.append)
    assert (result.port, result.handshake, result.session, result.heartbeat, result.upstream) == (True,) * 5
    assert result.server_version is not None
    assert result.clock is not None
    assert result.accounts == ("DU1234567",)
    assert result.next_order_id == 42
    assert result.heartbeat_seconds is not None
    assert 0 < result.heartbeat_seconds < 1
    assert [seen.code for seen in result.notices] == [2104, 2106, 2158]
    assert result.summary_complete
    assert SummaryRow("DU1234567", "NetLiquidation", "1000000.00", "USD") in result.summary
    assert (result.ending, result.detail) == (Ending.ASKED, "")
    assert isinstance(told[-1], SessionClosed)
    assert [event for event in told if isinstance(event, NextIdReceived)]
    assert [event for event in told if isinstance(event, SummaryEnd)]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("session-visit")]


def test_it_asks_for_no_more_than_it_was_told_to() -> None:
    with SimulatedGateway() as gateway:
        result = visit("127.0.0.1", gateway.port, 912, upstream_probe=False)
        assert gateway.received[9] == 0
        assert gateway.received[62] == 0
    assert result.session
    assert result.upstream is None
    assert result.summary == ()


def test_a_refused_port_is_the_end_of_it() -> None:
    with closed_port() as port:
        assert visit("127.0.0.1", port, 912) == Visit(ending=Ending.REFUSED, detail="Connection refused")


def test_a_mute_gateway_is_left_in_time() -> None:
    with Peer(Line.until_gone) as peer:
        result = visit("127.0.0.1", peer.port, 912, handshake_timeout=0.2)
    assert (result.port, result.handshake, result.ending) == (True, False, Ending.TIMEOUT)


def test_a_gateway_that_takes_nobody_in_is_left_in_time() -> None:
    def handshake_only(line: Line) -> None:
        line.handshake()
        line.until_gone()

    with Peer(handshake_only) as peer:
        result = visit("127.0.0.1", peer.port, 912, session_timeout=0.2)
    assert (result.handshake, result.session, result.ending) == (True, False, Ending.ASKED)
    assert result.detail == "no accounts and order id within 0.2 s"


def test_a_client_id_in_use_is_told() -> None:
    def in_use(line: Line) -> None:
        line.handshake()
        line.send(notice(326, "Unable to connect as the client id is already in use."))

    with Peer(in_use) as peer:
        result = visit("127.0.0.1", peer.port, 912)
    assert (result.session, result.ending) == (False, Ending.CLOSED)
    assert [seen.code for seen in result.notices] == [326]


def test_a_gateway_that_answers_nothing_has_no_heartbeat() -> None:
    def ready_only(line: Line) -> None:
        line.ready()
        line.until_gone()

    with Peer(ready_only) as peer:
        result = visit("127.0.0.1", peer.port, 912, answer_timeout=0.2, account_summary=True)
    assert result.session
    assert not result.heartbeat
    assert result.upstream is False
    assert not result.summary_complete


def test_a_refused_probe_is_no_upstream() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("no_contracts", mode="error")
        result = visit("127.0.0.1", gateway.port, 912, answer_timeout=30)
    assert result.upstream is False
    assert result.heartbeat


def test_an_exception_of_the_listener_ends_the_visit_and_leaves_nothing() -> None:
    def fail(event: VisitEvent) -> None:
        raise KeyError("listener")

    with Peer(Line.ready) as peer, pytest.raises(KeyError):
        visit("127.0.0.1", peer.port, 912, on_event=fail)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("session-visit")]
