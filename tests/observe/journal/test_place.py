"""What may be taken for a journal, what is left alone, and how others read one."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from supervisor.core.model.facts import Facts
from supervisor.observe.journal.history import read
from supervisor.observe.journal.journal import Journal
from supervisor.observe.journal.place import HistoryError, NotAJournalError, place_of, refuse_foreign
from tests.observe.journal_help import AT, told
from tests.waiting import wait_until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """Running, with facts in its file."""
    made = Journal(path, retry=0.05)
    made.open()
    made.keep("live", Facts(known=True))
    assert made.stored(10.0) == ""
    yield made
    made.close(5.0)


def another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE orders (id INTEGER)")
        other.commit()


def a_config(path: Path) -> None:
    path.write_text("gateways: [{name: live, port: 4001, client_id: 911}]\n")


def an_old_text(path: Path) -> None:
    path.write_bytes(b"somebody's file " * 10_000)


# -- what is ours -----------------------------------------------------------------------------------------------------


def test_a_path_without_a_file_an_empty_file_and_a_journal_may_be_used(path: Path) -> None:
    refuse_foreign(path)
    refuse_foreign(path / "below a file that is not there")
    path.touch()
    refuse_foreign(path)
    used = Journal(path)
    used.open()
    used.keep("live", Facts(known=True))
    assert used.close(10.0)
    refuse_foreign(path)


@pytest.mark.parametrize("make", [another_database, a_config, an_old_text])
def test_a_file_of_somebody_else_is_refused_and_neither_moved_nor_changed(
    path: Path, make: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    make(path)
    before = path.read_bytes()
    with pytest.raises(NotAJournalError, match="not a journal of ib-supervisor"):
        refuse_foreign(path)
    tried = Journal(path, retry=0.05)
    assert tried.open() == {}
    tried.keep("live", Facts(known=True))
    wait_until(lambda: tried.errors >= 3)
    assert not tried.close()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]
    assert len([record for record in caplog.records if "cannot be written" in record.getMessage()]) == 1


@pytest.mark.parametrize(("make", "what"), [(os.mkfifo, "not a regular file"), (os.mkdir, "a folder")])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(
    path: Path, make: Callable[[Path], None], what: str
) -> None:
    make(path)
    with pytest.raises(NotAJournalError, match=what):
        refuse_foreign(path)
    tried = Journal(path, retry=0.05)
    assert tried.open(timeout=5.0) == {}
    tried.keep("live", Facts(known=True))
    wait_until(lambda: tried.errors >= 2)
    assert not tried.close()
    assert not stat.S_ISREG(path.stat().st_mode)


def test_a_new_journal_whose_first_commit_was_cut_off_is_still_ours(path: Path) -> None:
    path.write_bytes(bytes(4096))
    Path(f"{path}-journal").write_bytes(b"rollback")
    refuse_foreign(path)


def test_the_file_that_a_daemon_has_written_is_still_its_own_when_its_header_is_damaged(
    journal: Journal, path: Path
) -> None:
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        file.write_bytes(b"noise" * 2000)
    journal.keep("live", Facts(known=True, paused=True))
    wait_until(lambda: journal.stored(1.0) == "")
    assert path.with_name("journal.db.corrupt-1").read_bytes().startswith(b"noise")
    refuse_foreign(path)


# -- whether it is stored ---------------------------------------------------------------------------------------------


def test_an_operator_hears_that_facts_are_in_the_file(journal: Journal, path: Path) -> None:
    journal.keep("live", Facts(known=True, paused=True))
    assert journal.stored(10.0) == ""
    history = read(place_of(path), AT, AT + timedelta(days=1))
    assert history.outages == ()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as other:
        assert '"paused": true' in other.execute("SELECT facts FROM facts").fetchone()[0]


def test_an_operator_hears_why_facts_are_not_in_the_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "missing" / "journal.db", retry=0.05)
    journal.open()
    journal.keep("live", Facts(paused=True))
    assert "No such file" in journal.stored(10.0)
    (tmp_path / "missing").mkdir()
    wait_until(lambda: journal.stored(1.0) == "")
    assert journal.close()


def test_an_operator_does_not_wait_for_a_file_that_is_held(journal: Journal, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.keep("live", Facts(paused=True))
        assert journal.stored(0.1) == "it was not written within 0.1 s"
        other.execute("COMMIT")
    assert journal.stored(10.0) == ""


# -- reading ----------------------------------------------------------------------------------------------------------


def test_reading_a_journal_that_no_daemon_has_open_leaves_nothing_beside_it(journal: Journal, path: Path) -> None:
    assert journal.close(10.0)
    assert os.listdir(path.parent) == ["journal.db"]
    read(place_of(path), AT, AT + timedelta(days=1))
    assert os.listdir(path.parent) == ["journal.db"]


def test_a_journal_is_read_beside_its_daemon_and_changes_nothing(journal: Journal, path: Path) -> None:
    journal.record("live", AT, told("x"))
    before = sorted(os.listdir(path.parent))
    read(place_of(path), AT, AT + timedelta(days=1))
    assert sorted(os.listdir(path.parent)) == before
    assert "mode=ro" in place_of(path)
    assert "immutable" not in place_of(path), "there are newer rows beside it"


def test_a_missing_journal_is_said_to_be_missing(tmp_path: Path) -> None:
    for path in (tmp_path / "journal.db", tmp_path / "no folder" / "journal.db", tmp_path):
        with pytest.raises(HistoryError, match="there is no journal at"):
            place_of(path)


ASK = """
import os, sys
from pathlib import Path
from supervisor.observe.journal.place import HistoryError, place_of
if os.geteuid() == 0:
    os.setuid(65534)  # after the imports: the source may be hidden from nobody too
try:
    print(place_of(Path(sys.argv[1])))
except HistoryError as error:
    print(error)
"""


def test_a_user_who_may_not_read_it_is_told_who_may(journal: Journal, path: Path) -> None:
    path.chmod(0o000)
    path.parent.chmod(0o000)
    try:
        run = [sys.executable, "-c", ASK, str(path)]
        said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    finally:
        path.parent.chmod(0o700)
        path.chmod(0o600)
    assert "may not be read by this user: run as the service's user, such as sudo -u" in said
