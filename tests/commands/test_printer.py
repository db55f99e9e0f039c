"""Nothing that came from outside reaches a terminal as more than text, whichever command prints it."""

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from rich.live import Live
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.commands.shared.printer import say, say_json
from supervisor.commands.shared.table import Row, lay_out
from supervisor.commands.shared.terminal import EscapingConsole, line
from supervisor.observe.web.status_json import status
from supervisor.simulator import Fleet, Scenario, SimulatedGateway
from tests.observe import rich

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b2J\r\x08\u202eevil\u2066\x7f"
"""Title, clear the screen, the same in one sign, begin the line anew, turn what follows around."""
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""What a terminal would obey, but for the end of a line."""


def said(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "100", "IB_SUPERVISOR_URL": ""})


def harmless(result: Result) -> None:
    assert not isinstance(result.exception, AssertionError | KeyError)
    assert not OBEYED.search(result.output), repr(result.output)
    assert "owned" in result.output, "it is shown"


@contextmanager
def answering(status: int, body: str, headers: dict[str, str] | None = None) -> Iterator[str]:
    """Something that answers everything alike in the daemon's place; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def evil_status() -> str:
    answer = status("0", datetime(2026, 11, 23, tzinfo=UTC), [rich.fresh("live").snapshot, rich.paused().snapshot])

    def worse(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: value[key] if key in ("layers", "since", "now") else worse(value[key]) for key in value}
        if isinstance(value, list):
            return [worse(part) for part in value]
        return EVIL if isinstance(value, str) and not re.match(r"\d{4}-\d\d", value) else value

    evil = worse(answer)
    evil["gateways"][1]["name"] += "2"  # a daemon names each once
    return json.dumps(evil)


@pytest.mark.parametrize("words", [["status"], ["status", "--json"], ["wait", "--gateway", "live"]])
def test_what_answers_as_the_daemon_is_not_obeyed(words: list[str]) -> None:
    with answering(200, evil_status()) as url:
        harmless(said(*words, "--url", url))


def test_nor_is_a_history() -> None:
    outage = {
        "gateway": EVIL,
        "began": "2026-11-23T10:00:00Z",
        "ended": None,
        "seconds": 1.0,
        "cause": EVIL,
        "planned": False,
        "recovered": False,
        "words": EVIL,
    }
    body = {"since": "2026-11-23T10:00:00Z", "until": "2026-11-23T11:00:00Z", "gateways": [], "outages": [outage]}
    with answering(200, json.dumps(body)) as url:
        for form in ([], ["--json"], ["--csv"]):
            harmless(said("history", "--url", url, *form))


@pytest.mark.parametrize(
    "words", [["status"], ["pause", "live"], ["history"], ["wait", "--gateway", "x", "--timeout", "0s"]]
)
def test_nor_is_a_refusal(words: list[str]) -> None:
    with answering(500, EVIL) as url:
        result = said(*words, "--url", url)
        harmless(result)
        assert result.exit_code != 0


def test_a_gateway_that_is_probed_is_not_obeyed_either() -> None:
    scenario = Scenario(accounts=(f"DU1234567{EVIL}",), greeting=((2104, f"farm{EVIL}:usfarm"),))
    with Fleet() as fleet, SimulatedGateway(scenario, fleet=fleet) as gateway:
        for options in ([], ["--show-accounts"], ["--account-summary"], ["--json", "--account-summary"]):
            harmless(said("probe", f"127.0.0.1:{gateway.port}", *options))


def test_an_account_that_only_begins_like_one_is_masked_whole() -> None:
    with Fleet() as fleet, SimulatedGateway(Scenario(accounts=("DU1234567 Jane Doe",)), fleet=fleet) as gateway:
        result = said("probe", f"127.0.0.1:{gateway.port}")
    assert "Jane" not in result.output
    assert "D***oe" in result.output


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("no gateway\nlive is paused", "next")
    say("a\r\nb", err=True)
    assert capsys.readouterr() == ("no gateway live is paused\nnext\n", "a  b\n")


def test_json_stays_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({EVIL: EVIL})
    printed = capsys.readouterr().out
    assert not OBEYED.search(printed)
    assert json.loads(printed) == {EVIL: EVIL}


def in_a_table(text: str) -> Table:
    shown = Table("a", text, title=text, caption=text)
    shown.add_row(text, Text(text))
    return shown


@pytest.mark.parametrize(
    "made",
    [
        lambda text: text,
        Text,
        line,
        in_a_table,
        lambda text: lay_out([text], [Row([Text(text)], text)], 60).text(),
        lambda text: Text(text, "red"),
    ],
)
@pytest.mark.parametrize("live", [False, True])
def test_whatever_rich_makes_of_it_only_our_own_styles_come_out(made: Callable[[str], Any], live: bool) -> None:
    plain, out = io.StringIO(), io.StringIO()
    for text, file in (("harmless", plain), (EVIL, out)):
        console = EscapingConsole(file=file, width=200, force_terminal=True, highlight=False)
        if live:
            with Live(console=console, auto_refresh=False) as view:
                view.update(made(text), refresh=True)
        else:
            console.print(made(text), markup=False)
    sequences = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
    assert not OBEYED.search(sequences.sub("", out.getvalue())), repr(out.getvalue())
    assert set(sequences.findall(out.getvalue())) <= set(sequences.findall(plain.getvalue())) | {"\x1b[1A", "\x1b[2K"}
