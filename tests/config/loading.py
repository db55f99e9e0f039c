"""How the tests of the config get one: from a text, at a fixed instant, with a given environment."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from supervisor.config.load import Config, load
from supervisor.config.reading.faults import ConfigError

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
"""A Wednesday; New York is on winter time."""

FILES = Path(__file__).parents[2] / "config"
LIVE = "{name: live, port: 4001, client_id: 911}"


def config_of(text: str, env: Mapping[str, str] | None = None, now: datetime = NOW) -> Config:
    """The config in this text. Raises ConfigError."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "supervisor.yaml")
        file.write_text(text, encoding="utf-8")
        return load(file, env or {}, now)


def faults_in(text: str, env: Mapping[str, str] | None = None) -> list[str]:
    """Line, path and words of each fault in this text."""
    try:
        config_of(text, env)
    except ConfigError as error:
        return [f"{fault.line}: {fault.path}: {fault.wrong}; {fault.right}" for fault in error.faults]
    return []


def gateway(keys: str) -> str:
    """A file with one valid gateway that has these further keys, in flow style."""
    return f"gateways: [{{name: live, port: 4001, client_id: 911, {keys}}}]\n"
