"""The hello-world of IBKR's tutorial is answered again after every fault that the simulated gateway can play."""

from typing import Any

import pytest

from supervisor.simulator import SimulatedGateway
from tests.host.programs import Book, hosted

AT_CONNECT: dict[str, dict[str, Any]] = {
    "refuse": {},
    "close_on_accept": {"how": "rst"},
    "mute": {},
    "half_handshake": {},
    "split_handshake": {"gap": 0.3},
    "greeting_with_handshake": {},
    "error_before_handshake": {"code": 502, "text": "not yet"},
    "bad_version": {},
    "not_tws": {},
    "never_ready": {},
}
"""Faults that a new connection meets."""
AT_ONCE: dict[str, dict[str, Any]] = {
    "rst": {},
    "fin": {},
    "restart": {"for_": 0.5},
    "half_open": {},
    "port_changed": {},
    "oversize": {"size": 17_000_000},
}
"""Faults that cost the session."""
HARMLESS: dict[str, dict[str, Any]] = {
    "freeze": {"for_": 2.0},
    "ignore_time": {"for_": 1.0},
    "delay": {"by": 0.3, "for_": 2.0},
    "slow_writes": {"gap": 0.001, "bytes": 7, "for_": 1.0},
    "farm_broken": {"farm": "usfarm", "for_": 0.5},
    "competing_session": {"for_": 0.5},
    "burst_4096": {},
}
"""Faults that cost nothing but what they are."""


@pytest.mark.parametrize("word", AT_CONNECT)
def test_a_fault_at_the_connect_costs_attempts(gateway: SimulatedGateway, book: Book, word: str) -> None:
    quick = {"handshake_timeout": 0.5, "handshake_timeout_early": 0.5, "session_timeout": 1.0}
    with hosted(book, gateway.port, timing=quick) as host:
        host.wait_ready(10)
        gateway.do(word, for_=1.0, **AT_CONNECT[word])
        if word != "refuse":
            gateway.do("rst")
        book.until("on_ready", 2, 40)
        book.until("accountSummaryEnd", 2)
    assert book.readies[1].complete
    assert len(book.threads) == 1


@pytest.mark.parametrize("word", AT_ONCE)
def test_a_fault_of_the_session_costs_that_session(gateway: SimulatedGateway, book: Book, word: str) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        gateway.do(word, **AT_ONCE[word])
        book.until("on_lost", 1, 30)
        if word == "port_changed":
            gateway.do("heal")
        book.until("on_ready", 2, 30)
        book.until("accountSummaryEnd", 2)
    assert book.readies[1].complete


@pytest.mark.parametrize("word", HARMLESS)
def test_a_fault_that_passes_costs_no_session(gateway: SimulatedGateway, book: Book, word: str) -> None:
    with hosted(book, gateway.port) as host:
        ready = host.wait_ready(10)
        gateway.do(word, **HARMLESS[word])
        host.app.reqAccountSummary(9002, "All", "NetLiquidation")
        book.until("accountSummaryEnd", 2, 20)
        assert host.wait_ready(1) == ready
    assert book.losses == []
