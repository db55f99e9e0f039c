"""The way to a target by the real library: receivers that take a message, and receivers of the other kind."""

import io
import logging
import socket
from pathlib import Path

import pytest

from supervisor.core.model.pages import Severity
from supervisor.observe.logs.writer import setup
from supervisor.observe.notify.apprise_target import AppriseTarget, UnknownTarget, secret_in
from supervisor.observe.notify.text import Text
from supervisor.observe.notify.transport import Outcome
from tests.observe.notify.receivers import HANGS, Receiver, mail_server, receiving, self_signed
from tests.waiting import wait_until

HELLO = Text("live: does not answer", "Nothing accepts connections.\nhttp://127.0.0.1:14000/")
SECRET = "s3cr3tt0k3n"
OWN = "for a webhook of your own; docs/notify.md has the schemes of services"


def sent(url: str, deadline: float = 5.0) -> Outcome:
    return AppriseTarget("phone", url, deadline).send(HELLO, Severity.CRITICAL)


def test_a_webhook_gets_title_and_text() -> None:
    with receiving() as receiver:
        assert sent(receiver.url) == Outcome(True)
    assert receiver.bodies[0]["title"] == HELLO.title
    assert receiver.bodies[0]["message"] == HELLO.body
    assert receiver.bodies[0]["type"] == "failure"


def test_a_mail_is_sent() -> None:
    with mail_server() as (port, letters):
        url = f"mailto://127.0.0.1:{port}/?from=gw@example.org&to=me@example.org&mode=insecure"
        assert sent(url) == Outcome(True)
    assert "live: does not answer" in letters[0]
    assert "Nothing accepts connections" in letters[0]


@pytest.mark.parametrize(
    ("status", "doubt", "words"),
    [
        (401, False, "status 401, unauthorized"),
        (404, False, "status 404, not found"),
        (429, False, "status 429, too many requests"),
        (500, False, "status 500, internal error"),
        (504, True, "status 504, gateway timeout"),
    ],
)
def test_a_refusal_is_told_with_its_status(status: int, doubt: bool, words: str) -> None:
    with receiving(status) as receiver:
        outcome = sent(receiver.url)
    assert (outcome.sent, outcome.doubt) == (False, doubt)
    assert words in outcome.why


def test_a_redirect_is_not_followed() -> None:
    with receiving() as elsewhere, receiving() as receiver:

        def redirect(handler: object) -> None:
            handler.send_response(302)  # type: ignore[attr-defined]
            handler.send_header("Location", f"http://127.0.0.1:{elsewhere.port}/")  # type: ignore[attr-defined]
            handler.end_headers()  # type: ignore[attr-defined]

        receiver.answer = redirect
        outcome = sent(receiver.url)
    assert elsewhere.paths == []
    assert (outcome.sent, outcome.doubt) == (False, False)
    assert "redirects" in outcome.why


def test_a_closed_port_is_told_and_not_in_doubt() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        outcome = sent(f"json://127.0.0.1:{nobody.getsockname()[1]}/{SECRET}")
    assert outcome == Outcome(False, False, "it refuses connections")


def test_a_certificate_that_nobody_signed_is_refused_and_told(tmp_path: Path) -> None:
    with receiving(context=self_signed(tmp_path)) as receiver:
        outcome = sent(f"jsons://127.0.0.1:{receiver.port}/{SECRET}")
    assert receiver.bodies == []
    assert outcome == Outcome(False, False, "its TLS certificate is not valid")


def test_a_target_that_hangs_costs_the_deadline_and_is_in_doubt() -> None:
    with receiving(HANGS) as receiver:
        target = AppriseTarget("phone", receiver.url, 0.3)
        assert target.send(HELLO, Severity.INFO) == Outcome(False, True, "no answer within 0.3 s")
        assert target.send(HELLO, Severity.INFO) == Outcome(False, True, "the attempt before this one still hangs")
        assert len(receiver.bodies) == 1
        receiver.ending.set()
        receiver.answer = 200
        wait_until(lambda: target.send(HELLO, Severity.INFO).sent)


@pytest.mark.parametrize(
    "words", ["IBKR unreachable, or", "Connection refused", "Authentication", "at 535 of", "status 404", "SSLError"]
)
@pytest.mark.parametrize("scheme", ["json", "ntfy"])
def test_what_a_message_says_is_not_taken_for_why_it_was_not_sent(scheme: str, words: str) -> None:
    def hangs_up(handler: object) -> None:
        handler.close_connection = True  # type: ignore[attr-defined]

    with receiving(hangs_up) as receiver:
        target = AppriseTarget("phone", f"{scheme}://127.0.0.1:{receiver.port}/topic", 10.0)
        outcome = target.send(Text(f"live: {words}", f"The gateway has lost IBKR: {words}"), Severity.CRITICAL)
    assert outcome == Outcome(False, True, "it did not answer in time, or hung up")


def slow(receiver: Receiver, seconds: float) -> None:
    """The receiver answers only after so long."""

    def answer(handler: object) -> None:
        receiver.ending.wait(seconds)
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]

    receiver.answer = answer


def test_a_target_that_is_slow_is_waited_for() -> None:
    with receiving() as receiver:
        slow(receiver, 0.5)
        assert sent(receiver.url) == Outcome(True)


def test_a_target_that_takes_longer_than_the_library_would_wait_is_waited_for() -> None:
    with receiving() as receiver:
        slow(receiver, 4.5)
        assert sent(receiver.url, 10.0) == Outcome(True)


@pytest.mark.parametrize("status", [200, 401, HANGS])
def test_no_secret_reaches_the_log(status: int) -> None:
    stream = io.StringIO()
    writer = setup("debug", stream=stream)
    try:
        logging.getLogger("supervisor").debug("the log is open")
        with receiving(status) as receiver:
            outcome = sent(f"json://user:{SECRET}@127.0.0.1:{receiver.port}/{SECRET}", 0.3)
        assert receiver.paths == [f"/{SECRET}"]
    finally:
        writer.end()
        logging.getLogger().setLevel(logging.WARNING)
    assert "the log is open" in stream.getvalue()
    assert SECRET not in stream.getvalue()
    assert SECRET not in outcome.why


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"tgramm://{SECRET}/1", 'no service has the scheme "tgramm://"; did you mean "tgram://"?'),
        (f"https://{SECRET}/hook", f'no service has the scheme "https://"; write jsons:// {OWN}'),
        (f"HTTP://{SECRET}/hook", f'no service has the scheme "http://"; write json:// {OWN}'),
        (f"nonsense://{SECRET}", 'no service has the scheme "nonsense://"; see docs/notify.md'),
        (f"tgram://{SECRET}", 'it is not what "tgram://" needs; see docs/notify.md, or the wiki of apprise'),
    ],
)
def test_a_url_that_no_service_has_is_refused_without_its_secret(url: str, words: str) -> None:
    with pytest.raises(UnknownTarget) as refused:
        AppriseTarget("phone", url)
    assert str(refused.value) == words


def test_what_holds_a_secret_is_known() -> None:
    assert secret_in(f"json://user:{SECRET}@example.org/")
    assert not secret_in("json://example.org/hook")
