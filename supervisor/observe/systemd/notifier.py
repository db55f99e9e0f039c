"""Messages to systemd by sd_notify, and the pace of its watchdog.

- Nothing here blocks or raises. The socket is non-blocking, and without `NOTIFY_SOCKET` every method does nothing.
- A change of the unit's state (ready, reloading, stopping) waits for room in systemd's queue. Such changes go out in
  order and before anything else. Of the status only the newest text waits. A watchdog message that finds no room is
  dropped.
- Each message is a datagram of its own in ASCII (docs/facts/platform.md#sd_notify).
- The caller feeds systemd's watchdog with `watchdog()` after useful work. No thread does it by itself.
"""

import os
import time
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime

import sdnotify

from supervisor.core.calendar.rules import zone_of
from supervisor.core.calendar.windows import WindowKind
from supervisor.core.model.layers import BELOW_UPSTREAM
from supervisor.core.model.snapshot import Snapshot, WindowView
from supervisor.core.model.status import Status
from supervisor.platform import unix_datagrams

STATUS_LENGTH = 200
"""The most characters of the status line, roughly. systemctl shows one line."""

_WAITING_AT_MOST = 16
_PLAIN = str.maketrans({"–": "-", "—": "-", "→": "->", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "..."})


class _Line(sdnotify.SystemdNotifier):  # type: ignore[misc]  # sdnotify has no types
    """sdnotify on a socket that never blocks, at the given address. `notify` raises OSError."""

    def __init__(self, address: str) -> None:
        # The base's constructor is not called: it reads os.environ itself and makes a socket that blocks.
        self.debug = True
        self.socket = unix_datagrams()
        try:
            self.socket.connect("\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            self.socket.close()
            raise

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class Notifier:
    """Sends messages to systemd. `environment` holds `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`."""

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
        """Seconds between two calls of `watchdog()`: a third of what systemd allows. None if it does not watch us."""
        return self._watchdog_interval

    def ready(self) -> None:
        """The config is valid and the loop turns. This also ends a reload."""
        self._state("READY=1")

    def reloading(self) -> None:
        """A reload begins; `ready()` ends it."""
        self._state(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._state("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`. The same line is not sent twice."""
        self._status = ascii_line(text)
        self._flush()

    def watchdog(self) -> None:
        """The loop has done useful work."""
        if self._flush() and self._watchdog_interval is not None:
            self._send("WATCHDOG=1")

    def close(self) -> None:
        """Close the socket. A later message opens it again."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _state(self, word: str) -> None:
        self._waiting = [*self._waiting, word][-_WAITING_AT_MOST:]
        self._flush()

    def _flush(self) -> bool:
        """Send what waits. True if nothing is left."""
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
        except OSError:  # nobody listens there now: the next message tries a new socket
            self.close()
            return False
        return True


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    if environment.get("WATCHDOG_PID", str(os.getpid())).strip() != str(os.getpid()):
        return None  # meant for the process that started us
    allowed = environment.get("WATCHDOG_USEC", "").strip()
    if not (allowed.isascii() and allowed.isdecimal()) or int(allowed) == 0:
        return None
    return int(allowed) / 1e6 / 3


def ascii_line(text: str) -> str:
    """The same text as one line of printable ASCII. A character without such a form becomes `?`."""
    letters = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    plain = letters.translate(_PLAIN).encode("ascii", "replace").decode("ascii")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())


# -- the status line --------------------------------------------------------------------------------------------------


def status_line(snapshots: Iterable[Snapshot]) -> str:
    """The status line: `2/3 up; live: maintenance (daily_restart until 23:50 EST)`. It names what is not up."""
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
            words = _instant(snapshot, "until", snapshot.pause.until if snapshot.pause is not None else None).strip()
        case Status.REAUTH_REQUIRED:
            words = _instant(snapshot, "due since", snapshot.login.due).strip()
        case _ if not snapshot.tried:
            words = snapshot.phase.value
        case _:
            words = f"{snapshot.broken or ''}{_instant(snapshot, 'since', snapshot.since)}".strip()
    return f" ({words})" if words else ""


def _explaining(snapshot: Snapshot) -> WindowView | None:
    """The active window that ends last. A server reset counts only if nothing else explains a lost session."""
    active = [window for window in snapshot.windows if window.active and window.end is not None]
    if snapshot.broken in BELOW_UPSTREAM:
        active = [window for window in active if window.name != WindowKind.SERVER_RESET] or active
    return max(active, key=lambda window: window.end or snapshot.at.wall, default=None)


def _instant(snapshot: Snapshot, word: str, at: datetime | None) -> str:
    """` until 23:50 EST` on the gateway's own clock, with the day if it is not today."""
    if at is None:
        return ""
    zone = zone_of(snapshot.policy.timezone or "UTC")
    local, today = at.astimezone(zone), snapshot.at.wall.astimezone(zone)
    day = "" if local.date() == today.date() else f"{local:%a} "
    return f" {word} {day}{local:%H:%M %Z}"
