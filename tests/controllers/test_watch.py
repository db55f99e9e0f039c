"""The threads that look: a controller that hangs or raises costs nothing but its own fact."""

import logging
import threading
from pathlib import Path

import pytest

from supervisor.controllers.watch import Watch
from supervisor.core.model.behind.sight import LoginState, Sight
from supervisor.core.model.events import Sighted
from tests.daemon.running import free_port, gateways, quick, running
from tests.waiting import wait_until


class Eyes:
    every = 0.01
    patience = 0.1

    def __init__(self) -> None:
        self.hang = threading.Event()
        self.looks = 0

    def look(self) -> Sight:
        self.looks += 1
        if self.looks == 1:
            raise ZeroDivisionError("ours")
        if self.looks > 2:
            self.hang.wait(30)
        return Sight(LoginState.LOGGED_IN)


def test_a_look_that_fails_is_told_and_one_that_hangs_is_not_waited_for() -> None:
    eyes, heard = Eyes(), list[Sighted]()
    watch = Watch("live", eyes, heard.append)
    wait_until(lambda: eyes.looks == 3)
    assert [each.sight.login_state for each in heard] == [None, LoginState.LOGGED_IN]
    assert "ZeroDivisionError" in heard[0].sight.words
    watch.end()
    assert watch.alive
    eyes.hang.set()
    wait_until(lambda: not watch.alive)
    assert len(heard) == 2, "what an ended watch sees is told to nobody"


class Mute:
    every = 0.005
    patience = 0.1

    def __init__(self, *sights: Sight) -> None:
        self.sights = list(sights)

    def look(self) -> Sight:
        return self.sights.pop(0) if len(self.sights) > 1 else self.sights[0]


def test_a_controller_that_tells_nothing_is_told_of_once_and_loudly_if_it_never_did(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Unknown is in no metric: a wrong path would stay unseen for ever."""
    caplog.set_level(logging.INFO, "supervisor.controllers")
    lost, spoke = Sight(words="the events cannot be read"), Sight(LoginState.LOGGED_IN)
    eyes = Mute(lost, lost, spoke, lost, Sight(words="other words"), Sight())
    watch = Watch("live", eyes, lambda _: None)
    wait_until(lambda: len(eyes.sights) == 1)
    watch.end()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "live: its controller tells nothing: the events cannot be read"),
        ("INFO", "live: its controller tells nothing: the events cannot be read"),
    ]


def test_the_daemon_tells_what_a_command_says_and_lives_on_when_it_hangs(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_text("echo second_factor")
    keys = quick(free_port(), controller=f"{{kind: command, argv: [sh, {file}], every: 1s, timeout: 200ms}}")
    with running(tmp_path, gateways(keys)) as daemon:
        daemon.until(lambda: daemon.status()["login_state"] == "second_factor")
        daemon.until(lambda: "waits for the second factor since" in (daemon.status()["cause"] or ""))
        assert daemon.metric("ib_login_state", ib_login_state="second_factor") == 1
        file.write_text("sleep 60")
        daemon.until(lambda: daemon.status()["login_state"] is None)
        assert daemon.metric("ib_login_state", ib_login_state="second_factor") is None
        daemon.reload(gateways(quick(free_port())))
        daemon.until(lambda: daemon.metric("ib_gateway_process_restarts_total") is None)
