"""The simulated gateway as a process, told over its control socket what goes wrong: nothing of it is imported."""

import json
import re
import socket
import subprocess
import sys
import threading
from typing import Any

_PORTS = re.compile(r"listening on 127\.0\.0\.1:(\d+)|control on 127\.0\.0\.1:(\d+)")


class Gateway:
    """One `ib-supervisor simulate`, on ports that the system gave it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "supervisor", "simulate", "--port", "0", "--control", "0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port, control = self._announced(), self._announced()
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()
        self._control = socket.create_connection(("127.0.0.1", control), timeout=30)
        self._answers = self._control.makefile("r", encoding="utf-8")

    def do(self, word: str, **arguments: Any) -> dict[str, Any]:
        """Carry out one step; `for_` is the argument `for`."""
        step = {"do": word, **{name.rstrip("_"): value for name, value in arguments.items()}}
        self._control.sendall(json.dumps(step).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._answers.readline())
        assert answer.pop("ok"), answer
        return answer

    def close(self) -> None:
        """End the process."""
        self._answers.close()
        self._control.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join(5)
            if self._process.stdout is not None:
                self._process.stdout.close()

    def _announced(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = _PORTS.search(line)
        assert found is not None, line
        return int(found[1] or found[2])

    def _drain(self) -> None:
        if self._process.stdout is not None:
            for _ in self._process.stdout:
                pass
