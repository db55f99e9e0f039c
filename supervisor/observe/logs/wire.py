r"""The wire log: one readable line for every message, in a file for each gateway; off unless `log.wire` names a folder.

    < 2026-11-23T15:00:00.250114Z 9;1;1764
    > 2026-11-23T15:00:02.750871Z 49;1
    = 2026-11-23T15:00:04.101022Z session 7 ended: reset (Connection reset by peer)
    ! 2026-11-23T15:00:04.101022Z 12 messages are missing here

- The first sign says what a line is: `<` came from the gateway, `>` went to it, `=` is about the session, `!` is a
  fault or a loss. The fields of a message are parted by `;`, what is no printable text is escaped.
- Account numbers are masked, unless `words` lets them in. A line has at most `LONGEST` characters.
- Never in the way: who tells of a message only appends to a queue; a thread of its own writes. If the disk is slower
  than the wire, messages are left out, counted, and that is written.
- A file of `SIZE` bytes becomes `NAME.log.1`, the one before it `NAME.log.2`, and so on to `KEPT`.
- Whatever happens to the files, the daemon goes on: it is told in the log once, and tried again every few seconds.
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from supervisor.core.model.events import Ending, Event, HandshakeDone, PortOpened, SessionClosed
from supervisor.frozen import dataclass
from supervisor.observe.folders import make
from supervisor.observe.masking import Words, escaped, mask

LOG = logging.getLogger(__name__)

SIZE = 10 * 1024 * 1024
KEPT = 5
"""Older files beside the one that is written."""
LONGEST = 4000
WAITING_AT_MOST = 20_000
"""Messages that wait for the disk."""
RETRY = 5.0
"""Seconds from a failure to the next attempt."""
BATCH = 0.1
"""Seconds in which messages gather before they are written."""
MODE, FOLDER_MODE = 0o600, 0o700
"""With any umask: only the owner may read what the gateway says."""
_FAULTS = frozenset({Ending.PROTOCOL, Ending.CALLBACK, Ending.ERROR, Ending.RESET})


@dataclass(frozen=True, slots=True)
class _Line:
    at: float
    name: str
    sign: str
    payload: bytes
    """No more of it than a line can show: what waits for the disk must not be as large as the wire allows."""
    size: int
    """Bytes of the whole."""


class Wire:
    """One gateway's part, also a `supervisor.gateway.connection.WireLog`. For any thread; never blocks or raises."""

    def __init__(self, logs: "WireLogs", name: str) -> None:
        self._logs = logs
        self._name = name

    def line(self, direction: str, payload: bytes) -> None:
        """One message, without its length: `<` from the gateway or `>` to it."""
        if self._logs.on:
            self._logs.put(self._name, direction, payload)

    def event(self, event: Event) -> None:
        """What became of a session; other events are in the messages already."""
        if not self._logs.on:
            return
        match event:
            case PortOpened():
                self._say("=", f"session {event.epoch}: TCP is connected")
            case HandshakeDone():
                self._say("=", f"session {event.epoch}: server version {event.server_version}, clock {event.clock}")
            case SessionClosed():
                detail = f" ({event.detail})" if event.detail else ""
                sign = "!" if event.ending in _FAULTS else "="
                self._say(sign, f"session {event.epoch} ended: {event.ending}{detail}")
            case _:
                pass

    def _say(self, sign: str, text: str) -> None:
        self._logs.put(self._name, sign, text.encode("utf-8", "replace"))


class WireLogs:
    """All gateways' wire logs. `folder` None is off; `size` is `SIZE`, for the impatient."""

    def __init__(
        self, folder: Path | None = None, *, size: int = SIZE, waiting: int = WAITING_AT_MOST, words: Words = mask
    ) -> None:
        self.on = False
        self._words = words
        self._size = size
        self._most = waiting
        self._folder = folder
        self._queue: deque[_Line] = deque()
        self._lost: dict[str, int] = {}
        self._news = threading.Event()
        self._ending = False
        self._failing = False
        self._thread: threading.Thread | None = None
        self.change(folder)

    def of(self, name: str) -> Wire:
        """The part of a gateway; it may be had before anything is switched on."""
        return Wire(self, name)

    def change(self, folder: Path | None) -> None:
        """Write to this folder from now on; None: to none."""
        self._folder = folder
        if folder is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="wire-log", daemon=True)
            self._thread.start()
        self.on = folder is not None

    def put(self, name: str, sign: str, payload: bytes) -> None:
        """Append a line, or count it as lost."""
        if len(self._queue) >= self._most:
            self._lost[name] = self._lost.get(name, 0) + 1
            return
        self._queue.append(_Line(time.time(), name, sign, _beginning(payload), len(payload)))
        if not self._news.is_set():
            self._news.set()

    def close(self, timeout: float = 1.0) -> None:
        """Write what waits, within `timeout` seconds, and end."""
        self.on = False
        self._ending = True
        self._news.set()
        if self._thread is not None:
            self._thread.join(timeout)

    # -- the writer's thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._news.wait()
            if not self._ending:
                time.sleep(BATCH)
            last = self._ending
            self._news.clear()
            try:
                self._write()
            except Exception as error:
                self._fail(error)
                if not last:
                    time.sleep(RETRY)
                    self._news.set()
            if last:
                return

    def _write(self) -> None:
        folder = self._folder
        texts: dict[str, list[str]] = {}
        for _ in range(len(self._queue)):
            line = self._queue.popleft()
            texts.setdefault(line.name, []).append(
                as_line(line.at, line.sign, line.payload, line.size, words=self._words)
            )
        lost, self._lost = self._lost, {}
        for name, count in lost.items():
            missing = f"{count} messages are missing here"
            texts.setdefault(name, []).append(as_line(time.time(), "!", missing.encode()))
        if folder is None:
            return
        for name, lines in texts.items():
            try:
                _append(folder / f"{name}.log", lines, self._size)
            except OSError:
                self._lost[name] = self._lost.get(name, 0) + len(lines)
                raise
        if texts and self._failing:
            self._failing = False
            LOG.warning("the wire log in %s is written again", folder)

    def _fail(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            LOG.error("the wire log in %s cannot be written and is tried again: %s", self._folder, error)


def as_line(at: float, sign: str, payload: bytes, size: int = 0, *, words: Words = mask) -> str:
    """A line of the file, without its end; `size` is that of the whole message if `payload` is only its beginning."""
    instant = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    fields = payload.removesuffix(b"\0").split(b"\0")
    text = ";".join(_readable(field, words) for field in fields)
    if len(text) > LONGEST or size > len(payload):
        text = f"{text[:LONGEST]} ... {max(size, len(payload))} bytes"
    return f"{sign} {instant} {text}"


def _beginning(payload: bytes) -> bytes:
    """As much as a line can show, without digits at the end: the mask does not recognize half an account number."""
    return payload if len(payload) <= LONGEST else payload[:LONGEST].rstrip(b"0123456789")


def _readable(field: bytes, words: Words) -> str:
    """The field as text: first masked, then escaped."""
    said = words(field.decode("utf-8", "surrogateescape"))
    return escaped(said.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def _append(path: Path, lines: Iterable[str], size: int) -> None:
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    make(path.parent, FOLDER_MODE)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size + len(data) > size:
            _rotate(path)
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
    with os.fdopen(opened, "wb") as file:
        if os.fstat(opened).st_mode & 0o777 != MODE:  # made by an earlier version, or with another umask
            path.chmod(MODE)
        file.write(data)


def _rotate(path: Path) -> None:
    for number in range(KEPT, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        with contextlib.suppress(FileNotFoundError):
            os.replace(newer, older)
