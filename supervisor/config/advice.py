"""Warnings: what is valid, and most likely not what was meant.

- A warning has the place of the value it speaks of, and says what to do about it. It never stops the daemon.
- Windows are compared by their instants, so zones and changes of the clocks need no rules: those of the two weeks after
  `now`, and of two weeks half a year later, when summer time is over or has come.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from supervisor.config.consistency import machine
from supervisor.config.model import FileKeys, GatewayKeys, ServerReset
from supervisor.config.reading.faults import Fault, Faults
from supervisor.config.settings import Config
from supervisor.config.translate import Place, find
from supervisor.config.values.window_keys import OnceWindowKeys, WeeklyWindowKeys
from supervisor.config.values.zones import doubt_about
from supervisor.core.calendar.rules import utc
from supervisor.core.calendar.windows import RESTARTS, Explains, Window, WindowKind, occurrences
from supervisor.core.model.policy import AccountMode, Policy
from supervisor.frozen import replace
from supervisor.yaml_lines import Expanded, Node

PROBE_CLIENT_ID: Final = 912
"""The id of the command `probe`."""

MANY: Final = 3
"""So many more places that say the same are counted, and not told one by one."""

_AHEAD: Final = timedelta(days=14)
_HALF_A_YEAR: Final = timedelta(weeks=26)


def warnings_of(config: Config, keys: FileKeys, root: Node, now: datetime) -> tuple[Fault, ...]:
    """All warnings, in the order of their lines."""
    advice = _Advice(root, Faults(str(config.path)), utc(now))
    for index, (gateway, policy) in enumerate(zip(keys.gateways, config.gateways, strict=True)):
        advice.on_gateway(index, gateway, policy)
    advice.on_same_minute(config.gateways)
    advice.on_same_gateway(config.gateways)
    advice.on_programs(config.gateways)
    advice.on_http(config)
    advice.on_permissions(config)
    advice.on_targets(config, keys)
    return tuple(sorted(_said_once(advice.faults.told()), key=lambda warning: warning.line))


def _said_once(warnings: tuple[Fault, ...]) -> Iterator[Fault]:
    """What many gateways are told in the same words is one warning, at the first of them."""
    places: dict[tuple[str, str], list[Fault]] = {}
    for warning in warnings:
        places.setdefault((warning.wrong, warning.right), []).append(warning)
    for first, *others in places.values():
        if len(others) < MANY:
            yield from (first, *others)
        else:
            more = f"{first.wrong}, and so in {len(others)} more places, the last in line {others[-1].line}"
            yield replace(first, wrong=more)


class _Advice:
    """The warnings so far, and what they are judged by."""

    def __init__(self, root: Node, faults: Faults, now: datetime) -> None:
        self._root, self.faults, self._now = root, faults, now
        self._looks = (now, now + _HALF_A_YEAR)

    def _said(self, place: Place, text: str) -> str:
        """`text`, which says the value at this place; its variables, if it came from some."""
        node, left = find(self._root, place)
        return text if left else node.said(text)

    def _warn(self, place: Place, wrong: str, right: str) -> None:
        node = find(self._root, place)[0]
        self.faults.add(node.line, node.path, wrong, right)

    def on_gateway(self, index: int, keys: GatewayKeys, policy: Policy) -> None:
        """What one gateway's keys say by themselves."""
        here: Place = ("gateways", index)
        if not keys.server_reset:
            region = (
                "north_america, where paper accounts are"
                if _is_paper(keys)
                else "north_america, europe or asia_pacific"
            )
            self._warn(here, "no region named, every nightly reset will be unplanned", f"write server_reset: {region}")
        elif _is_paper(keys) and not {ServerReset.NORTH_AMERICA, ServerReset.NONE} & set(keys.server_reset):
            wrong = "paper accounts are served from North America"
            self._warn((*here, "server_reset"), wrong, "write north_america")
        if keys.daily_restart is None:
            wrong = "no daily_restart, every restart of the gateway will be unplanned"
            self._warn(here, wrong, "write the time set in the gateway under Lock and Exit")
        for key in ("client_id", "client_id_fallback"):
            if getattr(keys, key) == PROBE_CLIENT_ID:
                self._warn((*here, key), f"{PROBE_CLIENT_ID} is the id of the command probe", "write another id")
        for place, zone in _zones(keys):
            if (doubt := doubt_about(zone)) is not None:
                self._warn((*here, *place), f"{self._said((*here, *place), zone)} {doubt[0]}", doubt[1])
        for number, window in enumerate(keys.windows):
            if isinstance(window, OnceWindowKeys) and window.to + timedelta(seconds=window.grace) <= self._now:
                name = self._said((*here, "windows", number, "name"), window.name)
                self._warn((*here, "windows", number), f"{name} is over", "remove it")
        for restart in policy.windows:
            if restart.kind in RESTARTS and (reset := self._reset_during(restart, policy)):
                wrong = f"falls into the server reset that begins {reset:%A %H:%M} UTC"
                self._warn((*here, restart.name), wrong, "restart outside of it, or the login may fail")

    def _reset_during(self, restart: Window, policy: Policy) -> datetime | None:
        """The beginning of a server reset that this restart falls into.

        A daily restart cannot keep out of the weekend's reset, a weekly one can.
        """
        resets = [
            reset
            for reset in policy.windows
            if reset.kind is WindowKind.SERVER_RESET
            and (restart.kind is WindowKind.WEEKLY_RESTART or reset.explains is Explains.UPSTREAM_FARMS)
        ]
        spans = [(found.at, found.end) for begin in self._looks for found in occurrences(resets, begin, begin + _AHEAD)]
        for at in self._instants(restart):
            for begin, end in spans:
                if begin <= at < end:
                    return begin
        return None

    def on_same_minute(self, policies: tuple[Policy, ...]) -> None:
        """Gateways of one host that share a settings directory and restart together delete each other's token."""
        minutes: dict[tuple[str, datetime], int] = {}
        together: dict[int, dict[int, str]] = {}
        for index, policy in enumerate(policies):
            for window in policy.windows:
                if window.kind not in RESTARTS:
                    continue
                for at in self._instants(window):
                    first = minutes.setdefault((machine(policy.host), at.replace(second=0, microsecond=0)), index)
                    if first != index:
                        together.setdefault(first, {}).setdefault(index, window.name)
        for first, others in together.items():
            (index, window_name), *more = others.items()
            whose = (first, *others) if more else (first,)
            names = ", ".join(self._name(each, policies) for each in whose)
            self._warn(
                ("gateways", index, window_name),
                f"{names} {'restart' if more else 'restarts'} on the same host in the same minute; "
                "with one settings directory they delete each other's token",
                "move each by a few minutes" if more else "move one by a few minutes",
            )

    def on_same_gateway(self, policies: tuple[Policy, ...]) -> None:
        """Two entries for one gateway say the same twice."""
        seen: dict[tuple[str, int], int] = {}
        for index, policy in enumerate(policies):
            first = seen.setdefault((machine(policy.host), policy.port), index)
            if first != index:
                wrong = f"{self._name(first, policies)} is the same gateway, on the same host and port"
                self._warn(("gateways", index), wrong, "remove one of the two entries")

    def on_programs(self, policies: tuple[Policy, ...]) -> None:
        """A gateway holds one session for each client id: the second program with an id is refused."""
        ours: dict[tuple[str, int], dict[int, str]] = {}
        for index, policy in enumerate(policies):
            here = ours.setdefault(
                (machine(policy.host), policy.port), {PROBE_CLIENT_ID: "the id of the command probe"}
            )
            for key in ("client_id_fallback", "client_id"):
                here[getattr(policy, key)] = f"the {key} of {self._name(index, policies)}"
            if policy.canary is not None:
                here[policy.canary.client_id] = f"the id of the canary of {self._name(index, policies)}"
        for index, policy in enumerate(policies):
            here = ours[(machine(policy.host), policy.port)]
            for number, program in enumerate(policy.programs):
                if program in here:
                    place: Place = ("gateways", index, "programs", number)
                    wrong = f"{self._said(place, str(program))} is also {here[program]}"
                    self._warn(place, wrong, "give one of them another id: the gateway refuses whichever comes second")

    def _name(self, index: int, policies: tuple[Policy, ...]) -> str:
        return self._said(("gateways", index, "name"), policies[index].name)

    def on_http(self, config: Config) -> None:
        """A page that others can read, without a password."""
        http = config.http
        if not http.security.known_clients and not _is_loopback(http.listen.host):
            listen = self._said(("http", "listen"), str(http.listen))
            wrong = f"everybody who reaches {listen} can read everything"
            self._warn(("http", "listen"), wrong, "write 127.0.0.1, or name a file with TLS and users under web_config")
        if http.security.users and http.security.tls is None and not _is_loopback(http.listen.host):
            wrong = "passwords travel without encryption"
            self._warn(("http", "web_config"), wrong, "add tls_server_config to that file")

    def on_permissions(self, config: Config) -> None:
        """Files that others can change, or secrets that they can read."""
        tls = config.http.security.tls
        if config.path is not None and _mode(config.path) & stat.S_IWOTH:
            self._warn((), f"everybody can change {config.path}", "take that right away: chmod o-w")
        for secret in (config.http.web_config if config.http.security.users else None, tls.key if tls else None):
            if secret is not None and _mode(secret) & (stat.S_IROTH | stat.S_IWOTH):
                self._warn(("http", "web_config"), f"everybody can read {secret}", "take that right away: chmod o-rwx")

    def on_targets(self, config: Config, keys: FileKeys) -> None:
        """Secrets in the file itself; targets that hear nothing, or next to nothing."""
        right = "write it as ${VAR}, or name a file under url_file"
        for number, target in enumerate(keys.notify):
            here: Place = ("notify", number)
            place: Place = (*here, "url")
            if target.quiet is not None and target.quiet.from_ == target.quiet.to:
                wrong = "from and to are the same, so it is quiet all day and nothing is ever sent"
                self._warn((*here, "quiet"), wrong, "write two times, or remove quiet")
            if target.gateways == ():
                wrong = "it names no gateway, so the target hears of the supervisor alone"
                self._warn((*here, "gateways"), wrong, "write all, or the names of gateways")
            if target.url is not None and _may_hold_secret(target.url) and self._literal(place):
                self._warn(place, "its secret stands in this file", right)
        url = config.heartbeat_url
        if url is not None and _may_hold_secret(url) and self._literal(("heartbeat_url",)):
            self._warn(("heartbeat_url",), "its secret stands in this file", "write it as ${VAR}")

    def _literal(self, place: Place) -> bool:
        """Whether the value stands in the file as it is."""
        node, left = find(self._root, place)
        return not left and not isinstance(node.value, Expanded)

    def _instants(self, window: Window) -> Iterator[datetime]:
        for begin in self._looks:
            until = begin + _AHEAD
            for moment in window.rule.moments(begin):
                if moment.at >= until:
                    break
                yield moment.at


def _is_paper(keys: GatewayKeys) -> bool:
    return keys.account_mode is AccountMode.PAPER


def _zones(keys: GatewayKeys) -> Iterator[tuple[Place, str]]:
    if keys.daily_restart is not None:
        yield ("daily_restart", "timezone"), keys.daily_restart.timezone
    if keys.weekly_restart is not None:
        yield ("weekly_restart", "timezone"), keys.weekly_restart.timezone
    for number, window in enumerate(keys.windows):
        if isinstance(window, WeeklyWindowKeys):
            yield ("windows", number, "timezone"), window.timezone


def _may_hold_secret(url: str) -> bool:
    """Whether the URL is more than a scheme and a host: a user, a path, or a question. Loopback is nobody's secret."""
    rest = url.partition("://")[2]
    authority, _, path = rest.partition("/")
    host = authority.rpartition("@")[2].rpartition(":")[0] or authority
    return ("@" in authority or bool(path.strip("/"))) and machine(host) != "localhost"


def _mode(path: Path) -> int:
    """Permissions; none for what is gone by now."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return machine(host) == "localhost"
