"""A journal whose file cannot be written, is held, or is damaged: the daemon goes on, and writes it when it can."""

import contextlib
import itertools
import json
import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.endurance.sampling import Row, total
from tests.waiting import wait_until

FLEET = 3
HEADER = 100
"""Bytes of a journal by which it is known as one when a daemon starts."""
_ROOM = 2 * 2**20


class Place:
    """A folder for a journal that can be full or read-only: as root a file system of its own, else by limits."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        self.mounted = os.geteuid() == 0
        folder.mkdir()
        if self.mounted:
            _do("mount", "-t", "tmpfs", "-o", f"size={_ROOM}{',ro' if read_only else ''}", "tmpfs", str(folder))
        elif read_only:
            folder.chmod(0o500)

    @property
    def kind(self) -> str:
        """What it is, in words."""
        return "a tmpfs" if self.mounted else "RLIMIT_FSIZE and a folder without write permission"

    def fill(self, daemon: Running) -> None:
        """No room is left."""
        if not self.mounted:
            size = (self.folder / "journal.db").stat().st_size
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            return
        with contextlib.suppress(OSError), (self.folder / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass

    def empty(self, daemon: Running) -> None:
        """There is room again."""
        if self.mounted:
            (self.folder / "filler").unlink()
        else:
            no_limit = resource.RLIM_INFINITY
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (no_limit, no_limit))

    def writable(self) -> None:
        """It can be written from now on."""
        if self.mounted:
            _do("mount", "-o", f"remount,rw,size={_ROOM}", str(self.folder))
        else:
            self.folder.chmod(0o700)

    def close(self) -> None:
        """Give it back."""
        if self.mounted:
            _do("umount", "--lazy", str(self.folder))


class Site:
    """A daemon with a few gateways, and what is told to it so that there is something to write."""

    def __init__(self, daemon: Running, peers: list[SimulatedGateway], journal: Path) -> None:
        self.daemon = daemon
        self.peers = peers
        self.journal = journal
        self._turns = itertools.count()

    def act(self) -> str:
        """A few events on every gateway and a new fact; its word."""
        word = f"word{next(self._turns)}-{time.monotonic_ns()}"
        for peer in self.peers:
            for _ in range(20):
                peer.do("notice", code=2103, text="Market data farm connection is broken:usfarm")
                peer.do("notice", code=2104, text="Market data farm connection is OK:usfarm")
        asked = self.daemon.post(f"/api/v1/gateways/g0/maintenance?for=1h&reason={word}")
        assert asked in (200, 204), "done, and stored or not"
        return word

    def until_errors(self, seconds: float) -> float:
        """Act until the daemon has counted an error of the journal, and for so many seconds; how many it counted."""
        before = self.errors()
        end = time.monotonic() + seconds

        def enough() -> bool:
            self.act()
            return time.monotonic() > end and self.errors() > before

        wait_until(enough, seconds + 30, every=0.2, what="an error of the journal")
        return self.errors() - before

    def errors(self) -> float:
        """How many the daemon has counted."""
        return self.daemon.metric("ib_supervisor_journal_errors_total") or 0.0

    def healed(self) -> float:
        """Seconds until a fact told now, and with it all before, is in the file."""
        word, began = self.act(), time.monotonic()
        wait_until(lambda: _reason(self.journal) == word, 30, every=0.05, what="the fact in the file")
        return time.monotonic() - began

    def unharmed(self) -> bool:
        """Whether all are up in the sessions they had, with no heartbeat missed."""
        daemon, count = self.daemon, len(self.peers)
        daemon.until(lambda: total(daemon, "ib_up") == count, 20, what="all up")
        return total(daemon, "ib_sessions_total") == count and not total(daemon, "ib_heartbeat_misses_total")


def disks(folder: Path, seconds: float) -> list[Row]:
    """Each trouble for so many seconds, on a daemon of its own."""
    return [*full(folder, seconds), *read_only(folder, seconds), *locked(folder, seconds), *damaged(folder, seconds)]


def full(folder: Path, seconds: float) -> list[Row]:
    """No room left."""
    with _site(folder / "full") as (site, place):
        place.fill(site.daemon)
        errors = site.until_errors(seconds)
        place.empty(site.daemon)
        return [_row(site, seconds, f"a full disk ({place.kind})", _written(errors, site.healed()))]


def read_only(folder: Path, seconds: float) -> list[Row]:
    """A folder in which nothing may be written, from the start of the daemon on."""
    with _site(folder / "read-only", read_only=True) as (site, place):
        errors = site.until_errors(seconds)
        place.writable()
        return [_row(site, seconds, "a read-only folder from the start", _written(errors, site.healed()))]


def locked(folder: Path, seconds: float) -> list[Row]:
    """Another program holds the file."""
    with _site(folder / "locked") as (site, _):
        site.healed()
        with closing(sqlite3.connect(site.journal, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            errors = site.until_errors(seconds)
            other.execute("ROLLBACK")
        return [_row(site, seconds, "a lock held by another program", _written(errors, site.healed()))]


def damaged(folder: Path, seconds: float) -> list[Row]:
    """Noise in the place of the file: while the daemon runs, and before it starts."""
    with _site(folder / "damaged") as (site, _):
        site.healed()
        _damage(site.journal)
        errors, took = site.until_errors(0), site.healed()
        aside = len(list(site.journal.parent.glob("journal.db.corrupt-?")))
        found = f"{errors:.0f} failure, {aside} file set aside, a new one after {took:.1f} s"
        rows = [_row(site, seconds, "the file overwritten with noise", found, aside == 1)]
        site.daemon.kill()
        _damage(site.journal, after=HEADER)
        with running(folder / "damaged", _config(site.peers, site.journal)) as daemon:
            daemon.until(lambda: total(daemon, "ib_up") == FLEET, what="all up")
            again = Site(daemon, site.peers, site.journal)
            found = f"started, a new file after {again.healed():.1f} s"
            rows.append(_row(again, seconds, "all but its header, while the daemon does not run", found))
    return rows


def _row(site: Site, seconds: float, what: str, found: str, kept: bool = True) -> Row:
    unharmed = site.unharmed()
    said = f"{found}; {'no session, no heartbeat lost' if unharmed else 'SESSIONS OR HEARTBEATS LOST'}"
    return Row(what, f"{seconds:g} s", said, "runs on; written again as soon as it can be", kept and unharmed)


def _written(errors: float, seconds: float) -> str:
    return f"{errors:.0f} failures counted; all written {seconds:.1f} s after"


def _config(peers: list[SimulatedGateway], journal: Path) -> str:
    several = gateways(*(quick(peer.port, name=f"g{turn}") for turn, peer in enumerate(peers)))
    return f"{several}journal: {{path: {journal}}}\nlog: {{level: error}}\n"


@contextmanager
def _site(folder: Path, *, read_only: bool = False) -> Iterator[tuple[Site, Place]]:
    folder.mkdir()
    place = Place(folder / "state", read_only=read_only)
    try:
        with Fleet() as fleet:
            peers = [SimulatedGateway(fleet=fleet) for _ in range(FLEET)]
            journal = place.folder / "journal.db"
            with running(folder, _config(peers, journal)) as daemon:
                daemon.until(lambda: total(daemon, "ib_up") == FLEET, what="all up")
                yield Site(daemon, peers, journal), place
            for peer in peers:
                peer.close()
    finally:
        place.close()


def _reason(journal: Path) -> object:
    """The reason of the maintenance that the file knows; None if it cannot be read."""
    if not journal.exists():
        return None
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as file:
        found = file.execute("SELECT facts FROM facts WHERE gateway = 'g0'").fetchone()
        return json.loads(found[0])["maintenance_reason"] if found else None
    return None


def _damage(journal: Path, after: int = 0) -> None:
    """Noise, as long as what was there; the first bytes of the journal itself may stay."""
    for path, first in ((journal, after), *((path, 0) for path in journal.parent.glob("journal.db-*"))):
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(first)
            file.write(os.urandom(size - first))


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)
