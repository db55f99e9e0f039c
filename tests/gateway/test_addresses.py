"""A name with several addresses: in which order they are tried, and what is said of them."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from supervisor.core.model.events import Ending, NextIdReceived, PortOpened, SessionClosed
from supervisor.gateway.addresses import Addresses
from supervisor.gateway.connection import SupervisedConnection
from supervisor.gateway.link import GatewayLink
from supervisor.gateway.lookup import Address, Lookups
from tests.gateway.heard import Heard, open_session, order
from tests.gateway.peers import BlackHole, Line, Peer, Script, closed_port, notice
from tests.waiting import wait_until

FIRST, SECOND = "127.0.0.2", "127.0.0.1"


def resolved(*hosts: str) -> Lookups:
    """A name with these addresses."""

    def resolver(host: str, flags: int) -> list[Address]:
        if flags:
            raise OSError("a name")
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, (each, 0)) for each in hosts]

    return Lookups(resolver)


@contextmanager
def both(first: Script, second: Script) -> Iterator[tuple[Peer, Peer]]:
    """Two machines behind one name, on one port."""
    with Peer(first, FIRST) as one, Peer(second, SECOND, one.port) as two:
        yield one, two


def ready(line: Line) -> None:
    line.ready()
    line.answer()


def attempt(link: GatewayLink, heard: Heard, port: int, epoch: int, over: Callable[[], object]) -> str:
    """Connect, wait until `over`; what was said of the addresses."""
    link.carry_out(order(port, "gateway.test", epoch=epoch))
    wait_until(over)
    (opened,) = (event for event in heard.all(PortOpened) if event.epoch == epoch)
    return opened.tried


def closed(heard: Heard, epoch: int) -> Callable[[], object]:
    return lambda: [event for event in heard.all(SessionClosed) if event.epoch == epoch]


def greeted(heard: Heard, epoch: int) -> Callable[[], object]:
    return lambda: [event for event in heard.all(NextIdReceived) if event.epoch == epoch]


@pytest.mark.parametrize(
    "useless",
    [lambda line: None, lambda line: line.handshake(), lambda line: line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")],
    ids=["closed at once", "closed on START_API", "not a TWS"],
)
def test_the_attempt_after_an_address_of_no_use_begins_with_the_next_one(useless: Script) -> None:
    heard = Heard()
    with both(useless, ready) as (one, _):
        link = GatewayLink("live", heard.post, lookups=resolved(FIRST, SECOND))
        assert attempt(link, heard, one.port, 1, closed(heard, 1)) == FIRST
        assert attempt(link, heard, one.port, 2, greeted(heard, 2)) == SECOND
        assert link.close(5)


def test_the_attempt_after_a_mute_address_begins_with_the_next_one() -> None:
    heard = Heard()
    with both(lambda line: line.until_gone(), ready) as (one, _):
        link = GatewayLink("live", heard.post, lookups=resolved(FIRST, SECOND))
        link.carry_out(order(one.port, "gateway.test", handshake=0.1))
        wait_until(closed(heard, 1))
        assert attempt(link, heard, one.port, 2, greeted(heard, 2)) == SECOND
        assert link.close(5)


def test_the_attempt_after_a_loss_begins_with_the_address_of_the_last_session() -> None:
    heard = Heard()

    def lost(line: Line) -> None:
        line.ready(notice(1100, "gone"))

    with both(lambda line: None, lost) as (one, _):
        link = GatewayLink("live", heard.post, lookups=resolved(FIRST, SECOND))
        assert attempt(link, heard, one.port, 1, closed(heard, 1)) == FIRST
        for epoch in (2, 3):
            assert attempt(link, heard, one.port, epoch, closed(heard, epoch)) == SECOND
        assert link.close(5)


def test_after_the_last_address_comes_the_first_one() -> None:
    addresses = Addresses()
    found: list[Address] = [(socket.AF_INET, (host, 4001)) for host in ("a", "b", "c")]
    assert addresses.ordered(found) == found
    addresses.was_of_no_use("c")
    assert addresses.ordered(found) == found
    addresses.was_of_no_use("a")
    assert [address[0] for _, address in addresses.ordered(found)] == ["b", "c", "a"]
    addresses.was_ready("c")
    assert [address[0] for _, address in addresses.ordered(found)] == ["c", "a", "b"]
    assert addresses.ordered(found[:2]) == found[:2], "c is no longer among them"


def test_an_attempt_is_refused_if_every_address_refused_and_each_is_named() -> None:
    with closed_port() as port, open_session(port, "gateway.test", lookups=resolved(FIRST, SECOND)) as (_, heard):
        over = heard.closed()
        refused = os.strerror(errno.ECONNREFUSED)
        assert (over.ending, over.detail) == (Ending.REFUSED, refused)
        assert over.tried == f"{FIRST} ({refused}), {SECOND} ({refused})"


@pytest.mark.parametrize("hosts", [(FIRST, SECOND), (SECOND, FIRST)])
def test_an_attempt_of_which_one_address_did_not_answer_is_not_refused(hosts: tuple[str, str]) -> None:
    """The black hole is at the second one, whichever is tried first; the other refuses."""
    with (
        BlackHole() as hole,
        open_session(hole.port, "gateway.test", connect=0.4, lookups=resolved(*hosts)) as (_, heard),
    ):
        over = heard.closed()
        assert over.ending is Ending.TIMEOUT
        assert over.tried.count("(") == 2


def test_an_address_to_which_this_machine_has_no_way_says_nothing_of_the_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = SupervisedConnection._connect_one

    def no_ipv6(
        self: SupervisedConnection, family: socket.AddressFamily, address: tuple[object, ...], t: float
    ) -> None:
        if family is socket.AF_INET6:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        original(self, family, address, t)

    monkeypatch.setattr(SupervisedConnection, "_connect_one", no_ipv6)
    with (
        closed_port() as port,
        open_session(port, "gateway.test", lookups=resolved("2001:db8::1", SECOND)) as (_, heard),
    ):
        assert heard.closed().ending is Ending.REFUSED


@pytest.mark.parametrize(("hole", "refused"), [(False, True), (True, False)])
def test_what_accepted_is_told_with_what_was_tried_before(hole: bool, refused: bool) -> None:
    with BlackHole() as dead, Peer(ready, FIRST, dead.port if hole else 0) as peer:
        hosts = (SECOND, FIRST)
        if hole:
            with open_session(peer.port, "gateway.test", connect=0.6, lookups=resolved(*hosts)) as (_, heard):
                opened = heard.first(PortOpened)
        else:
            with open_session(peer.port, "gateway.test", lookups=resolved(*hosts)) as (_, heard):
                opened = heard.first(PortOpened)
        assert opened.others_refused is refused
        assert opened.tried.startswith(f"{SECOND} (")
        assert opened.tried.endswith(f", {FIRST}")
