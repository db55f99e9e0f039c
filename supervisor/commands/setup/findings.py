"""What `doctor` looks at. Each check is a function that says what it saw, and what to do about it."""

import importlib.metadata
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from supervisor.commands.planning.schedule import local_zone
from supervisor.commands.shared.answers import Scrape
from supervisor.commands.shared.api_client import Client, Refused, Unreachable
from supervisor.commands.shared.terminal import span
from supervisor.config.load import ConfigError, load
from supervisor.config.settings import Config
from supervisor.core.model.policy import Policy
from supervisor.frozen import dataclass
from supervisor.gateway.selftest.trial import SelfTestError, self_test
from supervisor.gateway.versions import ibapi_version
from supervisor.observe.journal.place import NotAJournalError, refuse_foreign
from supervisor.platform import REUSE_ADDRESS, is_own

SCRAPED_WITHIN = timedelta(minutes=5)
"""An interval of Prometheus is shorter than this."""
LEAST_FREE = 200 * 1024 * 1024
"""Bytes that a journal should have left on its disk."""
UNIT = "ib-supervisor.service"


class Grade(Enum):
    """How it is, the worst first."""

    WRONG = "wrong"
    DOUBTFUL = "doubtful"
    WELL = "well"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to."""

    check: str
    grade: Grade
    seen: str
    cure: str = ""


def findings(file: Path | None, daemon: Callable[[], Client], env: Mapping[str, str]) -> list[Finding]:
    """What all checks come to. `file` is the config, if there is one; `daemon` is asked only if the config is right."""
    config, found = _config(file, env)
    found += [*_library(), *_beside_us(), _clock(), _zone()]
    if config is not None or file is None:
        found += _daemon(daemon(), config)
    if config is not None:
        found += [_journal(config), *_permissions(config), *map(of_gateway, config.gateways)]
    return [*found, _systemd()]


def _config(file: Path | None, env: Mapping[str, str]) -> tuple[Config | None, list[Finding]]:
    if file is None:
        cure = "Name it: ib-supervisor doctor --config FILE. If there is none: ib-supervisor init"
        return None, [Finding("config", Grade.UNKNOWN, "No config was named.", cure)]
    try:
        config = load(file, env)
    except ConfigError as error:
        first, *others = str(error).splitlines()
        more = f" (and {len(others)} more)" if others else ""
        return None, [Finding("config", Grade.WRONG, f"{first}{more}.", f"See all: ib-supervisor check-config {file}")]
    if config.warnings:
        count, warning = len(config.warnings), config.warnings[0]
        told = f"a warning: {warning}" if count == 1 else f"{count} warnings; the first: {warning}"
        seen = f"{file} is valid, with {told}."
        return config, [Finding("config", Grade.DOUBTFUL, seen, f"See all: ib-supervisor check-config {file}")]
    return config, [Finding("config", Grade.WELL, f"{file} is valid.")]


def _library() -> Iterator[Finding]:
    version = ibapi_version()
    if version.warning is not None:
        yield Finding("ibapi", Grade.WRONG, f"{version.warning}.")
        return
    try:
        self_test()
    except SelfTestError as error:
        yield Finding("ibapi", Grade.WRONG, f"{error}.", "Install another release of ibapi (docs/compatibility.md).")
    else:
        yield Finding("ibapi", Grade.WELL, f"{version}: a session with itself works.")


def _beside_us() -> Iterator[Finding]:
    names = set(importlib.metadata.packages_distributions().get("supervisor", ())) - {"ib-supervisor"}
    if names:
        seen = f"{', '.join(sorted(names))} is installed in the same environment and has the same import name."
        yield Finding("supervisord", Grade.DOUBTFUL, seen, "Install one of them elsewhere: pipx install ib-supervisor")


def _clock() -> Finding:
    said = _said("timedatectl", "show", "--property=NTPSynchronized", "--value")
    match said:
        case "yes":
            return Finding("clock", Grade.WELL, "This machine's clock is synchronised.")
        case "no":
            cure = "Switch it on: timedatectl set-ntp true (or install chrony)."
            return Finding(
                "clock", Grade.DOUBTFUL, "This machine's clock is not synchronised: windows may be missed.", cure
            )
        case _:
            return Finding(
                "clock", Grade.UNKNOWN, "Nobody here says whether the clock is synchronised.", "Compare it: date -u"
            )


def _zone() -> Finding:
    zone = local_zone()
    if zone is None:
        seen = "This machine's time zone has no name in the tz database."
        return Finding("zone", Grade.DOUBTFUL, seen, "Name the gateway's zone under `daily_restart: {timezone: ...}`.")
    return Finding("zone", Grade.WELL, f"This machine is in {zone.key}. The gateway's zone is that of its own machine.")


def _daemon(daemon: Client, config: Config | None) -> Iterator[Finding]:
    try:
        answer = daemon.status()
    except Refused as error:
        yield Finding("daemon", Grade.WRONG, f"It does not answer us: {error}.")
        return
    except Unreachable as error:
        yield _not_running(error, config)
        return
    gateways = answer["gateways"]
    up = sum(gateway["status"] == "up" for gateway in gateways)
    grade = Grade.WELL if up == len(gateways) else Grade.DOUBTFUL
    cure = "" if grade is Grade.WELL else "See why: ib-supervisor status"
    yield Finding(
        "daemon", grade, f"{daemon.url} answers, version {answer['version']}: {up} of {len(gateways)} up.", cure
    )
    yield _scrape(daemon)


def _not_running(error: Unreachable, config: Config | None) -> Finding:
    if config is None:
        return Finding("daemon", Grade.DOUBTFUL, f"{error}.")
    listen = config.http.listen
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, REUSE_ADDRESS)
        try:
            tried.bind((listen.host, listen.port))
        except OSError as refused:
            seen = f"No daemon answers, and a new one cannot listen on {listen}: {refused.strerror}."
            cure = (
                f"See who has it: ss -ltnp 'sport = :{listen.port}'. If it is the daemon, it hangs: restart it. "
                "Else write another port or address under `http: {listen: ...}`."
            )
            return Finding("port", Grade.WRONG, seen, cure)
    cure = f"Start it: systemctl start ib-supervisor, or ib-supervisor run --config {config.path}"
    return Finding("daemon", Grade.DOUBTFUL, f"It does not run; its port {listen.port} is free.", cure)


def _scrape(daemon: Client) -> Finding:
    try:
        last: Any = daemon.get("/api/v1/scrape", Scrape)["prometheus"]
    except (Refused, Unreachable) as error:
        return Finding("prometheus", Grade.UNKNOWN, f"It is not known: {error}")
    cure = "Add a scrape config: ib-supervisor files prometheus DIR. Without Prometheus: docs/without-prometheus.md"
    if last is None:
        return Finding("prometheus", Grade.DOUBTFUL, "Prometheus has not scraped this daemon since its start.", cure)
    ago = datetime.now(UTC) - datetime.fromisoformat(last)
    seen = f"Prometheus scraped {span(round(ago.total_seconds()))} ago."
    return (
        Finding("prometheus", Grade.WELL, seen)
        if ago < SCRAPED_WITHIN
        else Finding("prometheus", Grade.WRONG, seen, "See Status > Targets in Prometheus.")
    )


def _journal(config: Config) -> Finding:
    path = config.journal.path
    if path is None:
        return Finding(
            "journal", Grade.DOUBTFUL, "It is in memory, and lost at the end.", "Name a file: `journal: {path: ...}`."
        )
    try:
        refuse_foreign(path)
    except NotAJournalError as error:
        return Finding("journal", Grade.WRONG, f"{path}: {error}.", "Write another path under `journal`.")
    folder = next(each for each in path.resolve().parents if each.exists())
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        return Finding("journal", Grade.WRONG, f"{folder} has {free >> 20} MB left.", "Make room on this disk.")
    if not os.access(path if path.exists() else folder, os.W_OK):
        seen = f"{path} cannot be written by this user."
        return Finding(
            "journal", Grade.UNKNOWN, seen, "Ask as the service's user: sudo -u ib-supervisor ib-supervisor doctor"
        )
    size = f"{path.stat().st_size >> 10} KB" if path.exists() else "not there yet"
    return Finding("journal", Grade.WELL, f"{path} ({size}) can be written; {free >> 20} MB are free.")


def _permissions(config: Config) -> Iterator[Finding]:
    loose = []
    for file, forbidden in ((config.path, stat.S_IWGRP | stat.S_IWOTH), (config.http.web_config, stat.S_IRWXO)):
        if file is not None and file.exists() and file.stat().st_mode & forbidden:
            loose.append(str(file))
    if loose:
        seen = f"Others may change or read {', '.join(loose)}."
        yield Finding("permissions", Grade.WRONG, seen, f"chmod go-w,o-rwx {' '.join(loose)}")
    else:
        yield Finding("permissions", Grade.WELL, "Nobody else may change the config.")


def of_gateway(policy: Policy) -> Finding:
    """Whether its port accepts a connection."""
    place = f"{policy.host}:{policy.port}"
    try:
        socket.create_connection((policy.host, policy.port), 2.0).close()
    except OSError as error:
        cure = f"See why: ib-supervisor probe {place}"
        if is_own(error):
            return Finding(policy.name, Grade.UNKNOWN, f"{place} cannot be asked: {error.strerror}.", cure)
        return Finding(policy.name, Grade.WRONG, f"{place} does not accept: {error.strerror or error}.", cure)
    return Finding(policy.name, Grade.WELL, f"{place} accepts connections.")


def _systemd() -> Finding:
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").exists():
        return Finding(
            "systemd",
            Grade.UNKNOWN,
            "This machine does not run systemd.",
            "See that something starts the daemon again.",
        )
    active, enabled = _said("systemctl", "is-active", UNIT), _said("systemctl", "is-enabled", UNIT)
    if active == "active" and enabled == "enabled":
        return Finding("systemd", Grade.WELL, f"{UNIT} runs, and starts with the machine.")
    seen = f"{UNIT} is {active or 'unknown'}, {enabled or 'not installed'}."
    return Finding("systemd", Grade.DOUBTFUL, seen, f"sudo systemctl enable --now {UNIT} (docs/install.md)")


def _said(*words: str) -> str:
    """What a program of the system says in a few seconds; nothing without it."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
