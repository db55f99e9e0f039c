"""A fault of this side is told as one, wherever it happens, and never as the gateway's."""

import errno
import os
import socket

import pytest

from supervisor.commands.visiting.probe import cause_of
from supervisor.config.values.readers import Endpoint
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import Ending, NextIdReceived
from supervisor.gateway.connection import SupervisedConnection
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.selftest.trial import SelfTestError, self_test
from supervisor.gateway.session import ApiSession
from supervisor.gateway.visit import visit
from tests.gateway.heard import Heard, order
from tests.gateway.peers import Line, Peer


class Breaking:
    """A wire log that raises, which it must not: in the midst of the connection, while a message of this direction
    passes.
    """

    def __init__(self, direction: str) -> None:
        self._direction = direction

    def line(self, direction: str, payload: bytes) -> None:
        if direction == self._direction:
            raise AttributeError("module 'select' has no attribute 'poll'")


def serve(line: Line) -> None:
    line.ready()
    line.until_gone()


@pytest.mark.parametrize("direction", ["<", ">"])
def test_an_exception_of_ours_while_connecting_is_no_fault_of_the_peer(
    direction: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    with Peer(serve) as peer:
        session = ApiSession(order(peer.port), heard.post, lookups=Lookups(), wire=Breaking(direction))
        session.start()
        closed = heard.closed()
        assert session.join(5)
    assert (closed.ending, closed.key) == (Ending.CALLBACK, None)
    assert closed.detail == "AttributeError: module"
    assert "a fault of this daemon" in caplog.text


def test_an_error_of_the_system_about_our_own_socket_is_no_word_of_the_peer() -> None:
    """As when a descriptor was closed behind our back."""
    heard = Heard()
    with Peer(serve) as peer:
        session = ApiSession(order(peer.port), heard.post, lookups=Lookups())
        session.start()
        heard.first(NextIdReceived)
        connection: SupervisedConnection = session._connection
        with open(os.devnull) as nothing, socket.socket(fileno=os.dup(connection.socket.fileno())) as kept:
            os.dup2(nothing.fileno(), connection.socket.fileno())
            session.ping()
            kept.shutdown(socket.SHUT_RDWR)
            closed = heard.closed()
    assert closed.ending is Ending.ERROR
    assert closed.detail.endswith(os.strerror(errno.ENOTSOCK))


def test_probe_does_not_blame_the_gateway_for_a_name_without_an_address() -> None:
    seen = visit("nowhere.invalid", 4001, 912)
    assert cause_of(seen, Endpoint("nowhere.invalid", 4001), 912).key is CauseKey.NAME_UNKNOWN


def test_the_self_test_does_not_blame_ibapi_for_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bool:
        raise AttributeError("no attribute poll")

    monkeypatch.setattr("supervisor.gateway.connection.send_at_once", broken)
    with pytest.raises(SelfTestError, match="a fault of ib-supervisor") as refused:
        self_test()
    assert "moved" not in str(refused.value)
