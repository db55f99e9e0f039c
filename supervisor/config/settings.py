"""The validated configuration: frozen, and all that the daemon knows of the file.

- Durations are seconds, paths are absolute, nothing is left to be parsed.
- Two configurations are compared by `changes`; who has a policy asks `Policy.same_session` what its session may keep.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from supervisor.config.reading.faults import Fault
from supervisor.config.values.readers import Endpoint
from supervisor.core.model.policy import Policy
from supervisor.core.parts.telling.outbox import Rules
from supervisor.frozen import dataclass, replace

DEFAULT_LISTEN = Endpoint("127.0.0.1", 14000)
DEFAULT_RETENTION = 400 * 86400.0


class LogLevel(StrEnum):
    """The least important lines that are still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks."""

    CONSOLE = "console"
    JSON = "json"
    JOURNALD = "journald"


@dataclass(frozen=True, slots=True)
class Tls:
    """What encrypts HTTP: files in PEM, and words of the exporter-toolkit's format."""

    cert: Path
    key: Path
    client_ca: Path | None = None
    clients: str = "NoClientCert"
    min_version: str = "TLS12"
    max_version: str | None = None


@dataclass(frozen=True, slots=True)
class Security:
    """Who may use HTTP, and how: nothing of it, by default."""

    tls: Tls | None = None
    users: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Names and bcrypt hashes."""

    @property
    def known_clients(self) -> bool:
        """Whether every client has proved who it is, by a password or a certificate."""
        return bool(self.users) or (self.tls is not None and self.tls.clients == "RequireAndVerifyClientCert")


@dataclass(frozen=True, slots=True)
class Http:
    """Where metrics, status page and API are; port 0 is one that the system chooses."""

    listen: Endpoint = DEFAULT_LISTEN
    web_config: Path | None = None
    """TLS and basic auth, in the exporter-toolkit's format,"""
    security: Security = Security()
    """and what that file says."""
    names: tuple[str, ...] = ()
    """Names, beside this machine's own, under which a client may ask."""

    @property
    def lasting(self) -> Http:
        """What only a restart changes: everything except the list of users. Whether there are users at all counts."""
        some = (("", ""),) if self.security.users else ()
        return replace(self, security=replace(self.security, users=some))


@dataclass(frozen=True, slots=True)
class Journal:
    """The history; `path` None is in memory, `retention` is seconds, `line` is where the file names the path."""

    path: Path | None = None
    retention: float = DEFAULT_RETENTION
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Log:
    """What is written; `wire` is the folder of the wire log, None for none."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.CONSOLE
    wire: Path | None = None


class Format(StrEnum):
    """How a message to people looks."""

    SHORT = "short"
    LONG = "long"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Target:
    """Where messages to people go. `line` and `place` are where the file says so."""

    rules: Rules
    url: str = field(repr=False)
    """With its secret."""
    format: Format = Format.SHORT
    line: int = field(default=0, compare=False)
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Gates:
    """The gate for programs; `directory` None: no files are written. `line` is where the file names it."""

    directory: Path | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Config:
    """One valid config. `path` is None without a file; `warnings` are what `check-config` warns of.

    `notes` are names of gateways, each with something that an operator should know and cannot change.
    """

    gateways: tuple[Policy, ...]
    http: Http = Http()
    journal: Journal = Journal()
    log: Log = Log()
    gate: Gates = Gates()
    show_accounts: bool = False
    path: Path | None = None
    warnings: tuple[Fault, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    notify: tuple[Target, ...] = ()
    heartbeat_url: str | None = field(default=None, repr=False)
    heartbeat_every: float = 60.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reload means. `changed` are policies of the new config whose gateway was there under the same name.

    `needs_restart` has the sections that were changed but stay as they are until a restart.
    """

    added: tuple[Policy, ...]
    removed: tuple[Policy, ...]
    changed: tuple[Policy, ...]
    needs_restart: tuple[str, ...]

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.changed, self.needs_restart))


def changes(old: Config, new: Config) -> Changes:
    """What is different in `new`, in the order of its gateways."""
    before = {policy.name: policy for policy in old.gateways}
    after = {policy.name: policy for policy in new.gateways}
    return Changes(
        added=tuple(policy for name, policy in after.items() if name not in before),
        removed=tuple(policy for name, policy in before.items() if name not in after),
        changed=tuple(policy for name, policy in after.items() if name in before and before[name] != policy),
        needs_restart=tuple(
            section
            for section, before, after in (
                ("http", old.http.lasting, new.http.lasting),
                ("journal", old.journal, new.journal),
            )
            if before != after
        ),
    )


def state_path(path: str, config: Path, env: Mapping[str, str]) -> Path:
    """Where a file of the daemon's own lies: relative to `$STATE_DIRECTORY`, without it beside the config file.

    systemd separates several directories by colons; the first one counts.
    """
    return _in_own(path, config, env.get("STATE_DIRECTORY", ""))


def runtime_path(path: str, config: Path, env: Mapping[str, str]) -> Path:
    """Where what needs not survive lies: relative to `$RUNTIME_DIRECTORY`, without it beside the config file."""
    return _in_own(path, config, env.get("RUNTIME_DIRECTORY", ""))


def _in_own(path: str, config: Path, directories: str) -> Path:
    first = directories.split(":")[0]
    return Path(first, path) if first else beside(path, config)


def beside(path: str, config: Path) -> Path:
    """A path relative to the config file's folder, absolute."""
    return Path(os.path.abspath(config)).parent / path
