"""What the daemon writes is its own user's alone, whatever the umask, and whatever an earlier version left."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.core.model.facts import Facts
from supervisor.observe.journal.store import Store, set_aside
from supervisor.observe.logs.wire import WireLogs


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o177])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in sorted(folder.iterdir())}


def written(path: Path) -> Store:
    store = Store(path)
    store.write({"live": Facts()}, ())
    return store


@pytest.mark.usefixtures("umask")
def test_the_journal_and_the_files_beside_it(tmp_path: Path) -> None:
    store = written(tmp_path / "journal.db")
    assert modes(tmp_path) == {"journal.db": "0o600", "journal.db-shm": "0o600", "journal.db-wal": "0o600"}
    store.close()
    set_aside(tmp_path / "journal.db")
    Store(tmp_path / "journal.db").close()
    assert set(modes(tmp_path).values()) == {"0o600"}


def test_a_journal_of_an_earlier_version_becomes_private(tmp_path: Path) -> None:
    store = written(tmp_path / "journal.db")
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    second = Store(tmp_path / "journal.db")
    assert set(modes(tmp_path).values()) == {"0o600"}
    second.close()
    store.close()


@pytest.mark.usefixtures("umask")
def test_the_wire_log_and_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "wire"
    logs = WireLogs(folder, size=100)
    for number in range(20):
        logs.put("live", "<", b"x" * 50)
        if number == 10:
            logs.close()
            logs = WireLogs(folder, size=100)
    logs.close()
    assert {**modes(tmp_path), **modes(folder.parent)} == {"above": "0o700", "wire": "0o700"}
    assert set(modes(folder).values()) == {"0o600"}


def test_a_wire_log_of_an_earlier_version_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "live.log").touch(0o640)
    logs = WireLogs(tmp_path)
    logs.put("live", "<", b"x")
    logs.close()
    assert modes(tmp_path) == {"live.log": "0o600"}
