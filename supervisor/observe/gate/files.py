"""The writer of the gate's files: NAME.json in one folder, replaced atomically, removed at the end.

- On a thread of its own: a slow disk delays a file and nothing else. Put the folder in memory (tmpfs).
- A file is replaced when its gate changes, and when the loop has decided again. The lease in it is the decision's. This
  thread only passes it on: if the loop stands still, nothing is written, and the lease ends.
- A folder that cannot be written is told once, and counted. It is tried again with every decision.
- Each file has one writer, who has its lock: of two daemons with one folder and one name the second writes none and
  says so. If the first one ends, the second one's turn has come.
"""

import contextlib
import errno
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.folders import make
from supervisor.observe.gate.body import body, written
from supervisor.observe.gate.reader import Gate, since_boot
from supervisor.observe.lock import HeldError, WriterLock, signed

LOG = logging.getLogger("supervisor.gate")

LOOK = 0.25
"""Seconds between two looks at what the loop has decided."""
MODE = 0o644
FOLDER_MODE = 0o755
SUFFIX = ".json"


class GateFiles:
    """The files of all gateways. `news` and `change` are for any thread, and never block.

    `about` is what another daemon with the same folder should know of this one.
    """

    def __init__(
        self, snapshots: Callable[[], Iterable[Snapshot]], directory: Path | None = None, about: str = ""
    ) -> None:
        self._snapshots, self._about = snapshots, about
        self._wanted = directory
        self._directory: Path | None = None
        """The folder that the files of `_last` are in."""
        self._last: dict[str, Snapshot] = {}
        """What each file of ours says."""
        self._locks: dict[str, WriterLock] = {}
        self._others: set[str] = set()
        """Gates whose file another daemon writes."""
        self._news = threading.Event()
        self._ending = False
        self._failing = False
        self.errors = 0
        """Files that could not be written or removed."""
        self._thread = threading.Thread(target=self._run, name="ib-gate", daemon=True)

    def start(self) -> None:
        """Write from now on."""
        self._thread.start()

    def news(self) -> None:
        """Some gate has changed: look now."""
        if not self._news.is_set():
            self._news.set()

    def change(self, directory: Path | None) -> None:
        """Another folder from now on, or none."""
        if directory != self._wanted:
            self._wanted = directory
            self.news()

    def close(self, timeout: float) -> None:
        """Remove the files, within `timeout` seconds, and end."""
        self._ending = True
        self.news()
        if self._thread.is_alive():
            self._thread.join(timeout)

    # -- the writer's thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ending:
            try:
                self._round()
            except Exception as error:
                self._fail(error)
            self._news.wait(LOOK if self._wanted is not None else None)
            self._news.clear()
        self._leave()

    def _round(self) -> None:
        wanted = self._wanted
        if wanted != self._directory:
            self._leave()
            self._directory, self._failing = wanted, False
            if wanted is not None:
                self._sweep(wanted)
        if wanted is None:
            return
        snapshots = {snapshot.policy.name: snapshot for snapshot in self._snapshots()}
        self._remove(name for name in (*self._last, *self._locks) if name not in snapshots)
        failed = None
        others: dict[str, list[str]] = {}
        ours = []
        for name, snapshot in snapshots.items():
            if self._last.get(name) is not snapshot:
                try:
                    self._lock(wanted, name)
                    _replace(wanted, name, written(body(snapshot, since_boot())))
                except HeldError as held:
                    self.errors += 1
                    self._last.pop(name, None)
                    if name not in self._others:
                        others.setdefault(held.who, []).append(name)
                    continue
                except OSError as error:
                    self.errors += 1
                    failed = error
                    continue
                self._last[name] = snapshot
                if name in self._others:
                    ours.append(name)
        self._tell(wanted, others, ours)
        if failed is not None:
            self._fail(failed)
        elif self._failing:
            self._failing = False
            LOG.warning("the files of the gate in %s are written again", wanted)

    def _lock(self, directory: Path, name: str) -> None:
        """Have the lock of this file. The folder is made if it is missing. Raises HeldError, OSError."""
        lock = self._locks.get(name)
        if lock is None:
            make(directory, FOLDER_MODE)
            lock = self._locks[name] = lock_of(directory, name, self._about)
        lock.take()

    def _tell(self, directory: Path, others: Mapping[str, Sequence[str]], ours: Sequence[str]) -> None:
        """Files that another daemon writes, by its words, and those that it does not write any more."""
        for who, names in others.items():
            self._others.update(names)
            LOG.error(
                "another ib-supervisor%s writes the files of the gates in %s (%s), and this one does not: give each "
                "daemon a gate.directory of its own",
                f" ({who})" if who else "",
                directory,
                ", ".join(names),
            )
        if ours:
            self._others.difference_update(ours)
            LOG.warning("this ib-supervisor writes the files of the gates in %s now (%s)", directory, ", ".join(ours))

    def _leave(self) -> None:
        """Leave nothing of ours in the folder."""
        self._remove((*self._last, *self._locks))
        self._others.clear()

    def _remove(self, names: Iterable[str]) -> None:
        for name in tuple(names):
            ours = self._last.pop(name, None) is not None
            if ours and self._directory is not None:
                try:
                    (self._directory / f"{name}{SUFFIX}").unlink(missing_ok=True)
                except OSError:
                    self.errors += 1
            lock = self._locks.pop(name, None)
            if lock is not None:
                lock.release(remove=True)
            self._others.discard(name)

    def _sweep(self, directory: Path) -> None:
        """Remove what a process that was killed has left of gateways that are not in the config."""
        known = {snapshot.policy.name for snapshot in self._snapshots()}
        with contextlib.suppress(OSError):
            for path in directory.iterdir():
                if path.suffix == SUFFIX and path.stem not in known and _is_dead_gate(path):
                    lock = lock_of(directory, path.stem)
                    with contextlib.suppress(HeldError):  # a daemon that stands still has it
                        lock.take()
                        path.unlink(missing_ok=True)
                        lock.release(remove=True)

    def _fail(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            LOG.error(
                "the files of the gate in %s cannot be written, and programs that read them are told nothing: %s",
                self._wanted,
                error,
            )


def lock_of(directory: Path, name: str, about: str = "") -> WriterLock:
    """The lock of one file."""
    what = f"the file of the gate {name} in {directory}"
    return WriterLock(directory / f".{name}.lock", what, about)


def writer_of(directory: Path, name: str) -> str:
    """Who keeps the file of this gate alive, in words; empty if nobody does. Nothing is locked or changed."""
    if Gate(directory / f"{name}{SUFFIX}").check().state == "unknown":
        return ""
    return signed(directory / f".{name}.lock")


def _replace(directory: Path, name: str, content: bytes) -> None:
    """Write the file beside, and put it in the place of the old one."""
    beside = os.path.join(directory, f".{name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        opened = os.open(beside, flags, MODE)
    except FileNotFoundError:
        make(directory, FOLDER_MODE)
        opened = os.open(beside, flags, MODE)
    try:
        try:
            if os.fstat(opened).st_mode & 0o777 != MODE:  # with another umask
                os.chmod(beside, MODE)
            if os.write(opened, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(opened)
        os.replace(beside, os.path.join(directory, f"{name}{SUFFIX}"))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _is_dead_gate(path: Path) -> bool:
    """Whether this is a gate's file that no living daemon keeps."""
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    ours = isinstance(said, dict) and said.get("gateway") == path.stem and "valid_until_boottime" in said
    return ours and Gate(path).check().state == "unknown"
