"""The self-test accepts the ibapi that is installed, and names what a future one has moved."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from ibapi.client import EClient
from ibapi.decoder import Decoder
from ibapi.wrapper import EWrapper

from supervisor.gateway.selftest.trial import SelfTestError, self_test


def test_the_installed_ibapi_passes_in_well_under_a_second() -> None:
    self_test()
    began = time.monotonic()
    threads = threading.active_count()
    self_test()
    assert time.monotonic() - began < 0.2
    assert threading.active_count() == threads


def connects_on_its_own(client: Any, host: str, port: int, client_id: int) -> None:
    """A connect() that keeps its connection somewhere else."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.close()


def runs_on_another_queue(client: Any) -> None:
    """A run() that takes its messages from elsewhere."""


def never_acknowledges(original: Callable[..., None]) -> Callable[..., None]:
    def connect(client: Any, *args: Any) -> None:
        client.wrapper.connectAck = lambda: None
        original(client, *args)

    return connect


def other_order(original: Callable[..., None]) -> Callable[..., None]:
    """error() with its arguments in an order that nobody knows."""

    def run(client: Any) -> None:
        error = client.wrapper.error
        client.wrapper.error = lambda *args: error(args[1], args[0], *args[2:])
        original(client)

    return run


def decodes_elsewhere(original: Callable[..., None]) -> Callable[..., None]:
    """A run() with a decoder that nobody else sees."""

    def run(client: Any) -> None:
        hidden = Decoder(client.wrapper, client.serverVersion())
        client.decoder.interpret = hidden.interpret
        original(client)

    return run


def reads_beside_us(original: Callable[..., None]) -> Callable[..., None]:
    def connect(client: Any, *args: Any) -> None:
        original(client, *args)
        client.conn.recvMsg()

    return connect


@pytest.mark.parametrize(
    ("name", "moved", "words"),
    [
        ("connect", connects_on_its_own, "moved `conn`"),
        ("connect", never_acknowledges(EClient.connect), "moved the handshake"),
        ("connect", reads_beside_us(EClient.connect), "ibapi reads beside us"),
        ("run", runs_on_another_queue, "moved `msg_queue`"),
        ("run", other_order(EClient.run), "moved error()"),
        ("run", decodes_elsewhere(EClient.run), "moved `decoder`"),
        ("reqCurrentTime", lambda client: None, "moved reqCurrentTime()"),
        ("reqContractDetails", lambda client, request, contract: None, "moved reqContractDetails()"),
    ],
)
def test_a_moved_seam_is_named(monkeypatch: pytest.MonkeyPatch, name: str, moved: object, words: str) -> None:
    monkeypatch.setattr(EClient, name, moved)
    with pytest.raises(SelfTestError) as error:
        self_test(0.5)
    assert words in str(error.value)
    assert str(error.value).startswith("ibapi 9.81.1.post1 (from distribution ibapi) moved ")


def test_a_callback_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(EWrapper, "currentTime")
    with pytest.raises(SelfTestError, match="currentTime"):
        self_test()


def test_a_machine_without_loopback_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*args: object, **kwargs: object) -> socket.socket:
        raise OSError("no loopback")

    monkeypatch.setattr(socket, "create_server", none)
    with pytest.raises(SelfTestError, match="no loopback"):
        self_test()
