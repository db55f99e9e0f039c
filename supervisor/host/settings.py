"""The arguments of a host as the core's policy, without the config file's libraries.

Every mistake raises ValueError with the name of the argument and what would be right.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from supervisor.core.calendar.durations import seconds_of
from supervisor.core.calendar.rules import FRIDAY, Weekly
from supervisor.core.calendar.windows import (
    RESTART_GRACE,
    RESTART_LEAD,
    Explains,
    Window,
    daily_restart,
    server_reset,
    weekly_restart,
)
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.gate import GatePolicy
from supervisor.core.model.policy import AccountMode, Policy, Reauth, RequiredFarm, Timing
from supervisor.frozen import replace

Restart = Mapping[str, str]
"""`time` and `timezone`, for a weekly one also `day`; if wanted `lead` and `grace` such as `30s` and `5m`."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKEND = server_reset(Weekly(FRIDAY, time(23, 0), "America/New_York"), timedelta(hours=4), Explains.EVERY_LAYER)
"""IBKR's own, in all regions."""


_NAME = re.compile(r"[^\W_][\w .-]{0,62}")
_MAY_BE_NOTHING = frozenset({"stable_after", "settle", "outage_merge"})
_LEAST = 0.05


class WhenDown(StrEnum):
    """What a request does that comes while no session lives. Orders, cancels and exercises always raise."""

    RAISE = "raise"
    """It raises `NotSent`."""
    WAIT = "wait"
    """It waits for the next session and is made there; after `wait_timeout` it raises."""
    DROP = "drop"
    """It is forgotten, with a line in the log."""


def policy_of(
    *,
    host: str,
    port: int,
    client_id: int,
    name: str | None,
    daily: Restart | None,
    weekly: Restart | None,
    windows: tuple[Window, ...],
    account_mode: str,
    required_farms: tuple[str, ...] | None,
    upstream_probe: bool,
    gate: GatePolicy,
    timing: Mapping[str, float] | None,
) -> Policy:
    """The policy of a hosted program. Raises ValueError."""
    if not _is_number(port) or not 0 < port < 65536:
        raise ValueError(f"port={port!r}: a number from 1 to 65535, such as 4001")
    if not _is_number(client_id) or not 0 <= client_id < 2**31:
        raise ValueError(f"client_id={client_id!r}: a number from 0 to 2147483647, of this program alone")
    if not isinstance(host, str) or not host or any(letter.isspace() for letter in host):
        raise ValueError(f"host={host!r}: a name or an address, such as 127.0.0.1")
    if name is not None and (not isinstance(name, str) or not _NAME.fullmatch(name)):
        raise ValueError(f"name={name!r}: up to 63 letters, digits, spaces and . _ -; the first is a letter or digit")
    if account_mode not in tuple(AccountMode):
        raise ValueError(f"account_mode={account_mode!r}: live, paper or any")
    if not isinstance(windows, tuple | list) or not all(isinstance(window, Window) for window in windows):
        raise ValueError(f"windows={windows!r}: a tuple of supervisor.core.calendar.windows.Window")
    seconds("gate_before_restart", gate.before_restart)
    restarts = [_restart(daily, "daily_restart")] if daily is not None else []
    restarts += [_restart(weekly, "weekly_restart")] if weekly is not None else []
    return Policy(
        name=name if name is not None else f"client-{client_id}",
        host=host,
        port=port,
        client_id=client_id,
        account_mode=AccountMode(account_mode),
        required_farms=None if required_farms is None else _farms(required_farms),
        timezone=next((restart["timezone"] for restart in (daily, weekly) if restart is not None), None),
        windows=(*restarts, WEEKEND, *windows),
        reauth=Reauth.AUTOMATIC if account_mode == AccountMode.PAPER else Reauth.MANUAL,
        upstream_probe=upstream_probe,
        gate=gate,
        timing=_timing(timing or {}),
    )


def seconds(argument: str, value: object, least: float = 0.0) -> float:
    """A time in seconds. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < least:
        raise ValueError(f"{argument}={value!r}: seconds, at least {least:g}")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _farms(told: object) -> tuple[RequiredFarm, ...]:
    if not isinstance(told, tuple | list) or not all(isinstance(farm, str) and farm for farm in told):
        raise ValueError(f'required_farms={told!r}: a tuple of names, such as ("usfarm", "historical/ushmds")')
    found = []
    for farm in told:
        kind, slash, name = farm.rpartition("/")
        if slash and kind not in tuple(FarmKind):
            raise ValueError(f"required_farms: {farm!r} begins with no kind: {', '.join(FarmKind)}")
        found.append(RequiredFarm(name, FarmKind(kind) if slash else None))
    return tuple(found)


def _restart(told: Restart, argument: str) -> Window:
    if not isinstance(told, Mapping) or not all(isinstance(value, str) for value in told.values()):
        raise ValueError(f'{argument}={told!r}: texts, such as {{"time": "23:45", "timezone": "America/New_York"}}')
    allowed = {"time", "timezone", "lead", "grace"} | ({"day"} if argument == "weekly_restart" else set())
    unknown, missing = told.keys() - allowed, (allowed - {"lead", "grace"}) - told.keys()
    if unknown or missing:
        wrong = f"unknown {', '.join(sorted(unknown))}" if unknown else f"without {', '.join(sorted(missing))}"
        raise ValueError(f'{argument}: {wrong}; such as {{"time": "23:45", "timezone": "America/New_York"}}')
    try:
        at = time.fromisoformat(told["time"])
        ZoneInfo(told["timezone"])
        lead = _duration(told, "lead", RESTART_LEAD)
        grace = _duration(told, "grace", RESTART_GRACE)
    except (TypeError, ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{argument}: {error}") from None
    if argument == "daily_restart":
        return daily_restart(at, told["timezone"], lead, grace)
    if told["day"].lower() not in DAYS:
        raise ValueError(f"{argument}: day {told['day']!r}: one of {', '.join(DAYS)}")
    return weekly_restart(DAYS.index(told["day"].lower()), at, told["timezone"], lead, grace)


def _duration(told: Restart, key: str, default: timedelta) -> timedelta:
    if key not in told:
        return default
    seconds = seconds_of(told[key])
    if seconds is None:
        raise ValueError(f"{key} {told[key]!r}: a duration such as 30s or 5m")
    return timedelta(seconds=seconds)


def _timing(told: Mapping[str, float]) -> Timing:
    if not isinstance(told, Mapping):
        raise ValueError(f'timing={told!r}: seconds by their names, such as {{"heartbeat_interval": 3.0}}')
    unknown = told.keys() - {field.name for field in fields(Timing)}
    if unknown:
        raise ValueError(f"timing: unknown {', '.join(sorted(unknown))}")
    timing = Timing()
    for name, value in told.items():
        if name != "heartbeat_misses":
            seconds(f"timing: {name}", value, 0.0 if name in _MAY_BE_NOTHING else _LEAST)
        elif not _is_number(value) or value < 1:
            raise ValueError(f"timing: heartbeat_misses={value!r}: a whole number, at least 1")
        timing = replace(timing, **{name: value})  # type: ignore[arg-type]
    if timing.heartbeat_interval < 1.2:
        raise ValueError("timing: heartbeat_interval is at least 1.2: a gateway ignores a request that comes sooner")
    return timing
