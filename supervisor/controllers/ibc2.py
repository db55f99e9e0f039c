"""ibc2: its file of events, followed over rotation, and its `state.json` beside it.

- Events tell of the second factor, of a login and of a failed one. Nothing is written at a disconnect, a restart or a
  tidy end, so an event may be days old: what it says is held against the port.
- `state.json` is written every second and not atomically. An old one means that ibc2 itself is dead, and then nothing
  is known of the process. Its `phase` stays `running` during a nightly restart.
"""

import json
import os
import time
from collections.abc import Mapping
from datetime import datetime

from supervisor.controllers import processes
from supervisor.controllers.base import MOST_BYTES, opened
from supervisor.controllers.ibc import MAIN_CLASSES
from supervisor.controllers.tail import Tail
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import LoginState, Sight

STALE = 15.0
"""Seconds after which a `state.json` that should be written every second is of nobody."""
_STATES: Mapping[str, LoginState] = {
    "TWO_FA_REQUIRED": LoginState.SECOND_FACTOR,
    "LOGGED_IN": LoginState.LOGGED_IN,
    "LOGIN_FAILED": LoginState.LOGIN_DIALOG,
    "UNKNOWN_WINDOW": LoginState.LOGIN_DIALOG,
    "EXIT": LoginState.NOT_RUNNING,
}
_GONE = frozenset({"backoff", "stopped"})


class Ibc2:
    """Follows the file."""

    every = 2.0
    patience = 1.0

    def __init__(self, asked: settings.Ibc2) -> None:
        self._tail = Tail(asked.events)
        self._beside = os.path.join(os.path.dirname(asked.events), "state.json")
        self._state: LoginState | None = None
        self._since: datetime | None = None

    def look(self) -> Sight:
        """Read what was added."""
        words = ""
        try:
            for line in self._tail.lines():
                self._take(line)
        except OSError as error:
            self._state = self._since = None
            words = f"the events cannot be read: {error.strerror or error}"
        phase, why = self._phase()
        process = processes.only_one(MAIN_CLASSES)
        state, since = self._state, self._since
        running = None if phase is None else phase not in _GONE
        if process is not None:
            running = True
        elif running is None and state is not None:
            running = state is not LoginState.NOT_RUNNING
        if running and (state is LoginState.NOT_RUNNING or (phase == "starting" and state is LoginState.LOGGED_IN)):
            state = since = None  # an event of the run before
        return Sight(state, since, process, running, words=words or why)

    def _take(self, line: str) -> None:
        try:
            event = json.loads(line)
            state = _STATES[event["type"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            return  # RULE_APPLIED, a type of a newer version, or half a line
        self._state, self._since = state, _instant(event.get("time"))

    def _phase(self) -> tuple[str | None, str]:
        """What ibc2 does now, and why that is not known."""
        for _ in range(2):  # it is not written at once: half a file is read again
            try:
                with opened(self._beside) as file:
                    age = time.time() - os.fstat(file.fileno()).st_mtime
                    said = json.loads(file.read(MOST_BYTES))
            except OSError:
                return None, ""
            except (ValueError, RecursionError):
                continue
            if age > STALE:
                return None, "ibc2 itself does not run"
            phase = said.get("phase") if isinstance(said, dict) else None
            return (phase, "") if isinstance(phase, str) else (None, "")
        return None, ""


def _instant(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
