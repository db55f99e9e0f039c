"""IBC 3: its command server says that it runs, its log says where the login stands.

- The only thing ever sent is EXIT, which ends the connection and does nothing else. IBC has no command that tells a
  state; others than EXIT can end the gateway when they come before its login.
- The server is up before the gateway is, and answers during the login. With `CommandServerPort` 0, its default, there
  is none: a port that never answered says nothing.
- A server that accepts and closes without a byte refuses this machine (`ControlFrom`). It runs all the same.
- Log lines are in local time. The line of a login may be days old: what it says is held against the port.
"""

import re
import socket
import time
from datetime import datetime

from supervisor.controllers import processes
from supervisor.controllers.base import MOST_BYTES
from supervisor.controllers.tail import Tail
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import LoginState, Sight

ANSWER = 2.0
"""Seconds for the connection and the answer together."""
ASKED_EVERY = 10.0
"""Seconds between two questions: IBC writes a line about each."""
MAIN_CLASSES = ("ibcalpha.ibc.IbcGateway", "ibcalpha.ibc.IbcTws")
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d):\d{3} IBC: (.*)")
_EXIT = re.compile(r"IBC returned exit status (\d{1,5})")

_TEXTS: tuple[tuple[str, LoginState | None], ...] = (
    ("Login has completed: exiting via", None),
    ("Shutdown progress; event=Opened", None),
    ("Too many failed login attempts", LoginState.LOCKED_OUT),
    ("Second Factor Authentication initiated", LoginState.SECOND_FACTOR),
    ("Login has completed", LoginState.LOGGED_IN),
    ("Login dialog WINDOW_OPENED: LoginState is", LoginState.LOGIN_DIALOG),
    ("Re-login after second factor authentication timeout in", LoginState.LOGIN_DIALOG),
    ("Re-login to session", LoginState.LOGIN_DIALOG),
    ("Existing session detected", LoginState.LOGIN_DIALOG),
    ("Login failed", LoginState.LOGIN_DIALOG),
    ("Login error message:", LoginState.LOGIN_DIALOG),
    ("Cold restart in progress", LoginState.RESTARTING),
    ("autorestart file found at", LoginState.RESTARTING),
    ("Re-starting session", LoginState.RESTARTING),
    ("IBC will restart shortly", LoginState.RESTARTING),
    ("Starting Gateway", LoginState.STARTING),
    ("Starting session: will exit if login dialog", LoginState.STARTING),
    ("IBC is paused", LoginState.NOT_RUNNING),
)
"""What a line holds, and where the login stands then. The first that fits counts."""


class Ibc:
    """Asks the server, and follows the log."""

    every = 2.0
    patience = ANSWER + 1.0

    def __init__(self, asked: settings.Ibc) -> None:
        self._address = (asked.host, asked.port)
        self._log = Log(asked.log) if asked.log is not None else None
        self._running: bool | None = None
        self._words = ""
        self._heard = False
        self._asked_at = -ASKED_EVERY

    def look(self) -> Sight:
        """Ask, if it is time, and read what the log added."""
        if self._running is not True or time.monotonic() - self._asked_at >= ASKED_EVERY:
            self._asked_at = time.monotonic()
            self._running, self._words = self._ask()
        process = processes.only_one(MAIN_CLASSES) if self._address[0].startswith("127.") else None
        running = True if process is not None else self._running
        if self._log is None:
            return Sight(process=process, running=running, words=self._words)
        words = self._log.read() or self._words
        state = self._log.state
        if running is None and state is not None:
            running = state is not LoginState.NOT_RUNNING
        elif running and state is LoginState.NOT_RUNNING:
            state = None  # it runs again, and has not said yet how far it is
        since = self._log.since if state is not None else None
        return Sight(state, since, process, running, exit_status=self._log.exit_status, words=words)

    def _ask(self) -> tuple[bool | None, str]:
        """Whether IBC runs, and what else is to be said."""
        try:
            with socket.create_connection(self._address, ANSWER) as sock:
                answer = _answer(sock)
        except ConnectionRefusedError:
            if self._heard:
                return False, ""
            return None, f"nothing listens on IBC's command port {self._address[1]}: is CommandServerPort set?"
        except OSError as error:
            return None, f"IBC's command port: {error}"
        self._heard = True
        if answer is None:
            return True, "IBC accepts commands and does not answer: it is busy or hangs"
        if not answer:
            return True, "IBC refuses this machine: add its address to ControlFrom"
        return True, "" if answer.startswith("OK") else "IBC answered something else than OK"


def _answer(sock: socket.socket) -> str | None:
    """The first line that begins with OK or ERROR behind a prompt; empty at a close, None if nothing came in time."""
    deadline = time.monotonic() + ANSWER
    heard = b""
    try:
        sock.sendall(b"EXIT\n")
        while len(heard) < MOST_BYTES:
            sock.settimeout(max(0.01, deadline - time.monotonic()))
            data = sock.recv(4096)
            if not data:
                break
            heard += data
            found = re.search(rb"(?:OK|ERROR)[^\n]*\n", heard)
            if found is not None:
                return found[0].decode("utf-8", "replace").strip()
    except TimeoutError:
        return None
    except ConnectionError:  # a reset is a close
        pass
    return "" if not heard else "?"


class Log:
    """What IBC's log says of the login."""

    def __init__(self, pattern: str) -> None:
        self._tail = Tail(pattern)
        self.state: LoginState | None = None
        self.since: datetime | None = None
        self.exit_status: int | None = None

    def read(self) -> str:
        """Take in what was added. Returns why it could not be read, or nothing."""
        try:
            lines = self._tail.lines()
        except OSError as error:
            self.state = self.since = self.exit_status = None
            return f"IBC's log cannot be read: {error.strerror or error}"
        for line in lines:
            self._take(line)
        return ""

    def _take(self, line: str) -> None:
        stamped = _LINE.match(line)
        text = stamped[2] if stamped is not None else line
        ended = _EXIT.search(text)
        if ended is not None:
            self.state, self.exit_status = LoginState.NOT_RUNNING, int(ended[1])
        else:
            found = next((state for part, state in _TEXTS if part in text), self)
            if isinstance(found, Log):
                return
            self.state, self.exit_status = found, None
        self.since = _local(stamped[1]) if stamped is not None else None


def _local(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").astimezone()
    except (ValueError, OverflowError):
        return None
