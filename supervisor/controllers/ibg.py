"""ibg-controller: its health page.

- Each question makes it open a connection to the API port, so it is asked every 10 s and no sooner.
- It enters TWO_FA at every start, also where no second factor is asked for. So that means the second factor only once
  it has lasted, and only in the first start: later the state stays MONITORING, whatever the login does.
- MONITORING says nothing of the login. Its process and the port say the rest.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from supervisor.controllers import processes
from supervisor.controllers.base import MOST_BYTES, unknown
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import LoginState, Sight
from supervisor.platform import is_own

ANSWER = 3.0
TWO_FA_LASTS = 30.0
"""Seconds for which it may be passing through."""
MAIN_CLASSES = ("install4j.ibgateway.GWClient",)
_STARTING = frozenset(
    {
        "INIT",
        "LAUNCHING",
        "AGENT_WAIT",
        "APP_DISCOVERY",
        "LOGIN",
        "POST_LOGIN",
        "TWO_FA",
        "DISCLAIMERS",
        "API_WAIT",
        "CONFIG",
        "COMMAND_SERVER",
        "READY",
    }
)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A program that answers elsewhere is not the one that was named."""


class Ibg:
    """Asks the page."""

    every = 10.0
    patience = ANSWER + 2.0

    def __init__(self, asked: settings.Ibg) -> None:
        self._url = asked.health
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        self._two_fa_since: float | None = None
        self._pid: int | None = None
        self._restarts = 0

    def look(self) -> Sight:
        """Ask once."""
        try:
            said = json.loads(self._get())
        except (OSError, http.client.HTTPException) as error:
            seen = "cannot be asked from here" if is_own(error) else "does not answer"
            return unknown(f"the health page {seen}: {getattr(error, 'reason', error)}")
        except (ValueError, RecursionError):
            return unknown("the health page does not answer with JSON")
        return self._read(said) if isinstance(said, dict) else unknown("the health page has no states")

    def _get(self) -> bytes:
        try:
            with self._opener.open(self._url, timeout=ANSWER) as answer:
                return bytes(answer.read(MOST_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 503:  # not healthy, and says why
                    raise
                return error.read(MOST_BYTES)

    def _read(self, said: Mapping[str, Any]) -> Sight:
        state, alive, pid = str(said.get("state")), said.get("jvm_alive"), said.get("jvm_pid")
        running = alive if isinstance(alive, bool) else None
        if state != "TWO_FA" or not running:
            self._two_fa_since = None
        elif self._two_fa_since is None:
            self._two_fa_since = time.monotonic()
        process = None
        if isinstance(pid, int) and running:
            self._restarts += self._pid is not None and pid != self._pid
            self._pid = pid
            process = processes.identify(pid) if processes.has(pid, MAIN_CLASSES) else None
        login = self._login(said, state) if running else None
        return Sight(login, process=process, running=running, restarts=self._restarts)

    def _login(self, said: Mapping[str, Any], state: str) -> LoginState | None:
        streak = said.get("ccp_lockout_streak")
        if isinstance(streak, int) and streak > 0 and said.get("api_port_open") is False:
            return LoginState.LOCKED_OUT
        if self._two_fa_since is not None and time.monotonic() - self._two_fa_since >= TWO_FA_LASTS:
            return LoginState.SECOND_FACTOR
        return LoginState.STARTING if state in _STARTING else None
