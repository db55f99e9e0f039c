"""The journal in bad weather: kill -9, full disks, locks, damage. Real files, real processes."""

import contextlib
import logging
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.model.facts import Facts
from supervisor.observe.journal import journal as journal_module
from supervisor.observe.journal.journal import Journal
from tests.observe.journal_help import AT, kept, rows, texts, told
from tests.waiting import wait_until

Begin = Callable[..., Journal]
LIVE = {"live": Facts(known=True)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Makes journals that end with the test, and do not wait long before they try again."""
    journals: list[Journal] = []

    def make(path: Path, **more: Any) -> Journal:
        journals.append(Journal(path, retry=0.05, **more))
        return journals[-1]

    yield make
    for journal in journals:
        journal.close(5.0)


def complaints(caplog: pytest.LogCaptureFixture, word: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if word in record.getMessage()]


def filled(begin: Begin, path: Path, events: int = 0) -> None:
    """A journal with facts and events in it, closed well."""
    journal = begin(path)
    journal.open()
    journal.keep("live", Facts(known=True))
    for number in range(events):
        journal.record("live", AT, told(f"event {number} {'x' * 200}"))
    assert journal.close(10.0)


# -- kill -9 ----------------------------------------------------------------------------------------------------------

WRITER = textwrap.dedent("""
    import sys, time
    from datetime import UTC, datetime
    from pathlib import Path
    from supervisor.core.explain.report import Level, Report
    from supervisor.core.model.facts import Facts
    from supervisor.observe.journal.journal import Journal

    journal = Journal(Path(sys.argv[1]))
    number = max((facts.highest_order_id or 0 for facts in journal.open().values()), default=0)
    while True:
        number += 1
        journal.keep("live", Facts(known=True, highest_order_id=number))
        journal.record("live", datetime.now(UTC), Report(Level.INFO, "x", str(number)))
        print(number, time.monotonic(), flush=True)
        time.sleep(0.002)
""")


def test_kill_9_at_any_moment_costs_at_most_the_last_second() -> None:
    # In memory if possible: how long a disk takes for its promise is not what is tested here.
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    path, chance = folder / "journal.db", random.Random(7)
    try:
        for _ in range(6):
            child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
            assert child.stdout is not None
            said = [child.stdout.readline()]  # it has begun
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.05, 1.6))
            killed = time.monotonic()
            child.kill()
            said += child.stdout.read().splitlines()
            child.stdout.close()
            assert child.wait(10.0) == -signal.SIGKILL
            handed_over = [line.split() for line in said if len(line.split()) == 2]
            old = [int(number) for number, at in handed_over if killed - float(at) > 1.0]
            written = kept(path).get("live", Facts()).highest_order_id or 0
            numbers = [int(text) for text in texts(path)]
            assert written >= max(old, default=0)
            assert set(old) <= set(numbers)
            assert len(numbers) == len(set(numbers))
            assert rows(path, "PRAGMA integrity_check") in ([("ok",)], [])
    finally:
        shutil.rmtree(folder)


# -- places that cannot be written ------------------------------------------------------------------------------------

FULL = textwrap.dedent("""
    import logging, resource, sys, time
    from datetime import UTC, datetime
    from pathlib import Path
    from supervisor.core.explain.report import Level, Report
    from supervisor.core.model.facts import Facts
    from supervisor.observe.journal.journal import Journal

    def until(true):
        deadline = time.monotonic() + 30
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stdout)
    journal = Journal(Path(sys.argv[1]), retry=0.05)
    journal.open()
    journal.keep("live", Facts(highest_order_id=1))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    for number in range(1000):
        journal.record("live", datetime.now(UTC), Report(Level.INFO, "x", f"{number} " + "x" * 1000))
    until(lambda: journal.errors >= 3)
    journal.keep("live", Facts(highest_order_id=2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    journal.record("live", datetime.now(UTC), Report(Level.INFO, "x", "room again"))
    print("closed" if journal.close(30.0) else "not closed")
""")


def test_a_full_disk_is_told_once_and_nothing_is_lost_when_there_is_room_again(path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.stderr == ""
    failed, again, closed = done.stdout.splitlines()
    assert failed.startswith("ERROR the journal (")
    assert again.startswith("WARNING the journal (")
    assert again.endswith("written again; 0 events were lost meanwhile")
    assert closed == "closed"
    assert kept(path) == {"live": Facts(highest_order_id=2)}
    assert [text.split()[0] for text in texts(path)] == [*map(str, range(1000)), "room"]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_place_that_cannot_be_written_costs_nothing_but_the_journal(
    tmp_path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("a file is no folder")
    (tmp_path / "folder.db").mkdir()
    for path in (tmp_path / "file" / "journal.db", tmp_path / "folder.db", tmp_path / "missing" / "journal.db"):
        caplog.clear()
        journal = begin(path)
        assert journal.open() == {}
        journal.keep("live", Facts(known=True))
        journal.record("live", AT, told("x"))
        wait_until(lambda j=journal: j.errors >= 3)  # type: ignore[misc]
        assert len(complaints(caplog, "cannot be written")) == 1
        assert not journal.close()
    assert (tmp_path / "file").read_text() == "a file is no folder"


def test_a_folder_that_appears_later_is_used(tmp_path: Path, begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "later" / "journal.db"
    journal = begin(path)
    assert journal.open() == {}
    journal.keep("live", Facts(known=True))
    journal.record("live", AT, told("x"))
    wait_until(lambda: journal.errors >= 2)
    path.parent.mkdir()
    wait_until(lambda: texts(path) == ["x"])
    assert kept(path) == LIVE
    wait_until(lambda: complaints(caplog, "written again"))


def test_more_events_than_can_wait_lose_the_oldest_and_never_facts(
    tmp_path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "later" / "journal.db"
    journal = begin(path)
    journal.open()
    journal.keep("live", Facts(known=True))
    most = journal_module.WAITING_AT_MOST
    for number in range(most + 500):
        journal.record("live", AT, told(str(number)))
    wait_until(lambda: journal.lost == 500)  # those on their way to the disk are counted when they are back
    path.parent.mkdir()
    wait_until(lambda: len(texts(path)) == most)
    assert texts(path)[0] == "500"
    assert kept(path) == LIVE
    wait_until(lambda: complaints(caplog, "500 events were lost"))


# -- locks ------------------------------------------------------------------------------------------------------------


def test_a_lock_of_another_program_delays_the_writing_only(path: Path, begin: Begin) -> None:
    filled(begin, path)
    journal = begin(path)
    assert journal.open() == LIVE
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.keep("live", Facts(highest_order_id=2))
        journal.record("live", AT, told("meanwhile"))
        wait_until(lambda: journal.errors >= 1)
        other.execute("COMMIT")
    wait_until(lambda: texts(path) == ["meanwhile"])
    assert kept(path) == {"live": Facts(highest_order_id=2)}


def test_facts_are_read_while_another_program_writes(path: Path, begin: Begin) -> None:
    filled(begin, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert begin(path).open() == LIVE


def test_who_is_told_to_end_does_not_wait_for_a_database_that_is_held(path: Path, begin: Begin) -> None:
    filled(begin, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        journal = begin(path)
        assert journal.open(timeout=60.0, given_up=lambda: True) == {}
        journal.close(60.0)
        assert time.monotonic() - began < 20.0


def test_a_start_waits_a_moment_for_a_database_that_is_held_and_no_longer(path: Path, begin: Begin) -> None:
    filled(begin, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE meta SET value = value")
        journal = begin(path)
        begun = time.monotonic()
        assert journal.open(0.5) == {}
        assert time.monotonic() - begun < 3.0
        journal.keep("paper", Facts(paused=True))
        other.execute("COMMIT")
    wait_until(lambda: kept(path) == {**LIVE, "paper": Facts(paused=True)})


def test_the_end_does_not_wait_for_a_lock(path: Path, begin: Begin) -> None:
    filled(begin, path)
    journal = begin(path)
    journal.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.record("live", AT, told("never"))
        begun = time.monotonic()
        assert not journal.close(0.3)
        assert time.monotonic() - begun < 2.0


# -- damage -----------------------------------------------------------------------------------------------------------


def damage(path: Path, begin: Begin, instead: bytes) -> None:
    """Leave of a journal its header alone, by which it is still known as one."""
    filled(begin, path)
    path.write_bytes(path.read_bytes()[:100] + instead)


def test_a_journal_that_is_damaged_is_moved_aside_and_a_new_one_begun(
    path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    damage(path, begin, b"this is no table, but somebody may want it back " * 100)
    journal = begin(path)
    assert journal.open() == {}
    journal.keep("live", Facts(known=True))
    assert journal.close()
    assert kept(path) == LIVE
    assert journal.errors == 1
    assert path.with_name("journal.db.corrupt-1").read_bytes()[100:].startswith(b"this is no table")
    assert len(complaints(caplog, "damaged")) == 1
    assert "journal.db.corrupt-1" in complaints(caplog, "damaged")[0]


def test_every_damaged_file_is_kept_under_a_name_of_its_own(path: Path, begin: Begin) -> None:
    for number in (1, 2, 3):
        damage(path, begin, f"damage {number} ".encode() * 1000)
        journal = begin(path)
        journal.open()
        assert journal.close()
        aside = path.with_name(f"journal.db.corrupt-{number}")
        assert aside.read_bytes()[100:].startswith(f"damage {number}".encode())


def test_damage_met_while_running_costs_the_old_events_and_no_facts(path: Path, begin: Begin) -> None:
    filled(begin, path, events=500)
    pages = bytearray(path.read_bytes())
    pages[4096 * 30 :] = b"\xa5" * (len(pages) - 4096 * 30)  # the first pages, with the facts, are whole
    path.write_bytes(pages)
    journal = begin(path)
    assert journal.open() == LIVE
    journal.keep("paper", Facts(paused=True))
    for number in range(50):
        journal.record("live", AT, told(f"new {number}"))
    wait_until(lambda: len(texts(path)) == 50)
    assert kept(path) == {**LIVE, "paper": Facts(paused=True)}
    assert path.with_name("journal.db.corrupt-1").exists()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_bytes_are_flipped_the_journal_goes_on(path: Path, begin: Begin, seed: int) -> None:
    filled(begin, path, events=50)
    chance, pages = random.Random(seed), bytearray(path.read_bytes())
    for _ in range(200):
        pages[chance.randrange(len(pages))] = chance.randrange(256)
    path.write_bytes(pages)
    journal = begin(path)
    journal.open()
    journal.keep("paper", Facts(paused=True))
    journal.record("live", AT, told("after the damage"))
    newest = "SELECT text FROM events ORDER BY id DESC LIMIT 1"  # older ones may be damaged and yet harm nobody
    wait_until(lambda: rows(path, newest) == [("after the damage",)] or journal.errors > 0)
    assert journal.close(10.0) or journal.errors > 0


def test_a_file_that_was_deleted_is_written_anew_with_all_facts(path: Path, begin: Begin) -> None:
    filled(begin, path)
    journal = begin(path)
    journal.open()
    for file in path.parent.glob("journal.db*"):
        file.unlink()
    journal.record("paper", AT, told("x"))
    wait_until(lambda: texts(path) == ["x"])
    assert kept(path) == LIVE
    assert journal.errors == 0


def test_another_program_s_database_is_not_touched(path: Path, begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE orders (id INTEGER)")
        other.commit()
    before = path.read_bytes()
    journal = begin(path)
    assert journal.open() == {}
    journal.keep("live", Facts(known=True))
    wait_until(lambda: journal.errors >= 2)
    assert not journal.close()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]
    assert "another program's database" in complaints(caplog, "cannot be written")[0]


def test_the_log_hears_of_trouble_at_error_and_of_its_end(
    tmp_path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "later" / "journal.db"
    journal = begin(path)
    journal.open()
    journal.keep("live", Facts(known=True))
    wait_until(lambda: journal.errors >= 2)
    path.parent.mkdir()
    wait_until(lambda: kept(path) == LIVE)
    assert journal.close()
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


def test_an_opening_that_takes_too_long_goes_on_without_and_what_it_finds_later_is_not_overwritten(
    path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    filled(begin, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE meta SET value = value")
        journal = begin(path)
        begun = time.monotonic()
        assert journal.open(0.01) == {}
        assert time.monotonic() - begun < 1.0
        assert complaints(caplog, "did not open within")
        other.execute("COMMIT")
    journal.record("paper", AT, told("x"))
    wait_until(lambda: texts(path) == ["x"])
    assert kept(path) == LIVE
