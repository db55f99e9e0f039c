"""A stand-in for IBC in front of a simulated gateway: it takes RESTART, and the gateway is anew after some seconds.

It has a process with the name that IBC's has, because recovery asks whether this very process was seen logged in. Its
RESTART keeps the login, as IBC's does.
"""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

from supervisor.simulator import SimulatedGateway

TAKES = 5.0
"""Seconds of a restart. A real one takes a minute."""
FAR = timedelta(hours=6)
_COMMAND = (sys.executable, "-c", "import time; time.sleep(1e6)", "ibcalpha.ibc.IbcGateway")


class StandIn:
    """Serves from its making to its `close`; a restart takes so many seconds."""

    def __init__(self, gateway: SimulatedGateway, takes: float = TAKES) -> None:
        self.asked: list[float] = []
        """When a restart was asked for, on CLOCK_MONOTONIC."""
        self.done: list[float] = []
        """When the gateway was back from it."""
        self._gateway = gateway
        self._takes = takes
        self._process = subprocess.Popen(_COMMAND)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def config(self, daily: str) -> str:
        """Keys of the gateway in the daemon's config.

        `daily` is the minute of its daily restart in UTC, or nothing: then it is far away. Without any, nothing would
        be known of its login, and RESTART would wait for a person.
        """
        minute = daily or f"{datetime.now(UTC) + FAR:%H:%M}"
        ibc = f"{{kind: ibc, port: {self.port}, auto_restart_time_set: true}}"
        rungs = "[{rung: restart, patience: 10s, unattended: true}]"
        return (
            f", controller: {ibc}, recovery: {{market_hours: ignore, rungs: {rungs}}}"
            f', daily_restart: {{time: "{minute}", timezone: UTC}}'
        )

    def close(self) -> None:
        """End it, and its process."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._process.kill()
        self._process.wait()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                said = connection.recv(1024).strip().upper()
                restart = said == b"RESTART"
                connection.sendall(b"OK RESTART in progress\n" if restart else b"OK Goodbye\n")
            if restart:
                self.asked.append(time.monotonic())
                threading.Thread(target=self._restart, daemon=True).start()

    def _restart(self) -> None:
        self._process.kill()
        self._process.wait()
        self._gateway.do("refuse")
        self._gateway.do("thaw")
        time.sleep(self._takes)
        self._process = subprocess.Popen(_COMMAND)
        self._gateway.do("accept_again")
        self.done.append(time.monotonic())
