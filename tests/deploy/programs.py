"""Prometheus and Alertmanager as processes on loopback, and what they tell."""

import json
import os
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.deploy.ports import quiet_port
from tests.deploy.tools import path_of
from tests.waiting import wait_until


class Program:
    """A server process that says at `/-/ready` when it is; a context manager."""

    def __init__(self, name: str, folder: Path, port: int, arguments: Sequence[str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / f"{name}-{port}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [path_of(name), *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "GOMAXPROCS": "1"},
            )

    def wait_ready(self) -> Self:
        """Wait until it serves."""
        wait_until(self._ready, 30, what=f"{self.url} to be ready; log:\n{self._log.read_text(errors='replace')}")
        return self

    def _ready(self) -> bool:
        try:
            self.get("/-/ready")
        except OSError:
            return False
        return True

    def get(self, path: str) -> str:
        """The body at `path`; raises OSError."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Self:
        return self.wait_ready()

    def __exit__(self, *_: object) -> None:
        self.close()


class Prometheus(Program):
    """A Prometheus; its runbooks are served as its config says people should."""

    def __init__(self, folder: Path, config: Path, assets: Path | None = None) -> None:
        port = quiet_port()
        arguments = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
        arguments += [f"--web.listen-address=127.0.0.1:{port}", f"--web.external-url=http://127.0.0.1:{port}"]
        arguments += [f"--web.user-assets={assets}"] if assets else []
        super().__init__("prometheus", folder, port, arguments)

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The result of an instant query; AssertionError with Prometheus' words if it is wrong."""
        try:
            answer = json.loads(self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expr})))
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{expr}: {error.read().decode()}") from None
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def value(self, expr: str) -> float | None:
        """The value of the only series of a query; None if there is none."""
        found = self.query(expr)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None


class Alertmanager(Program):
    """An Alertmanager without a cluster."""

    def __init__(self, folder: Path, config: Path) -> None:
        port = quiet_port()
        self.address = f"127.0.0.1:{port}"
        super().__init__(
            "alertmanager",
            folder,
            port,
            [
                f"--config.file={config}",
                f"--storage.path={folder / f'alerts-{port}'}",
                f"--web.listen-address={self.address}",
                "--log.level=debug",
                "--cluster.listen-address=",
            ],
        )

    def states(self) -> dict[tuple[str, str], str]:
        """What it holds: (alert, gateway) to `active` or `suppressed`."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("gateway", "")): alert["status"]["state"]
            for alert in json.loads(self.get("/api/v2/alerts"))
        }

    def silent(self) -> set[tuple[str, str]]:
        """The (alert, instance) that another alert silences."""
        return {
            (alert["labels"]["alertname"], alert["labels"]["instance"])
            for alert in json.loads(self.get("/api/v2/alerts"))
            if alert["status"]["state"] == "suppressed"
        }

    def told(self) -> set[tuple[str, str]]:
        """The (alert, instance) that nothing silences."""
        return {
            (alert["labels"]["alertname"], alert["labels"]["instance"])
            for alert in json.loads(self.get("/api/v2/alerts"))
            if alert["status"]["state"] == "active"
        }

    def raise_all(self, alerts: Sequence[tuple[str, dict[str, str]]]) -> None:
        """As Prometheus would, all in one message."""
        body = [{"labels": {"alertname": name, "job": "ib-supervisor", **labels}} for name, labels in alerts]
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def muted(self) -> int:
        """How often its log says that a notification was held back for the hour."""
        return self._log.read_text(encoding="utf-8", errors="replace").count("not within active time")

    def reload(self) -> None:
        """Read the config again."""
        request = urllib.request.Request(f"{self.url}/-/reload", method="POST", data=b"")
        urllib.request.urlopen(request, timeout=10).close()
