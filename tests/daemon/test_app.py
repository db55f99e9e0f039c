"""The daemon put together, in this process: what others may ask of it, from any thread."""

import itertools
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.config.load import load
from supervisor.core.model.events import PauseAsked, ResumeAsked
from supervisor.core.model.status import Status
from supervisor.daemon.app import Daemon
from supervisor.daemon.process import Process, StartError
from supervisor.runtime.clocks import Clock
from supervisor.simulator import SimulatedGateway
from tests.daemon.running import free_port, gateways, quick
from tests.runtime.stage import Notes
from tests.waiting import wait_until


class Home:
    """A config file, and a daemon of it on a thread of its own."""

    def __init__(self, folder: Path, config: str) -> None:
        self.file = folder / "supervisor.yaml"
        self.file.write_text(config)
        self.notes = Notes()
        self.daemon = Daemon(load(self.file, {}), self.notes, self.notes.tell, clock=Clock(), environment={})
        self.rounds = threading.Event()
        self._thread = threading.Thread(target=lambda: self.daemon.run({}, self.rounds.set), daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self.rounds.wait(20)

    def stop(self) -> None:
        self.daemon.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def status(self, name: str = "live") -> Status | None:
        return next((each.status for each in self.daemon.loop.snapshots() if each.policy.name == name), None)


@contextmanager
def at_home(folder: Path, config: str) -> Iterator[Home]:
    home = Home(folder, config)
    home.start()
    try:
        yield home
    finally:
        home.stop()


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with SimulatedGateway() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path, gateway: SimulatedGateway) -> Iterator[Home]:
    with at_home(tmp_path, gateways(quick(gateway.port))) as found:
        wait_until(lambda: found.status() is Status.UP, 20)
        yield found


def test_it_tells_which_gateways_were_not_tried_yet(tmp_path: Path, gateway: SimulatedGateway) -> None:
    gateway.do("mute")
    home = Home(tmp_path, gateways(quick(gateway.port, timing="handshake_timeout: 2s")))
    assert home.daemon.tried() == (False, "starting")
    home.start()
    assert home.daemon.tried() == (False, "not tried yet: live")
    wait_until(lambda: home.daemon.tried() == (True, "ready"), 20)
    home.stop()


def test_a_gateway_hears_what_it_is_told_before_the_caller_goes_on(home: Home) -> None:
    assert home.daemon.tell_gateway("live", PauseAsked())
    assert home.status() is Status.STOPPED
    assert home.daemon.tell_gateway("live", ResumeAsked())
    assert home.status() is not Status.STOPPED
    assert not home.daemon.tell_gateway("nobody", PauseAsked())


def test_a_loop_that_does_not_come_to_it_in_time_is_told(home: Home) -> None:
    free = threading.Event()

    def hang() -> None:
        free.wait(30)

    home.daemon.mailbox.submit(hang)
    with pytest.raises(TimeoutError):
        home.daemon.tell_gateway("live", PauseAsked())
    free.set()
    wait_until(lambda: home.status() is Status.STOPPED, what="it is done all the same, later")


def test_a_reload_answers_with_what_came_of_it(home: Home, gateway: SimulatedGateway) -> None:
    before = home.daemon.reload_at
    home.file.write_text(gateways(quick(gateway.port), quick(free_port(), "paper")))
    result = home.daemon.reload()
    assert (result.ok, result.faults, result.notes) == (True, (), ())
    assert home.status("paper") is not None
    assert home.daemon.reload_at > before

    home.file.write_text("gateways: []")
    refused = home.daemon.reload()
    assert (refused.ok, home.daemon.reload_ok) == (False, False)
    assert "without a gateway" in refused.faults[0]
    assert home.status("paper") is not None
    assert home.notes.kinds.count("reload_failed") == 1


def test_overlapping_reloads_end_with_the_last_file(home: Home, gateway: SimulatedGateway) -> None:
    results: list[bool] = []
    for number in range(8):
        home.file.write_text(gateways(quick(gateway.port), quick(free_port(), f"extra{number}")))
        threading.Thread(target=lambda: results.append(home.daemon.reload().ok)).start()
    wait_until(lambda: len(results) == 8, 30)
    wait_until(lambda: home.status("extra7") is not None)
    assert [each.policy.name for each in home.daemon.loop.snapshots()] == ["live", "extra7"]


def test_what_no_config_can_be_is_refused_like_any_other_fault(home: Home) -> None:
    home.file.unlink()
    home.file.mkdir()
    result = home.daemon.reload()
    assert (result.ok, "is a folder" in result.faults[0]) == (False, True)
    assert home.status() is Status.UP


def test_a_chore_is_done_about_once_a_second(tmp_path: Path) -> None:
    home = Home(tmp_path, gateways(quick(free_port())))
    done: list[float] = []
    home.daemon.each_second(lambda now: done.append(now.mono))
    home.start()
    wait_until(lambda: len(done) >= 3, 20)
    home.stop()
    assert all(later - earlier >= 0.99 for earlier, later in itertools.pairwise(done))


def test_at_its_end_no_session_thread_is_left(tmp_path: Path, gateway: SimulatedGateway) -> None:
    with at_home(tmp_path, gateways(quick(gateway.port))) as home:
        wait_until(lambda: home.status() is Status.UP, 20)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("session-")]
    wait_until(lambda: not gateway.clients)


def test_a_window_opens_by_the_clock_that_it_is_given(tmp_path: Path, gateway: SimulatedGateway) -> None:
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    window = (
        f'[{{name: later, from: "{in_an_hour.isoformat()}", to: "{(in_an_hour + timedelta(hours=1)).isoformat()}"}}]'
    )
    with at_home(tmp_path, gateways(quick(gateway.port, windows=window))) as home:
        wait_until(lambda: home.status() is Status.UP, 20)
        home.daemon.clock.offset = timedelta(minutes=90)
        wait_until(lambda: home.daemon.loop.snapshots()[0].windows[0].active, 20)


# -- the whole process, without one -----------------------------------------------------------------------------------


def test_a_process_serves_its_address_and_gives_everything_back(tmp_path: Path, gateway: SimulatedGateway) -> None:
    file = tmp_path / "supervisor.yaml"
    file.write_text(f'http: {{listen: "127.0.0.1:0"}}\n{gateways(quick(gateway.port))}')
    before = set(threading.enumerate())
    log = (tmp_path / "log").open("w")
    with log:
        process = Process(load(file, {}), {}, log)
        running = threading.Thread(target=process.run, daemon=True)
        running.start()
        wait_until(lambda: [snapshot.status for snapshot in process.snapshots()] == [Status.UP], 20)
        wait_until(lambda: process.ready() == (True, "ready"), 20)
        assert process.url.startswith("http://127.0.0.1:")
        assert process.alive()
        assert process.internals().reload_ok
        assert process.control("live", PauseAsked())
        assert process.reload().ok
        assert abs(process.now() - datetime.now(UTC)) < timedelta(seconds=30)
        process.daemon.stop()
        running.join(20)
        assert not running.is_alive()
        wait_until(
            lambda: not {thread for thread in threading.enumerate() if thread not in before and thread.is_alive()}
        )
    assert "ib-supervisor ends" in (tmp_path / "log").read_text()


def test_the_journal_forgets_nothing_by_a_retention_that_a_reload_has_brought(tmp_path: Path) -> None:
    file = tmp_path / "supervisor.yaml"
    text = f'http: {{listen: "127.0.0.1:0"}}\n{gateways(quick(free_port()))}journal: {{retention: '
    file.write_text(f"{text}20d}}\n")
    clock = Clock()
    clock.offset = timedelta(days=-10)
    with (tmp_path / "log").open("w") as log:
        process = Process(load(file, {}), {}, log, clock=clock)
        running = threading.Thread(target=process.run, daemon=True)
        running.start()
        wait_until(lambda: process.ready() == (True, "ready"), 20)
        clock.offset = timedelta()
        file.write_text(f"{text}1d}}\n")
        assert process.reload().notes == ("a change of `journal` needs a restart of the daemon",)
        process.upkeep()
        process.daemon.stop()
        running.join(20)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as journal:
        (oldest,) = journal.execute("SELECT min(at) FROM events").fetchone()
    assert datetime.fromtimestamp(oldest / 1_000_000, UTC) < datetime.now(UTC) - timedelta(days=9)


def test_an_address_that_is_taken_is_a_start_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        file = tmp_path / "supervisor.yaml"
        file.write_text(f'http: {{listen: "127.0.0.1:{port}"}}\n{gateways(quick(free_port()))}')
        with (tmp_path / "log").open("w") as log, pytest.raises(StartError, match=f"cannot listen on 127.0.0.1:{port}"):
            Process(load(file, {}), {}, log)
