"""`ib-supervisor standby`: what it makes of two supervisors, and what it asks of its own."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.asking.standby import Pair
from supervisor.commands.main import app
from supervisor.commands.shared.api_client import Client
from supervisor.commands.shared.deadline import InTime
from supervisor.core.fleet.standby import Patience
from tests.commands.test_api_client import answering

STEP = 5.0


class Daemon:
    """A supervisor, as far as a standby looks at it."""

    def __init__(self, *names: str, status: str = "up", client_id: int = 911, role: str | None = None) -> None:
        labels = {} if role is None else {"role": role}
        self.gateways = {
            name: {"name": name, "status": status, "client_id": client_id, "labels": labels} for name in names
        }
        self.turns = True
        self.asked: list[str] = []
        self.url = ""

    def status(self, name: str = "live") -> str:
        """Of a gateway."""
        return str(self.gateways[name]["status"])

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        """Status and body."""
        if path == "/-/healthy":
            return (200, b"the loop turns") if self.turns else (503, b"the loop does not turn")
        if path == "/api/v1/status":
            return 200, json.dumps({"gateways": list(self.gateways.values())}).encode()
        *_, name, what = path.split("/")
        self.asked.append(f"{what} {name}")
        self.gateways[name]["status"] = "stopped" if what == "pause" else "up"
        return 204, b""


@contextmanager
def serving(daemon: Daemon) -> Iterator[None]:
    """It answers over HTTP, until it is gone."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = daemon.answer(self.command, self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", int(daemon.url.rpartition(":")[2] or 0)), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        daemon.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield
        server.shutdown()


class Stage:
    """Both, and the standby between them on a clock of its own."""

    def __init__(self, active: Daemon, own: Daemon) -> None:
        self.active, self.own = active, own
        self._up = {each: ExitStack() for each in (active, own)}
        for each in (active, own):
            self.rises(each)
        self.now = 1000.0
        self.pair = Pair(Client(active.url), Client(own.url), Patience(), lambda: self.now)

    def rises(self, daemon: Daemon) -> None:
        self._up[daemon].enter_context(serving(daemon))

    def falls(self, daemon: Daemon) -> None:
        self._up[daemon].close()

    def run(self, seconds: float) -> None:
        """Look every 5 seconds."""
        for _ in range(round(seconds / STEP)):
            self.pair.turn()
            self.now += STEP


@pytest.fixture
def stages() -> Iterator[list[Stage]]:
    """Those of the test, ended after it."""
    made: list[Stage] = []
    yield made
    for stage in made:
        for daemon in (stage.active, stage.own):
            stage.falls(daemon)


@pytest.fixture
def stage(stages: list[Stage]) -> Stage:
    """An active one, and a standby that rests."""
    stages.append(Stage(Daemon("live"), Daemon("live", "other", status="stopped", client_id=921, role="standby")))
    stages[0].own.gateways["other"]["labels"] = {}
    return stages[0]


def test_it_takes_over_after_15_seconds_and_gives_back_after_60(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.run(60)
    assert stage.own.asked == []
    stage.falls(stage.active)
    stage.run(15)
    assert stage.own.asked == []
    stage.run(5)
    assert stage.own.asked == ["resume live"], "and not `other`, which is no standby"
    stage.run(60)
    stage.rises(stage.active)
    stage.run(60)
    assert stage.own.asked == ["resume live"], "asked once"
    stage.run(5)
    assert stage.own.asked == ["resume live", "pause live"]
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(". Start")[0] for line in said] == [
        f"{stage.active.url} is well",
        f"{stage.active.url} is gone: no daemon answers at {stage.active.url}: connection refused",
        "live: watched here now",
        f"{stage.active.url} is well",
        f"live: paused here, {stage.active.url} watches it",
    ]


def test_a_loop_that_does_not_turn_is_as_good_as_gone(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.active.turns = False
    stage.run(20)
    assert stage.own.asked == ["resume live"]
    assert "is gone: the loop does not turn" in capsys.readouterr().out


def test_a_standby_that_watches_at_the_start_rests_when_the_active_one_is_seen_to_watch(stage: Stage) -> None:
    stage.own.gateways["live"]["status"] = "up"
    stage.run(65)
    assert stage.own.asked == ["pause live"]


def test_it_goes_on_while_its_own_supervisor_is_away_and_takes_over_when_that_is_back(stage: Stage) -> None:
    stage.falls(stage.active)
    stage.falls(stage.own)
    stage.run(60)
    stage.rises(stage.own)
    stage.run(5)
    assert stage.own.asked == ["resume live"]


def test_what_somebody_paused_on_the_active_one_is_left_as_it_is(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hand-over by hand: paused there, resumed here."""
    stage.active.gateways["live"]["status"] = "stopped"
    stage.own.gateways["live"]["status"] = "up"
    stage.run(120)
    assert stage.own.asked == []
    assert capsys.readouterr().out.count(f"somebody paused it on {stage.active.url}") == 1


def test_a_gateway_that_the_active_one_does_not_know_is_never_given_back(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.active.gateways.clear()
    stage.own.gateways["live"]["status"] = "up"
    stage.run(120)
    assert stage.own.asked == []
    assert capsys.readouterr().out.count("has no gateway of that name") == 1


def test_two_that_stand_by_for_each_other_never_both_rest(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does one that was given its own address: who rests for a standby, may rest for nobody."""
    stage.active.gateways["live"]["labels"] = {"role": "standby"}
    stage.own.gateways["live"]["status"] = "up"
    stage.run(120)
    assert stage.own.asked == []
    assert capsys.readouterr().out.count(f"live: goes on here, a standby at {stage.active.url} as well") == 1


def test_standing_by_for_itself_or_for_another_standby_is_2(stage: Stage) -> None:
    said = command(stage.own.url, stage.own.url)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == f"live: a standby at {stage.own.url} as well: give the other supervisor by --of\n"


def test_a_password_that_is_refused_later_proves_nothing(stages: list[Stage]) -> None:
    stages.append(Stage(Daemon(), Daemon("live", status="stopped", role="standby")))
    stages[0].active.answer = lambda *_: (401, b"")  # type: ignore[method-assign]
    stages[0].run(300)
    assert stages[0].own.asked == []


def command(active: str, own: str, *more: str) -> Result:
    return CliRunner().invoke(app, ["standby", "--of", active, "--url", own, *more])


def test_a_refused_password_is_2_at_the_start(stage: Stage) -> None:
    with answering(401) as (url, _):
        said = command(url, stage.own.url)
        assert (said.exit_code, "asks for a name and a password" in said.stderr) == (2, True)
        assert command(stage.active.url, url).exit_code == 2


def test_a_redirect_is_told_at_the_start(stage: Stage) -> None:
    with answering(302, location="http://elsewhere") as (url, _):
        said = command(url, stage.own.url)
        assert (said.exit_code, "give the daemon's own address" in said.stderr) == (1, True)
        assert command(stage.active.url, url).exit_code == 1


def test_no_standby_here_is_2(stage: Stage) -> None:
    said = command(stage.own.url, stage.active.url)
    assert said.exit_code == 2
    assert "give it `labels: {role: standby}`" in said.stderr


@pytest.mark.parametrize("option", ["--after", "--back"])
@pytest.mark.parametrize("time", ["2s", "2h", "soon"])
def test_a_time_that_makes_no_sense_is_2(option: str, time: str) -> None:
    said = command("http://127.0.0.1:9", "http://127.0.0.1:9", option, time)
    assert (said.exit_code, option in said.stderr) == (2, True)


def test_one_client_id_for_both_is_warned_of(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.own.gateways["live"]["client_id"] = 911
    stage.pair.check()
    said = capsys.readouterr()
    assert "live has client id 911 on both" in said.err
    assert "stands by for live" in said.out
    assert "takes over after 15 s without it, rests after 60 s with it" in said.out


def test_it_starts_while_neither_answers(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.falls(stage.active)
    stage.falls(stage.own)
    stage.pair.check()
    assert "which is gone" in capsys.readouterr().out


def test_a_question_that_hangs_costs_its_time_and_is_not_asked_twice() -> None:
    go_on, asked = threading.Event(), []

    def question() -> int:
        asked.append(1)
        go_on.wait(20)
        return len(asked)

    patient: InTime[int] = InTime()
    for _ in range(3):
        with pytest.raises(TimeoutError, match=r"no whole answer within 0\.05 s"):
            patient.ask(question, 0.05)
    assert len(asked) == 1
    go_on.set()
    assert patient.ask(question, 5) == 2, "the old answer is thrown away"


def test_what_a_question_raises_is_raised() -> None:
    def question() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        InTime[None]().ask(question, 5)
