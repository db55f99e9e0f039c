"""Each kind of controller against a stand-in of it: what it says, and its known defects."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from supervisor.controllers import ibc as ibc_module
from supervisor.controllers import ibg as ibg_module
from supervisor.controllers.base import Controller
from supervisor.controllers.command import Command
from supervisor.controllers.container import Container
from supervisor.controllers.ibc import Ibc
from supervisor.controllers.ibc2 import Ibc2
from supervisor.controllers.ibg import Ibg
from supervisor.controllers.kinds import controller_of
from supervisor.controllers.process import Process
from supervisor.controllers.processes import identify
from supervisor.controllers.unit import Unit
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import LoginState
from tests.controllers.standins import deaf, ibc, ibg
from tests.waiting import wait_until

SLEEP = "import signal; signal.pause()"
STAMP = "2026-11-29 23:46:10:123 IBC: "


def line(text: str) -> str:
    return f"{STAMP}{text}\n"


# -- IBC --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["ok", "chatty", "crlf"])
def test_ibc_that_answers_runs_and_hears_nothing_but_exit(manner: str) -> None:
    with ibc(manner) as (port, heard):
        sight = Ibc(settings.Ibc(port=port)).look()
    assert (sight.running, sight.login_state, sight.words) == (True, None, "")
    assert heard == ["EXIT"]


def test_ibc_that_refuses_this_machine_runs_all_the_same() -> None:
    with ibc("refuses") as (port, _):
        sight = Ibc(settings.Ibc(port=port)).look()
    assert sight.running
    assert "ControlFrom" in sight.words


def test_ibc_that_dies_of_what_it_is_told_is_gone_at_the_next_look() -> None:
    with ibc("dies") as (port, heard):
        controller = Ibc(settings.Ibc(port=port))
        assert controller.look().running
        controller._asked_at = -100.0
        assert controller.look().running is False
    assert heard == ["EXIT"]


@pytest.mark.parametrize("manner", ["error", "ok"])
def test_what_ibc_answers_to_exit_proves_that_it_runs_and_nothing_of_the_login(manner: str) -> None:
    with ibc(manner) as (port, _):
        sight = Ibc(settings.Ibc(port=port)).look()
    assert (sight.running, sight.login_state) == (True, None)


def test_ibc_that_never_answers_costs_two_seconds_and_no_more() -> None:
    with ibc("mute") as (port, _):
        began = time.monotonic()
        sight = Ibc(settings.Ibc(port=port)).look()
    assert sight.running
    assert "does not answer" in sight.words
    assert time.monotonic() - began < ibc_module.ANSWER + 3


def test_a_port_of_ibc_that_never_answered_proves_nothing_and_one_that_did_is_gone() -> None:
    with deaf() as port:
        pass
    sight = Ibc(settings.Ibc(port=port)).look()
    assert sight.running is None
    assert "CommandServerPort" in sight.words
    with ibc() as (port, _):
        controller = Ibc(settings.Ibc(port=port))
        assert controller.look().running
    controller._asked_at = -100.0
    assert controller.look().running is False


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Starting Gateway", LoginState.STARTING),
        ("Login dialog WINDOW_OPENED: LoginState is LOGGED_OUT", LoginState.LOGIN_DIALOG),
        ("Second Factor Authentication initiated", LoginState.SECOND_FACTOR),
        ("Login has completed", LoginState.LOGGED_IN),
        ("Too many failed login attempts", LoginState.LOCKED_OUT),
        ("Re-starting session", LoginState.RESTARTING),
        ("IBC returned exit status 76", LoginState.NOT_RUNNING),
        ("Login has completed: exiting via File/Close menu", None),
    ],
)
def test_the_log_of_ibc_tells_where_the_login_stands(tmp_path: Path, text: str, state: LoginState | None) -> None:
    log = tmp_path / "ibc-3.24_GATEWAY-1044_Sunday.txt"
    log.write_text(line("Starting Gateway") + line("Login has completed") + line(text) + line("of no interest"))
    with deaf() as port:
        pass
    sight = Ibc(settings.Ibc(port=port, log=str(tmp_path / "*.txt"))).look()
    assert sight.login_state is state
    assert sight.exit_status == (76 if state is LoginState.NOT_RUNNING else None)
    if state is not None:
        assert sight.since == datetime(2026, 11, 29, 23, 46, 10).astimezone()


def state_after(reader: ibc_module.Log) -> LoginState | None:
    reader.read()
    return reader.state


def test_a_log_is_followed_over_its_rotation_and_half_a_line_waits(tmp_path: Path) -> None:
    log = tmp_path / "ibc.txt"
    log.write_text(line("Login has completed"))
    reader = ibc_module.Log(str(log))
    reader.read()
    with log.open("a") as file:
        file.write(f"{STAMP}Second Factor Auth")
    assert state_after(reader) is LoginState.LOGGED_IN
    with log.open("a") as file:
        file.write("entication initiated\n")
    assert state_after(reader) is LoginState.SECOND_FACTOR
    log.unlink()
    assert "cannot be read" in reader.read()
    log.write_text(line("Starting Gateway"))
    assert state_after(reader) is LoginState.STARTING


def test_a_pipe_under_the_name_of_a_log_holds_nobody_up_and_the_file_that_follows_is_read(tmp_path: Path) -> None:
    log = tmp_path / "ibc.txt"
    os.mkfifo(log)
    reader = ibc_module.Log(str(log))
    assert reader.read() == "IBC's log cannot be read: not a regular file"
    log.unlink()
    log.write_text(line("Login has completed"))
    assert state_after(reader) is LoginState.LOGGED_IN


# -- ibc2 -------------------------------------------------------------------------------------------------------------


def event(kind: str, at: str = "2026-11-30T04:46:10.123Z") -> str:
    return json.dumps({"time": at, "type": kind, "detail": ""}) + "\n"


def test_the_events_of_ibc2_tell_of_the_second_factor_since_when(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(event("LOGGED_IN") + "not json\n" + event("RULE_APPLIED") + event("TWO_FA_REQUIRED"))
    sight = Ibc2(settings.Ibc2(str(events))).look()
    assert sight.login_state is LoginState.SECOND_FACTOR
    assert sight.since == datetime(2026, 11, 30, 4, 46, 10, 123000, tzinfo=UTC)


def test_an_event_of_the_run_before_is_not_believed_and_a_dead_ibc2_is_told(tmp_path: Path) -> None:
    events, beside = tmp_path / "events.jsonl", tmp_path / "state.json"
    events.write_text(event("LOGGED_IN"))
    controller = Ibc2(settings.Ibc2(str(events)))
    beside.write_text('{"phase": "starting"}')
    assert controller.look().login_state is None
    beside.write_text('{"phase": "backoff"}')
    assert controller.look().running is False
    beside.write_text('{"phase": "run')
    assert controller.look().login_state is LoginState.LOGGED_IN
    beside.write_text('{"phase": "running"}')
    os.utime(beside, (1, 1))
    assert "does not run" in controller.look().words
    events.unlink()
    assert "cannot be read" in controller.look().words


# -- ibg-controller ---------------------------------------------------------------------------------------------------


def health(**changes: object) -> dict[str, object]:
    return {"status": "starting", "state": "LAUNCHING", "jvm_alive": True, "jvm_pid": 2**22, "api_port_open": False} | (
        changes
    )


def test_ibg_shows_the_second_factor_at_every_start_and_is_believed_after_30_seconds_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = health(state="TWO_FA")
    with ibg(said) as url:
        controller = Ibg(settings.Ibg(url))
        assert controller.look().login_state is LoginState.STARTING
        monkeypatch.setattr(ibg_module, "TWO_FA_LASTS", 0.0)
        assert controller.look().login_state is LoginState.SECOND_FACTOR


def test_ibg_that_stays_monitoring_says_nothing_of_the_login() -> None:
    said = health(state="MONITORING", status="healthy", api_port_open=True)
    with ibg(said) as url:
        controller = Ibg(settings.Ibg(url))
        assert (controller.look().login_state, controller.look().running) == (None, True)
        said |= {"jvm_pid": 2**22 + 1}
        assert controller.look().restarts == 1
        said |= {"jvm_alive": False}
        assert controller.look().running is False
        said |= {"jvm_alive": True, "ccp_lockout_streak": 3, "api_port_open": False}
        assert controller.look().login_state is LoginState.LOCKED_OUT


@pytest.mark.parametrize("state", [["TWO_FA"], {"x": 1}, 7, None])
def test_ibg_in_a_state_that_is_no_word_says_nothing_of_the_login(state: object) -> None:
    with ibg(health(state=state)) as url:
        sight = Ibg(settings.Ibg(url)).look()
    assert (sight.login_state, sight.running) == (None, True)


@pytest.mark.parametrize("manner", ["html", "moved"])
def test_a_page_that_is_no_health_page_says_nothing(manner: str) -> None:
    with ibg(health(status="healthy"), manner) as url:
        sight = Ibg(settings.Ibg(url)).look()
    assert (sight.running, sight.login_state) == (None, None)
    assert sight.words


def test_a_page_that_never_answers_costs_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ibg_module, "ANSWER", 0.2)
    with deaf() as port:
        assert "does not answer" in Ibg(settings.Ibg(f"http://127.0.0.1:{port}/health")).look().words


# -- a unit -----------------------------------------------------------------------------------------------------------

ACTIVE = (
    "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID={pid}\nInvocationID={run}\nControlGroup={group}\n"
)


@pytest.fixture
def systemctl(tmp_path: Path) -> tuple[Path, Unit]:
    answer, program = tmp_path / "answer", tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\ncat {answer}\n")
    program.chmod(0o755)
    return answer, Unit(settings.Unit("gw.service"), str(program), tmp_path / "cgroups")


def test_a_unit_that_runs_names_its_main_process_and_another_invocation_is_a_restart(
    systemctl: tuple[Path, Unit],
) -> None:
    answer, unit = systemctl
    answer.write_text(ACTIVE.format(pid=os.getpid(), run="a", group=""))
    assert unit.look().process == identify(os.getpid())
    answer.write_text(ACTIVE.format(pid=2**22, run="b", group=""))
    assert unit.look().restarts == 1


def test_the_gateway_is_found_in_the_group_and_its_death_is_seen_while_the_script_lives(
    systemctl: tuple[Path, Unit], tmp_path: Path
) -> None:
    answer, unit = systemctl
    gateway = subprocess.Popen([sys.executable, "-c", SLEEP, "ibcalpha.ibc.IbcGateway"])
    try:
        group = tmp_path / "cgroups" / "gw"
        group.mkdir(parents=True)
        (group / "cgroup.procs").write_text(f"{os.getpid()}\n{gateway.pid}\n")
        answer.write_text(ACTIVE.format(pid=os.getpid(), run="a", group="/gw"))
        wait_until(lambda: (found := unit.look().process) is not None and found.pid == gateway.pid)
    finally:
        gateway.kill()
        gateway.wait()
    assert unit.look().running is False


@pytest.mark.parametrize(
    ("text", "running", "status", "words"),
    [
        ("LoadState=not-found\n", None, None, "no unit"),
        ("LoadState=loaded\nActiveState=failed\nResult=oom-kill\nExecMainStatus=9\n", False, 9, "oom-kill"),
        ("LoadState=loaded\nActiveState=inactive\nResult=success\nExecMainStatus=0\n", False, 0, ""),
        ("LoadState=loaded\nActiveState=activating\nSubState=auto-restart\n", False, None, "starts it again"),
        ("LoadState=loaded\nActiveState=activating\nSubState=start\n", True, None, ""),
        ("LoadState=loaded\nActiveState=deactivating\n", None, None, "deactivating"),
    ],
)
def test_what_systemd_says_of_a_unit_that_does_not_run(
    systemctl: tuple[Path, Unit], text: str, running: bool | None, status: int | None, words: str
) -> None:
    answer, unit = systemctl
    answer.write_text(text)
    sight = unit.look()
    assert (sight.running, sight.exit_status) == (running, status)
    assert words in sight.words


def test_where_there_is_no_systemctl_nothing_is_known(tmp_path: Path) -> None:
    assert "cannot be started" in Unit(settings.Unit("gw.service"), str(tmp_path / "none")).look().words


# -- a container, a process, a command --------------------------------------------------------------------------------


def test_a_container_is_read_from_the_file_of_its_host(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    controller = Container(settings.Container(str(file)))
    assert "cannot be read" in controller.look().words
    file.write_text('{"Status":"running","Running":true,"Pid":4711,"StartedAt":"2026-11-27T10:00:00.123456789Z"}')
    sight = controller.look()
    assert sight.running
    assert sight.process is not None
    file.write_text('{"Status":"exited","Running":false,"Pid":0,"ExitCode":137,"OOMKilled":true}')
    assert (controller.look().running, controller.look().exit_status) == (False, 137)
    file.write_text('{"Status":"restarting","Running":true}')
    assert controller.look().login_state is LoginState.RESTARTING
    for strange in ('{"Status":"paused","Running":true}', "[]", "{", '{"Running": 1}'):
        file.write_text(strange)
        assert controller.look().running is None
    file.write_text('{"Running":true}')
    os.utime(file, (1, 1))
    assert "ago" in controller.look().words


def test_a_process_is_found_by_its_arguments_and_told_from_another_by_its_start() -> None:
    word = f"gateway-{os.getpid()}"
    controller = Process(settings.Process((word, "/home/ib/live")))
    assert controller.look().running is False
    several = [subprocess.Popen([sys.executable, "-c", SLEEP, word, "-Dx=/home/ib/live"]) for _ in range(2)]
    try:
        wait_until(lambda: "2 processes" in controller.look().words)
        several[0].kill()
        several[0].wait()
        sight = controller.look()
        assert sight.process is not None
        assert sight.process.pid == several[1].pid
    finally:
        for each in several:
            each.kill()
            each.wait()


@pytest.mark.parametrize(
    ("script", "state", "words"),
    [
        ("echo old; echo second_factor phone of the desk", LoginState.SECOND_FACTOR, "phone of the desk"),
        ("echo not_running", LoginState.NOT_RUNNING, ""),
        ("echo unknown no idea", None, "no idea"),
        ("echo fine", None, "no state"),
        ("true", None, "nothing"),
        ("echo logged_in; exit 3", None, "status 3"),
        ("sleep 60 & wait", None, "longer than"),
    ],
)
def test_a_command_prints_a_state_or_nothing_is_known(script: str, state: LoginState | None, words: str) -> None:
    sight = Command(settings.Command(("sh", "-c", script), timeout=0.5 if "sleep" in script else 20.0)).look()
    assert sight.login_state is state
    assert words in sight.words


def test_a_command_may_name_the_process_and_one_that_is_not_there_is_told() -> None:
    sight = Command(settings.Command(("echo", f"logged_in pid={os.getpid()}"))).look()
    assert sight.process == identify(os.getpid())
    assert "cannot be started" in Command(settings.Command(("/no/such/program",))).look().words


@pytest.mark.parametrize(
    "asked",
    [
        settings.Ibc(),
        settings.Ibc2("x"),
        settings.Ibg("http://x"),
        settings.Unit("x"),
        settings.Container("x"),
        settings.Process(("x",)),
        settings.Command(("x",)),
    ],
)
def test_every_kind_has_its_eyes(asked: settings.Controller) -> None:
    controller: Controller = controller_of(asked)
    assert controller.every > 0
    assert controller.patience > 0
