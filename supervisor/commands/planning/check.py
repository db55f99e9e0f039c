"""`ib-supervisor check-config`: is this file valid, and what would the daemon do with it?

- The plan goes to standard output. Faults and warnings go to standard error, one line each, with the place in the file.
- Exit status 0 for a valid file, warnings or not; 78 (`EX_CONFIG`) for any other.
- Times are in the gateway's zone, or in UTC if the config names none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from supervisor.commands.planning.eyes import eyes
from supervisor.commands.shared.journal_file import with_its_own_journal
from supervisor.commands.shared.printer import say, say_text
from supervisor.commands.shared.table import Row, lay_out
from supervisor.commands.shared.terminal import width
from supervisor.config.load import Config, ConfigError, load
from supervisor.config.reading.faults import Fault
from supervisor.config.settings import Target
from supervisor.config.values.readers import Endpoint
from supervisor.core.calendar.durations import written
from supervisor.core.calendar.rules import zone_of
from supervisor.core.calendar.schedule import logins_due
from supervisor.core.calendar.windows import RESTARTS, Occurrence, occurrences
from supervisor.core.model.gate import GateFarms
from supervisor.core.model.policy import Policy, Reauth, Timing
from supervisor.core.model.recovery.rules import MarketHours, NeedsLogin, RecoveryPolicy
from supervisor.daemon.lock import about
from supervisor.daemon.people import refuse_unknown_targets
from supervisor.observe.gate.files import writer_of
from supervisor.observe.notify.heartbeat import failure_of

BAD_CONFIG: Final = 78
"""EX_CONFIG of sysexits.h. systemd does not restart a daemon that ends with it."""

_AHEAD: Final = timedelta(days=8)
_LOGIN: Final = {Reauth.MANUAL: "login by a person", Reauth.AUTOMATIC: "login without a person"}
_USUAL: Final = Timing()


def check_config(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The config file.", show_default=False)],
) -> None:
    """Validate a config file, and print what the daemon would do with it.

    Exits with 78 if it is not valid, and prints each fault with its line.
    """
    raise typer.Exit(check(file, os.environ, datetime.now(UTC)))


def check(file: Path, env: Mapping[str, str], now: datetime) -> int:
    """Print the plan and the warnings, or the faults. Returns the exit status."""
    try:
        config = with_its_own_journal(load(file, env, now))
        refuse_unknown_targets(config)
    except ConfigError as error:
        say_text(error, err=True)
        return BAD_CONFIG
    say_text(plan(config, now, width()))
    for warning in (*config.warnings, *_gates_of_others(config)):
        say(f"warning: {warning}", err=True)
    return 0


def _gates_of_others(config: Config) -> Iterator[Fault]:
    """Files of the gate that a daemon with another config keeps in the same folder."""
    folder, found = config.gate.directory, dict[str, list[str]]()
    if folder is None:
        return
    for policy in config.gateways:
        found.setdefault(writer_of(folder, policy.name), []).append(policy.name)
    for writer, names in found.items():
        if writer and not writer.endswith(about(config)):
            wrong = f"another ib-supervisor ({writer}) writes the files of the gates in {folder} ({', '.join(names)})"
            yield Fault(str(config.path), config.gate.line, "gate.directory", wrong, "write a folder of its own")


def plan(config: Config, now: datetime, width: int | None) -> str:
    """What the daemon would do, in lines for people."""
    count = len(config.gateways)
    lines = [f"{config.path}: valid, {count} gateway{'' if count == 1 else 's'}"]
    for policy in config.gateways:
        facts = [*_facts(policy, now), *(("note", note) for name, note in config.notes if name == policy.name)]
        lines += ["", policy.name, _listed([(f"  {name:<10}", value) for name, value in facts], width)]
    return "\n".join([*lines, "", _listed([(f"{name:<10}", value) for name, value in _own(config)], width)])


def _listed(facts: Sequence[tuple[str, str]], width: int | None) -> str:
    return lay_out([""], [Row([Text(name)], value) for name, value in facts], width).text().plain


def _facts(policy: Policy, now: datetime) -> Iterator[tuple[str, str]]:
    fallback = f", else {policy.client_id_fallback}" if policy.client_id_fallback else ""
    farms = policy.required_farms
    yield "gateway", f"{Endpoint(policy.host, policy.port)}, client id {policy.client_id}{fallback}"
    if policy.programs:
        yield "programs", f"client ids {', '.join(map(str, policy.programs))}"
    if policy.labels:
        yield "labels", ", ".join(f"{name}={value}" for name, value in policy.labels)
    yield "accounts", f"{policy.account_mode}, {_LOGIN[policy.reauth]}"
    yield "farms", "all are required" if farms is None else ", ".join(map(str, farms)) or "none is required"
    yield "zone", policy.timezone or "not known, times are in UTC"
    yield from _next_openings(policy, now)
    for login in logins_due([(policy.name, policy.windows)], now, now + _AHEAD)[:1]:
        yield "login due", _clock(login.at, policy)
    for field in fields(Timing):
        value, usual = getattr(policy.timing, field.name), getattr(_USUAL, field.name)
        if value != usual:
            yield "timing", f"{field.name} {_timer(value)} (default {_timer(usual)})"
    yield "gate", _gate(policy)
    yield from eyes(policy)
    if policy.recovery is not None:
        yield from (("recovery", line) for line in _recovery(policy.recovery))
    if policy.follow_port_change:
        yield "port", "followed when the gateway announces another one"
    if not policy.upstream_probe:
        yield "probe", "off: only a notice, or silence, shows that IBKR's servers are back"


def _next_openings(policy: Policy, now: datetime) -> Iterator[tuple[str, str]]:
    """The next opening of each window, or the one that is open now. Windows that are months away come last."""
    seen: set[str] = set()
    for horizon in (_AHEAD, timedelta(days=3660)):
        windows = [window for window in policy.windows if window.name not in seen]
        for occurrence in _first_of_each(occurrences(windows, now, now + horizon), {each.name for each in windows}):
            seen.add(occurrence.window.name)
            until = _clock(occurrence.planned_until, policy)
            now_open = ", open now" if occurrence.contains(now) else ""
            yield "window", f"{occurrence.window.name}: {_clock(occurrence.start, policy)} to {until}{now_open}"


def _first_of_each(found: Iterator[Occurrence], names: set[str]) -> Iterator[Occurrence]:
    while names and (occurrence := next(found, None)) is not None:
        if occurrence.window.name in names:
            names.discard(occurrence.window.name)
            yield occurrence


def _own(config: Config) -> Iterator[tuple[str, str]]:
    """The settings of the daemon itself."""
    secured = f", TLS and users as in {config.http.web_config}" if config.http.web_config else ""
    kept = written(config.journal.retention)
    yield "http", f"{'https' if config.http.security.tls else 'http'}://{config.http.listen}{secured}"
    yield "journal", f"{config.journal.path}, entries kept for {kept}"
    yield (
        "log",
        f"{config.log.level}, {config.log.format}" + (f", messages in {config.log.wire}" if config.log.wire else ""),
    )
    yield "gate", f"files in {config.gate.directory}" if config.gate.directory else "over HTTP alone, no files"
    for target in config.notify:
        yield "notify", _target(target)
    if config.heartbeat_url is not None:
        fails = ", with its address for failures" if failure_of(config.heartbeat_url) is not None else ""
        yield "heartbeat", f"fetched every {written(config.heartbeat_every)}{fails}"
    yield "accounts", "shown in full" if config.show_accounts else "masked"


def _gate(policy: Policy) -> str:
    """What closes the gate, beside what always does."""
    wanted = policy.gate
    farms = {
        GateFarms.MARKET_DATA: "by a required farm of market data",
        GateFarms.REQUIRED: "by a required farm",
        GateFarms.IGNORE: "by no farm",
    }[wanted.farms]
    ids = ", by a lower order id" if wanted.order_ids else ""
    restarts = any(window.kind in RESTARTS for window in policy.windows)
    before = f"{written(wanted.before_restart)} before a restart, " if restarts else ""
    return f"closed {before}{farms}{ids}; opens after {written(wanted.quiet)}"


def _target(target: Target) -> str:
    """Who is told what and when; of the URL the scheme alone."""
    rules = target.rules
    whom = "all gateways" if rules.gateways is None else ", ".join(sorted(rules.gateways)) or "no gateway"
    quiet = rules.quiet
    hours = "" if quiet is None else f", quiet from {quiet.begins:%H:%M} to {quiet.ends:%H:%M} {quiet.zone}"
    scheme = target.url.partition("://")[0].lower()
    return f"{rules.name} by {scheme}, {target.format}: {rules.min_severity} and above of {whom}{hours}"


def _recovery(recovery: RecoveryPolicy) -> Iterator[str]:
    """What may be done, in the order in which it is tried."""
    for rung in recovery.rungs:
        cost = {"never": "no login", "maybe": "a login perhaps", "yes": "a login"}[rung.needs_login]
        free = rung.unattended or rung.needs_login is NeedsLogin.NEVER
        word = "by itself" if free else "after `ib-supervisor approve`"
        often = f"at most {rung.most} in 24 h"
        yield f"{rung.rung} after {written(rung.patience)}, {often}, {word}; it costs {cost}"
        if rung.argv:
            yield f"  runs {' '.join(rung.argv)}"
    if recovery.market_hours is MarketHours.AVOID:
        yield "everything waits for approval while the market is open"
    yield f"nothing within {written(recovery.quiet_before_restart)} before a scheduled restart"
    if recovery.dry_run:
        yield "a dry run: nothing is done at all"


def _timer(value: float | int) -> str:
    return written(value) if isinstance(value, float) else str(value)


def _clock(instant: datetime, policy: Policy) -> str:
    """What a clock in the gateway's zone shows then."""
    shown = instant.astimezone(zone_of(policy.timezone) if policy.timezone else UTC)
    return f"{shown:%a %Y-%m-%d %H:%M:%S %Z}" if shown.second else f"{shown:%a %Y-%m-%d %H:%M %Z}"
