"""One daemon for each journal: the second one ends and names the first, and nothing of the first is disturbed."""

import errno
import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supervisor.commands.main import app
from supervisor.daemon.lock import journal_lock
from supervisor.observe.lock import HeldError
from supervisor.simulator import SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def beside(journal: Path) -> Path:
    return journal.with_name("journal.db.lock")


def test_a_second_lock_is_refused_with_the_words_of_the_first_and_the_file_stays(journal: Path) -> None:
    first, second = journal_lock(journal, "config /etc/a.yaml"), journal_lock(journal)
    first.take()
    first.take()
    with pytest.raises(HeldError) as held:
        second.take()
    assert f"another ib-supervisor writes the journal {journal}: process {os.getpid()} on " in str(held.value)
    assert str(held.value).endswith("config /etc/a.yaml")
    first.release()
    assert beside(journal).exists()
    second.take()
    with pytest.raises(HeldError):
        first.take()
    second.release()


def test_one_journal_under_two_names_has_one_lock(journal: Path, tmp_path: Path) -> None:
    journal.touch()
    other = tmp_path / "other.db"
    other.symlink_to(journal)
    first = journal_lock(journal)
    first.take()
    with pytest.raises(HeldError):
        journal_lock(other).take()
    first.release()


def test_what_stands_in_a_lock_file_cannot_disturb_a_terminal(journal: Path) -> None:
    beside(journal).write_bytes(b"\x1b[2Jgone\xff\n" + b"x" * 10_000)
    with beside(journal).open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(HeldError) as held:
            journal_lock(journal).take()
    assert str(held.value).isprintable()
    assert len(str(held.value)) < 1000


def test_a_folder_that_is_missing_is_left_to_the_journal_to_tell(tmp_path: Path) -> None:
    journal_lock(tmp_path / "missing" / "journal.db").take()


def test_a_file_system_without_locks_costs_a_warning_and_no_more(
    journal: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_locks(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    lock = journal_lock(journal)
    lock.take()
    lock.take()
    assert [record.getMessage() for record in caplog.records] == [
        f"the journal {journal} cannot be locked for one daemon: No locks available"
    ]


def test_the_second_of_two_daemons_ends_with_1_names_the_first_and_changes_nothing(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        config = gateways(quick(gateway.port)) + f"journal: {{path: {tmp_path / 'journal.db'}}}\n"
        with running(tmp_path, config) as first:
            first.wait_up()
            (tmp_path / "second").mkdir()
            second = Running(tmp_path / "second", config.replace("client_id: 911", "client_id: 17"))
            assert second.wait() == 1
            (said,) = second.log
            assert f"another ib-supervisor writes the journal {tmp_path / 'journal.db'}" in said
            assert f"process {first.process.pid} on " in said
            assert str(first.file) in said
            assert [client.client_id for client in gateway.clients] == [911]
            assert first.up()


def test_after_kill_9_the_next_daemon_has_the_lock_at_once(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        config = gateways(quick(gateway.port))
        first = Running(tmp_path, config)
        first.wait_up()
        first.kill()
        with running(tmp_path, config) as second:
            second.wait_up()


def test_a_daemon_without_a_folder_for_its_journal_leaves_one_that_appears_to_who_has_its_lock(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with SimulatedGateway() as gateway:
        config = gateways(quick(gateway.port)) + f"journal: {{path: {folder / 'journal.db'}}}\n"
        with running(tmp_path, config) as daemon:
            daemon.wait_up()
            daemon.until(lambda: daemon.said("ERROR", "cannot be written"))
            folder.mkdir()
            other = journal_lock(folder / "journal.db")
            other.take()
            failed = daemon.metric("ib_supervisor_journal_errors_total") or 0
            daemon.until(lambda: (daemon.metric("ib_supervisor_journal_errors_total") or 0) > failed)
            assert not (folder / "journal.db").exists()
            other.release()
            daemon.until(lambda: daemon.said("written again"))
            with pytest.raises(HeldError):
                other.take()


@pytest.mark.parametrize("command", ["run", "check-config"])
def test_a_journal_path_that_names_another_file_is_a_bad_config(tmp_path: Path, command: str) -> None:
    config = gateways(quick(4001)) + "journal:\n  path: supervisor.yaml\n"
    arguments = [command, *(["--config"] if command == "run" else []), str(tmp_path / "supervisor.yaml")]
    daemon = Running(tmp_path, config, arguments=arguments)
    before = daemon.file.read_text()
    assert daemon.wait() == 78
    where = f"{daemon.file}:5: journal.path: what lies at this path is not used"
    assert daemon.log == [f"{where}: it is not a journal of ib-supervisor; write another path"]
    assert daemon.file.read_text() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["supervisor.yaml"]


def test_a_pause_that_is_not_stored_is_done_and_says_so(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, running(tmp_path, gateways(quick(gateway.port))) as daemon:
        daemon.wait_up()
        assert daemon.ask("/api/v1/gateways/live/pause") == (204, "")
        assert daemon.ask("/api/v1/gateways/live/resume") == (204, "")
        daemon.wait_up()
        with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            status, said = daemon.ask("/api/v1/gateways/live/pause")
            assert status == 200
            assert said.startswith("done, but not stored: a restart of the daemon forgets it (")
            asked = CliRunner().invoke(app, ["pause", "live", "--url", daemon.url])
            assert asked.exit_code == 0
            assert "live: pause done, but not stored" in asked.stderr
            assert daemon.status()["status"] == "stopped"
            other.execute("ROLLBACK")
        daemon.until(lambda: daemon.ask("/api/v1/gateways/live/pause") == (204, ""))


def test_the_history_is_read_beside_the_daemon_without_asking_it(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, running(tmp_path, gateways(quick(gateway.port))) as daemon:
        daemon.wait_up()
        files = sorted(file.name for file in tmp_path.iterdir())
        asked = CliRunner().invoke(app, ["history", "--offline", "--config", str(daemon.file), "--json"])
        assert asked.exit_code == 0, asked.output
        assert sorted(file.name for file in tmp_path.iterdir()) == files
        assert daemon.up()
