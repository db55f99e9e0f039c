"""What is no usable gateway is named for what it is, on a real wire, by the daemon and by `probe` in the same words."""

import json

import pytest
from typer.testing import CliRunner

from supervisor.commands.main import app
from supervisor.core.explain.causes import explain
from supervisor.core.model.cause import Cause, CauseKey, Message
from tests.faults.site import Site
from tests.gateway.peers import CLOCK, NEXT_ID, Line, Peer, Script, notice, text

DISCLAIMER = "Paper trading disclaimer must first be accepted for API connection."


def greets_with(greeting: bytes) -> Script:
    def script(line: Line) -> None:
        line.hello()
        line.send(greeting)
        line.until_gone()

    return script


def says_after_the_handshake(*words: bytes, stays: bool = False) -> Script:
    """What it says to START_API."""

    def script(line: Line) -> None:
        line.handshake()
        for word in words:
            line.send(word)
        if stays:
            line.until_gone()

    return script


def version(number: int) -> bytes:
    return text(number, CLOCK)


STRANGERS: dict[str, tuple[Script, CauseKey, str]] = {
    "server version 0": (greets_with(version(0)), CauseKey.SERVER_VERSION, "server version 0, while 100 to"),
    "server version 20": (greets_with(version(20)), CauseKey.SERVER_VERSION, "server version 20, while 100 to"),
    "server version 76": (greets_with(version(76)), CauseKey.SERVER_VERSION, "server version 76, while 100 to"),
    "server version 999999999": (greets_with(version(999_999_999)), CauseKey.SERVER_VERSION, "999999999, while"),
    "no length": (greets_with(b"76\x0020150101 12:00:00 EST\0"), CauseKey.OLD_GREETING, "(server version 76)"),
    "a redirect": (greets_with(text(-1, "192.0.2.7:4001")), CauseKey.REDIRECT, "(192.0.2.7:4001)"),
    "another protocol": (greets_with(b"HTTP/1.1 400 Bad Request\r\n\r\n"), CauseKey.PROTOCOL, "another program"),
    "closed at once": (lambda line: None, CauseKey.CLOSED_EARLY, "closes them at once"),
    "mute": (lambda line: line.until_gone(), CauseKey.MUTE, "says nothing"),
    "closed on START_API": (says_after_the_handshake(), CauseKey.SESSION_REFUSED, "closes the connection before"),
    "a reason": (says_after_the_handshake(notice(10141, DISCLAIMER)), CauseKey.GATEWAY_SAID, DISCLAIMER),
    "no account": (says_after_the_handshake(text(15, 1, ""), NEXT_ID, stays=True), CauseKey.LOGGING_IN, "logging in"),
    "no greeting after the handshake": (says_after_the_handshake(stays=True), CauseKey.NEVER_READY, "does not let"),
    "a client id in use": (says_after_the_handshake(notice(326, "in use")), CauseKey.CLIENT_ID_RIVAL, "client id 911"),
    "an order id in words": (
        says_after_the_handshake(text(9, 1, "eleven"), stays=True),
        CauseKey.UNDECODABLE,
        "(message 9, NEXT_VALID_ID, by ibapi ",
    ),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_probe_and_daemon_name_it_in_the_same_words(site: Site, kind: str) -> None:
    script, key, words = STRANGERS[kind]
    with Peer(script) as peer:
        at = site.add(site.new_name(), up=False, port=peer.port, client_id_fallback="null")
        at.until(lambda: at.known["cause"] is not None)
        said = str(at.known["cause"])
        probed = CliRunner().invoke(app, ["probe", f"127.0.0.1:{peer.port}", "--client-id", "911"])
        as_json = CliRunner().invoke(app, ["probe", f"127.0.0.1:{peer.port}", "--client-id", "911", "--json"])
        site.clear()
    assert words in said
    assert probed.exit_code == 1
    assert said in probed.stdout
    assert not any(json.loads(as_json.stdout)["layers"][layer] for layer in ("session", "heartbeat", "upstream"))
    template = explain(Cause(key, "127.0.0.1", peer.port, 911, message=Message(10141, DISCLAIMER))).words
    assert said[:40] == template[:40]


def test_a_gateway_that_pushes_a_message_that_nobody_can_decode_at_every_connect_is_up(site: Site) -> None:
    order = text(5, 7, 756733, "SPY", "STK", "", 0, "?", "", "SMART", "USD", "SPY", "SPY", "BUY", "x")

    def pushes(line: Line) -> None:
        line.ready(order)
        while True:
            payload = line.frame().split(b"\0")
            if payload[0] == b"49":
                line.send(text(49, 1, 1767632400))
            elif payload[0] == b"9":
                line.send(text(4, 2, payload[2].decode(), 200, "No security definition has been found"))

    with Peer(pushes) as peer:
        at = site.add(site.new_name(), up=False, port=peer.port)
        at.wait_up()
        assert at.counted("ib_messages_undecodable_total", "message") == {"OPEN_ORDER": 1}
        assert (at.epoch, at.losses, at.failures) == (1, {}, {})
        (line,) = at.said("cannot decode message 5 (OPEN_ORDER)")
        assert "756733" not in line
        site.clear()
