"""What systemd hears of us: sd_notify, and the watchdog's pace.

- Nothing here blocks or raises: the socket is non-blocking, and without `NOTIFY_SOCKET` every method does nothing.
- What changes the unit's state (ready, reloading, stopping) waits for room in systemd's queue and goes out, in order,
  before the next word of ours. Of the status only the newest waits; a watchdog word that finds no room is dropped.
- Each word is a datagram of its own and plain ASCII: `sdnotify` encodes to latin-1 and silently drops a datagram that
  does not fit, whatever else is in it.
- systemd's watchdog over us is fed by whoever calls `watchdog()` after useful work, never by a thread of its own.
"""

import os
import time
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime

import sdnotify

from supervisor.core.calendar.rules import zone_of
from supervisor.core.calendar.windows import Kind
from supervisor.core.model.layers import BELOW_UPSTREAM
from supervisor.core.model.snapshot import Snapshot, WindowView
from supervisor.core.model.status import Status
from supervisor.platform import unix_datagrams

STATUS_LENGTH = 200
"""Characters of the status line, about; systemctl shows one line."""

_WAITING_AT_MOST = 16
_PLAIN = str.maketrans({"–": "-", "—": "-", "→": "->", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "..."})


class _Line(sdnotify.SystemdNotifier):  # type: ignore[misc]  # sdnotify has no types
    """sdnotify on a socket that never blocks, at the given address; `notify` raises OSError."""

    def __init__(self, address: str) -> None:
        # Not the base's constructor: that reads os.environ itself and makes a socket that blocks.
        self.debug = True
        self.socket = unix_datagrams()
        try:
            self.socket.connect("\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            self.socket.close()
            raise

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()


class Notifier:
    """The words for systemd. `environment` is where `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._line: _Line | None = None
        self._waiting: list[str] = []
        self._status = ""
        self._told_status = ""
        self._watchdog_interval = _watchdog_interval(environment)

    @property
    def watchdog_interval(self) -> float | None:
        """Seconds between two calls of `watchdog()`: a third of what systemd allows; None if it does not watch us."""
        return self._watchdog_interval

    def ready(self) -> None:
        """The config is valid and the loop turns; also the end of a reload."""
        self._state("READY=1")

    def reloading(self) -> None:
        """A reload begins; `ready()` ends it."""
        self._state(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The daemon ends."""
        self._state("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; a line that systemd has already is not sent again."""
        self._status = ascii_line(text)
        self._flush()

    def watchdog(self) -> None:
        """The loop did something useful."""
        if self._flush() and self._watchdog_interval is not None:
            self._send("WATCHDOG=1")

    def close(self) -> None:
        """Give the socket back; later words open it again."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _state(self, word: str) -> None:
        self._waiting = [*self._waiting, word][-_WAITING_AT_MOST:]
        self._flush()

    def _flush(self) -> bool:
        """Send what waits; whether nothing is left."""
        while self._waiting:
            if not self._send(self._waiting[0]):
                return False
            del self._waiting[0]
        if self._status != self._told_status:
            if not self._send(f"STATUS={self._status}"):
                return False
            self._told_status = self._status
        return True

    def _send(self, word: str) -> bool:
        if not self._address:
            return True
        try:
            if self._line is None:
                self._line = _Line(self._address)
            self._line.notify(word)
        except BlockingIOError:
            return False
        except OSError:  # nobody listens there, or no longer: the next word tries a socket of its own
            self.close()
            return False
        return True


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    if environment.get("WATCHDOG_PID", str(os.getpid())).strip() != str(os.getpid()):
        return None  # meant for a process that started us
    allowed = environment.get("WATCHDOG_USEC", "").strip()
    if not (allowed.isascii() and allowed.isdecimal()) or int(allowed) == 0:
        return None
    return int(allowed) / 1e6 / 3


def ascii_line(text: str) -> str:
    """The same text as one line of printable ASCII; what has no such form becomes `?`."""
    letters = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    plain = letters.translate(_PLAIN).encode("ascii", "replace").decode("ascii")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())


# -- the status line --------------------------------------------------------------------------------------------------


def status_line(snapshots: Iterable[Snapshot]) -> str:
    """Such as `2/3 up; live: maintenance (daily_restart until 23:50 EST)`; only what is not up is named."""
    everybody = list(snapshots)
    others = [snapshot for snapshot in everybody if snapshot.status is not Status.UP]
    line = f"{len(everybody) - len(others)}/{len(everybody)} up"
    for named, snapshot in enumerate(others):
        more = ascii_line(f"; {snapshot.policy.name}: {snapshot.status}{_detail(snapshot)}")
        if len(line) + len(more) > STATUS_LENGTH:
            return f"{line}; and {len(others) - named} more"
        line += more
    return line


def _detail(snapshot: Snapshot) -> str:
    match snapshot.status:
        case Status.MAINTENANCE:
            window = _explaining(snapshot)
            words = "" if window is None else f"{window.name}{_instant(snapshot, 'until', window.end)}"
        case Status.STOPPED:
            words = _instant(snapshot, "until", snapshot.paused_until).strip()
        case Status.REAUTH_REQUIRED:
            words = _instant(snapshot, "due since", snapshot.login.due).strip()
        case _ if not snapshot.tried:
            words = snapshot.phase.value
        case _:
            words = f"{snapshot.broken or ''}{_instant(snapshot, 'since', snapshot.since)}".strip()
    return f" ({words})" if words else ""


def _explaining(snapshot: Snapshot) -> WindowView | None:
    """The active window that ends last; a server reset only if nothing else explains a session that is gone."""
    active = [window for window in snapshot.windows if window.active and window.end is not None]
    if snapshot.broken in BELOW_UPSTREAM:
        active = [window for window in active if window.name != Kind.SERVER_RESET] or active
    return max(active, key=lambda window: window.end or snapshot.at.wall, default=None)


def _instant(snapshot: Snapshot, word: str, at: datetime | None) -> str:
    """` until 23:50 EST`, on the gateway's own clock; with the day if that is not today."""
    if at is None:
        return ""
    zone = zone_of(snapshot.policy.timezone or "UTC")
    local, today = at.astimezone(zone), snapshot.at.wall.astimezone(zone)
    day = "" if local.date() == today.date() else f"{local:%a} "
    return f" {word} {day}{local:%H:%M %Z}"
