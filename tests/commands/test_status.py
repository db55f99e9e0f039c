"""`status` and `wait` against the real daemon."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.asking.wait import wait_for
from supervisor.commands.main import app
from supervisor.commands.shared.api_client import Client, TooSlow
from supervisor.core.model.status import Status
from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, free_port, gateways, quick, running


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet() as found:
        yield found


@pytest.fixture(scope="module")
def live(fleet: Fleet) -> Iterator[SimulatedGateway]:
    with SimulatedGateway(fleet=fleet) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, live: SimulatedGateway) -> Iterator[Running]:
    config = gateways(quick(live.port, "live"), quick(free_port(), "paper"))
    with running(tmp_path_factory.mktemp("status"), config) as found:
        found.wait_up(gateway="live")
        found.until(lambda: found.said("paper: cannot connect"))
        yield found


def said(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "160", "IB_SUPERVISOR_URL": "", **environment})


def test_the_summary_comes_first_then_the_sick_and_each_has_its_cause(daemon: Running) -> None:
    result = said("status", "--url", daemon.url)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "1 of 2 up; 1 down"
    assert lines[1].split()[:3] == ["GATEWAY", "STATUS", "SINCE"]
    assert lines[2].startswith("paper ")
    assert "------ port" in lines[2]
    assert lines[3].startswith("  Nothing accepts connections")
    live = next(line for line in lines if line.startswith("live"))
    assert lines.index(live) == len(lines) - 1
    assert "++++++" in live
    assert "3 ok" in live
    assert "\x1b[" not in result.stdout, "no colour in a pipe"


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 160])
def test_no_terminal_is_too_narrow_for_what_explains(columns: int, daemon: Running) -> None:
    output = said("status", "--url", daemon.url, COLUMNS=str(columns)).stdout
    assert max(map(len, output.splitlines())) <= columns
    words = " ".join(output.split())
    assert "Nothing accepts connections on 127.0.0.1" in words
    assert "and 7497 for TWS)." in words
    assert "paper down" in words


def test_in_a_pipe_a_gateway_is_one_line_with_all_columns_and_its_cause(daemon: Running) -> None:
    lines = said("status", "--url", daemon.url, COLUMNS="").stdout.splitlines()
    assert lines[1].split("  ")[-1] == "WHY, AND WHAT TO DO"
    assert len(lines) == 4
    assert "LOGIN DUE" in lines[1]
    assert "Nothing accepts" in lines[2]
    assert lines[2].endswith("7497 for TWS).")


def test_json_is_what_the_api_answers(daemon: Running) -> None:
    answer = json.loads(said("status", "--json", "--url", daemon.url).stdout)
    assert [gateway["name"] for gateway in answer["gateways"]] == ["live", "paper"]
    assert answer["gateways"][0]["layers"]["farms"] is True


def test_watching_through_a_pipe_is_one_table_after_the_other(daemon: Running) -> None:
    words = [sys.executable, "-m", "supervisor", "status", "--watch", "--url", daemon.url]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        told = [line.split()[0] for line in islice(watching.stdout, 9) if line.strip()]
        watching.kill()
    assert told.count("live") == 2, told


def test_watching_ends_at_once_on_what_waiting_cannot_cure(daemon: Running) -> None:
    result = said("status", "--watch", "--url", f"{daemon.url}/api")
    assert result.exit_code == 2
    assert "leave /api out" in result.stderr


def test_watching_through_a_pipe_says_once_that_no_daemon_answers(live: SimulatedGateway, tmp_path: Path) -> None:
    port = free_port()
    words = [sys.executable, "-m", "supervisor", "status", "--watch", "--url", f"http://127.0.0.1:{port}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert "no daemon answers" in watching.stdout.readline()
        with running(tmp_path, gateways(quick(live.port, "live")), port=port):
            assert "of 1 up" in watching.stdout.readline()
        watching.kill()


@pytest.mark.parametrize("other", ["--json", "--check"])
def test_watching_does_nothing_else(other: str, daemon: Running) -> None:
    assert said("status", "--watch", other, "--url", daemon.url).exit_code == 2


def test_check_fails_unless_all_are_up(daemon: Running) -> None:
    assert said("status", "--check", "--url", daemon.url).exit_code == 1
    assert said("status", "--url", daemon.url).exit_code == 0


def test_the_daemon_is_found_by_the_environment_and_by_the_config(daemon: Running) -> None:
    assert said("status", IB_SUPERVISOR_URL=daemon.url).exit_code == 0
    assert said("status", "--config", str(daemon.file)).exit_code == 0
    assert said("status", "--url", f"127.0.0.1:{daemon.port}").exit_code == 0
    assert said("status", "--url", daemon.url, IB_SUPERVISOR_URL="http://127.0.0.1:1").exit_code == 0


def test_a_config_that_is_wrong_ends_with_78(tmp_path: Path) -> None:
    assert said("status", "--config", str(tmp_path / "none.yaml")).exit_code == 78


def test_credentials_are_read_from_a_file(daemon: Running, tmp_path: Path) -> None:
    file = tmp_path / "auth"
    file.write_text("somebody:secret\n")
    assert said("status", "--url", daemon.url, "--auth-file", str(file)).exit_code == 0
    file.write_text("no colon\n")
    assert said("status", "--url", daemon.url, "--auth-file", str(file)).exit_code == 2
    assert said("status", "--url", daemon.url, "--auth-file", str(tmp_path / "none")).exit_code == 2


def test_a_proxy_in_the_environment_is_not_asked(daemon: Running) -> None:
    assert said("status", "--url", daemon.url, http_proxy="http://127.0.0.1:1", no_proxy="").exit_code == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xff"])
def test_credentials_that_are_no_line_of_text_are_wrong_usage(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "auth"
    file.write_bytes(b"somebody:secret\n" + content + b"\nanother:secret\n")
    result = said("status", "--auth-file", str(file))
    assert (result.exit_code, str(file) in result.output) == (2, True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80000", "127.0.0.1:0", "http://[::1", "http://", "ftp://localhost", "a b", "http://u:p@h"]
)
def test_what_is_no_url_is_wrong_usage_wherever_it_stands(url: str) -> None:
    named = said("wait", "--gateway", "live", "--url", url)
    assert (named.exit_code, "is not a URL like http://127.0.0.1:14000" in named.output) == (2, True)
    found = said("status", IB_SUPERVISOR_URL=url)
    assert (found.exit_code, "$IB_SUPERVISOR_URL" in found.output) == (2, True)


@contextmanager
def somebody_else(answer: bytes, status: int = 200) -> Iterator[str]:
    """The URL of a server that always answers this."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("answer", [b"<html>welcome</html>", b"\xff", b"{}", b"[]", b"null", b'{"gateways": {}}'])
def test_somebody_else_on_the_port_is_no_daemon(answer: bytes) -> None:
    with somebody_else(answer) as url:
        result = said("status", "--url", url)
        past = said("history", "--url", url)
        patient = said("wait", "--gateway", "live", "--timeout", "300ms", "--url", url)
    assert result.exit_code == past.exit_code == 1
    assert result.output == past.output
    assert url in result.output
    assert (patient.exit_code, "not up within 0.3 s" in patient.output) == (1, True)


def test_a_refusal_without_words_is_told_by_its_number() -> None:
    with somebody_else(b"", 502) as url:
        result = said("status", "--url", url)
    assert (result.exit_code, result.output) == (1, f"{url} answers 502 Bad Gateway\n")


def test_wait_is_done_when_the_status_is_reached(daemon: Running) -> None:
    assert said("wait", "--gateway", "live", "--url", daemon.url).exit_code == 0
    assert said("wait", "--gateway", "paper", "--for", "down", "--url", daemon.url).exit_code == 0


def test_wait_says_what_it_saw_when_its_time_is_over(daemon: Running) -> None:
    result = said("wait", "--gateway", "paper", "--timeout", "600ms", "--url", daemon.url)
    assert result.exit_code == 1
    waiting, over = result.stderr.splitlines()
    assert re.fullmatch(r"waiting for paper to be up, \d s at most: paper is down", waiting)
    assert over == "paper was not up within 0.6 s: paper is down"


def test_an_answer_that_the_end_of_the_wait_cut_off_hides_nothing_that_was_seen(
    daemon: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter([True])

    class AnswersOnce(Client):
        def briefs(self, timeout: float) -> Any:
            if not next(answers, False):
                raise TooSlow("no answer in time")
            return super().briefs(timeout)

    assert wait_for(AnswersOnce(daemon.url), "paper", Status.UP, 0.8) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "paper was not up within 0.8 s: paper is down"


def test_wait_knows_at_once_that_there_is_no_such_gateway(daemon: Running) -> None:
    result = said("wait", "--gateway", "nobody", "--url", daemon.url)
    assert (result.exit_code, result.output) == (2, "no gateway is named nobody; there are: live, paper\n")


@pytest.mark.parametrize("words", [["--timeout", "soon"], ["--for", "perfect"], []])
def test_wait_refuses_what_it_does_not_understand(words: list[str], daemon: Running) -> None:
    name = ["--gateway", "live"] if words else []
    result = said("wait", *name, *words, "--url", daemon.url)
    assert (result.exit_code, all(word in result.output for word in words)) == (2, True)


def test_wait_waits_for_a_daemon_that_is_not_there_yet(tmp_path: Path, live: SimulatedGateway) -> None:
    port = free_port()
    results: list[Result] = []
    words = ["wait", "--gateway", "late", "--timeout", "60s", "--url", f"http://127.0.0.1:{port}"]
    waiting = threading.Thread(target=lambda: results.append(said(*words)))
    waiting.start()
    with running(tmp_path, gateways(quick(live.port, "late", client_id=55)), port=port):
        waiting.join(70)
    assert [result.exit_code for result in results] == [0], results[0].output


def test_wait_gives_up_on_a_daemon_that_never_comes() -> None:
    result = said("wait", "--gateway", "live", "--timeout", "700ms", "--url", "http://127.0.0.1:1")
    assert (result.exit_code, "no daemon answers at http://127.0.0.1:1" in result.output) == (1, True)
