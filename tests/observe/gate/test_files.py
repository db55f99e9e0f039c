"""The files: as fresh as the decisions, never fresher, and gone at the end."""

import json
import logging
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from supervisor.core.model.gate import GateReason
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.gate.body import body, written
from supervisor.observe.gate.files import GateFiles, lock_of, writer_of
from supervisor.observe.gate.reader import Gate, since_boot
from tests.observe.gate.standing import decided, standing
from tests.waiting import wait_until

OPEN, CLOSED = standing(), standing(reasons=(GateReason.UPSTREAM,))


class Stage:
    """What the loop has decided, in the test's hand."""

    def __init__(self, *snapshots: Snapshot) -> None:
        self.snapshots: Sequence[Snapshot] = tuple(map(decided, snapshots))

    def decide(self, *snapshots: Snapshot) -> None:
        self.snapshots = tuple(map(decided, snapshots))


@contextmanager
def writing(stage: Stage, folder: Path | None, about: str = "") -> Iterator[GateFiles]:
    files = GateFiles(lambda: stage.snapshots, folder, about)
    files.start()
    try:
        yield files
    finally:
        files.close(5)


def said(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_bytes())
    return found


def test_a_gate_has_a_file_that_everybody_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "gate"
    before = os.umask(0o077)
    try:
        with writing(Stage(OPEN), folder):
            wait_until((folder / "live.json").exists)
            assert Gate(folder / "live.json").check().open
            assert stat.S_IMODE((folder / "live.json").stat().st_mode) == 0o644
            assert stat.S_IMODE(folder.stat().st_mode) == 0o755
            assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == ["live.json"]
    finally:
        os.umask(before)


def test_at_the_end_the_file_is_removed(tmp_path: Path) -> None:
    with writing(Stage(OPEN), tmp_path):
        wait_until((tmp_path / "live.json").exists)
    assert list(tmp_path.iterdir()) == []


def test_a_change_is_written_at_once(tmp_path: Path) -> None:
    stage = Stage(OPEN)
    with writing(stage, tmp_path) as files:
        wait_until((tmp_path / "live.json").exists)
        stage.decide(CLOSED)
        files.news()
        wait_until(lambda: said(tmp_path / "live.json")["open"] is False, 0.2, every=0.001)


def test_a_new_decision_renews_the_lease_and_a_stalled_loop_lets_it_end(tmp_path: Path) -> None:
    stage = Stage(OPEN)
    gate = Gate(tmp_path / "live.json")
    with writing(stage, tmp_path):
        wait_until((tmp_path / "live.json").exists)
        first = said(tmp_path / "live.json")["valid_until_boottime"]
        stage.decide(OPEN)
        wait_until(lambda: said(tmp_path / "live.json")["valid_until_boottime"] != first, 1.0)
        assert gate.check().open
        wait_until(lambda: gate.check().state == "unknown", 2.5)


def test_a_gateway_that_leaves_takes_its_file_with_it(tmp_path: Path) -> None:
    stage = Stage(OPEN, standing("paper"))
    with writing(stage, tmp_path) as files:
        wait_until(lambda: len(list(tmp_path.glob("*.json"))) == 2)
        stage.decide(OPEN)
        files.news()
        wait_until(lambda: [path.name for path in tmp_path.glob("*.json")] == ["live.json"])


def test_what_a_killed_process_left_is_swept_away_but_nothing_that_is_not_ours_or_lives(tmp_path: Path) -> None:
    (tmp_path / "gone.json").write_bytes(written(body(standing("gone", age=60), since_boot())))
    (tmp_path / "other.json").write_bytes(written(body(standing("other"), since_boot())))
    (tmp_path / "notes.json").write_text('{"mine": true}')
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "live.json").write_bytes(written(body(standing(age=60), since_boot())))
    (tmp_path / "still.json").write_bytes(written(body(standing("still", age=60), since_boot())))
    still = lock_of(tmp_path, "still")
    still.take()
    with writing(Stage(OPEN), tmp_path):
        wait_until(lambda: Gate(tmp_path / "live.json").check().open)
        assert sorted(path.name for path in tmp_path.glob(".*.lock")) == [".live.lock", ".still.lock"]
        assert {path.name for path in tmp_path.glob("*.json")} == {
            "live.json",
            "other.json",
            "still.json",
            "notes.json",
            "broken.json",
        }
    still.release()


def test_another_folder_takes_the_files_along_and_none_removes_them(tmp_path: Path) -> None:
    with writing(Stage(OPEN), tmp_path / "a") as files:
        wait_until((tmp_path / "a" / "live.json").exists)
        files.change(tmp_path / "b")
        wait_until((tmp_path / "b" / "live.json").exists)
        assert not (tmp_path / "a" / "live.json").exists()
        files.change(None)
        wait_until(lambda: not (tmp_path / "b" / "live.json").exists())
        files.change(tmp_path / "a")
        wait_until((tmp_path / "a" / "live.json").exists)


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    with writing(Stage(OPEN), None) as files:
        files.news()
    assert list(tmp_path.iterdir()) == []
    assert files.errors == 0


def test_a_folder_that_cannot_be_written_is_told_once_and_counted_and_costs_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "in the way").write_text("")
    stage = Stage(OPEN, standing("paper"))
    folder = tmp_path / "in the way" / "gate"
    with caplog.at_level(logging.WARNING, "supervisor.gate"), writing(stage, folder) as files:
        wait_until(lambda: files.errors >= 4)
        assert len(caplog.records) == 1
        (tmp_path / "in the way").unlink()
        wait_until((folder / "paper.json").exists)
        wait_until(lambda: len(caplog.records) == 2)
    assert "cannot be written" in caplog.records[0].message
    assert "written again" in caplog.records[1].message


def test_a_folder_that_hangs_delays_neither_news_nor_the_end(tmp_path: Path) -> None:
    blocked, go_on = threading.Event(), threading.Event()

    def slow() -> Sequence[Snapshot]:
        blocked.set()
        go_on.wait(10)
        return (decided(OPEN),)

    files = GateFiles(slow, tmp_path)
    files.start()
    try:
        assert blocked.wait(5)
        files.news()
        files.close(0.05)
    finally:
        go_on.set()
    files.close(5)
    assert list(tmp_path.glob("*.json")) == []


def test_a_defect_of_ours_is_told_and_does_not_end_the_writer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = [True]

    def snapshots() -> Sequence[Snapshot]:
        if broken[0]:
            raise RuntimeError("a defect")
        return (decided(OPEN),)

    files = GateFiles(snapshots, tmp_path)
    files.start()
    wait_until(lambda: caplog.records)
    broken[0] = False
    wait_until((tmp_path / "live.json").exists)
    files.close(5)


def test_folders_above_may_be_entered_too(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "gate"
    before = os.umask(0o077)
    try:
        with writing(Stage(OPEN), folder):
            wait_until((folder / "live.json").exists)
            assert [stat.S_IMODE(each.stat().st_mode) for each in (folder, *folder.parents[:2])] == [0o755] * 3
    finally:
        os.umask(before)


def test_a_failed_write_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "live.json").mkdir()  # cannot be replaced by a file
    with writing(Stage(OPEN), tmp_path) as files:
        wait_until(lambda: files.errors > 0)
    assert [path.name for path in tmp_path.iterdir()] == ["live.json"]


def test_the_next_folder_that_cannot_be_written_is_told_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.touch()
    second.touch()
    with writing(Stage(OPEN), first) as files:
        wait_until(lambda: str(first) in caplog.text)
        files.change(second)
        wait_until(lambda: f"the gate in {second} cannot be written" in caplog.text)


def test_of_two_daemons_with_one_folder_the_second_leaves_the_file_alone_says_so_and_has_its_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = Stage(OPEN), Stage(CLOSED, standing("paper"))
    with writing(first, tmp_path, "config /a.yaml") as early:
        wait_until(lambda: Gate(tmp_path / "live.json").check().open)
        with writing(second, tmp_path, "config /b.yaml") as late:
            wait_until(lambda: late.errors >= 3)
            assert Gate(tmp_path / "paper.json").check().open
            assert Gate(tmp_path / "live.json").check().open
            (line,) = [record.getMessage() for record in caplog.records]
            assert line.startswith("another ib-supervisor (process ")
            assert line.endswith(
                f", config /a.yaml) writes the files of the gates in {tmp_path} (live), and this one does not: "
                "give each daemon a gate.directory of its own"
            )
            early.close(5)
            wait_until(lambda: f"this ib-supervisor writes the files of the gates in {tmp_path} now" in caplog.text)
            second.decide(CLOSED, standing("paper"))
            wait_until(lambda: Gate(tmp_path / "live.json").check().state == "closed")
    assert list(tmp_path.iterdir()) == []


def test_a_second_daemon_that_ends_or_loses_the_gateway_leaves_the_file_of_the_first(tmp_path: Path) -> None:
    with writing(Stage(OPEN), tmp_path):
        wait_until((tmp_path / "live.json").exists)
        second = Stage(CLOSED, standing("paper"))
        with writing(second, tmp_path) as late:
            wait_until(lambda: late.errors)
            second.decide(standing("paper"))
            errors = late.errors
            wait_until(lambda: Gate(tmp_path / "paper.json").check().open)
            assert (tmp_path / "live.json").exists()
        assert errors
        assert sorted(path.name for path in tmp_path.iterdir()) == [".live.lock", "live.json"]


def test_a_folder_that_is_emptied_under_a_daemon_does_not_let_a_second_one_in(tmp_path: Path) -> None:
    stage = Stage(OPEN)
    with writing(stage, tmp_path) as early:
        wait_until((tmp_path / "live.json").exists)
        for path in tmp_path.iterdir():
            path.unlink()
        stage.decide(OPEN)
        early.news()
        wait_until((tmp_path / ".live.lock").exists)
        with writing(Stage(CLOSED), tmp_path) as late:
            wait_until(lambda: late.errors)
            stage.decide(OPEN)
            wait_until(lambda: Gate(tmp_path / "live.json").check().open)


def test_who_keeps_a_file_alive_can_be_asked(tmp_path: Path) -> None:
    with writing(Stage(OPEN), tmp_path, "config /a.yaml"):
        wait_until((tmp_path / "live.json").exists)
        assert writer_of(tmp_path, "live").endswith(", config /a.yaml")
    assert writer_of(tmp_path, "live") == ""


def test_a_link_in_the_place_of_a_lock_is_not_followed_and_costs_no_file(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "gate"
    victim.write_text("mine")
    folder.mkdir()
    (folder / ".live.lock").symlink_to(victim)
    with writing(Stage(OPEN), folder):
        wait_until(lambda: Gate(folder / "live.json").check().open)
        assert writer_of(folder, "live") == ""
    assert victim.read_text() == "mine"
