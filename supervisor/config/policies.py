"""From the validated keys of a gateway to its policy: the last place that knows how the file is written."""

from __future__ import annotations

from datetime import date, timedelta

from supervisor.config.consistency import is_loopback
from supervisor.config.model import GatewayKeys, ServerReset
from supervisor.config.values.canary_keys import canary_of
from supervisor.config.values.controller_keys import controller_of
from supervisor.config.values.recovery_keys import recovery_of
from supervisor.config.values.resets import NONE, reset_windows
from supervisor.config.values.window_keys import OnceWindowKeys, WeeklyWindowKeys
from supervisor.core.calendar.rules import Once, Weekly
from supervisor.core.calendar.schedule import gateway_zone
from supervisor.core.calendar.windows import Window, custom, daily_restart, weekly_restart
from supervisor.core.model.gate import GatePolicy
from supervisor.core.model.policy import AccountMode, Policy, Reauth, Timing


def policy_of(keys: GatewayKeys, show_accounts: bool, today: date) -> Policy:
    """The policy; `today` chooses the published table of server resets."""
    windows = (*_restarts(keys), *_resets(keys, today), *map(_own_window, keys.windows))
    return Policy(
        name=keys.name,
        host=keys.host,
        port=keys.port,
        client_id=keys.client_id,
        client_id_fallback=keys.client_id_fallback,
        account_mode=keys.account_mode,
        required_farms=keys.required_farms,
        timezone=gateway_zone(windows),
        windows=windows,
        reauth=keys.reauth or _usual_reauth(keys.account_mode),
        follow_port_change=keys.follow_port_change,
        upstream_probe=keys.upstream_probe,
        labels=tuple(sorted(keys.labels.items())),
        programs=keys.programs,
        show_accounts=show_accounts,
        gate=GatePolicy(**dict(keys.gate)),
        controller=controller_of(keys.controller),
        recovery=recovery_of(keys.recovery, keys.controller),
        canary=canary_of(keys.canary),
        kernel=is_loopback(keys.host) if keys.kernel is None else keys.kernel,
        timing=Timing(**dict(keys.timing)),
    )


def _usual_reauth(mode: AccountMode) -> Reauth:
    return Reauth.AUTOMATIC if mode is AccountMode.PAPER else Reauth.MANUAL


def _restarts(keys: GatewayKeys) -> tuple[Window, ...]:
    daily, weekly = keys.daily_restart, keys.weekly_restart
    found = []
    if daily is not None:
        lead, grace = timedelta(seconds=daily.lead), timedelta(seconds=daily.grace)
        found.append(daily_restart(daily.time, daily.timezone, lead, grace))
    if weekly is not None:
        grace = timedelta(seconds=weekly.grace)
        found.append(weekly_restart(weekly.day, weekly.time, weekly.timezone, grace=grace))
    return tuple(found)


def _resets(keys: GatewayKeys, today: date) -> tuple[Window, ...]:
    return reset_windows(NONE if ServerReset.NONE in keys.server_reset else keys.server_reset, today)


def _own_window(keys: OnceWindowKeys | WeeklyWindowKeys) -> Window:
    grace = timedelta(seconds=keys.grace)
    if isinstance(keys, OnceWindowKeys):
        return custom(keys.name, Once(keys.from_), keys.to - keys.from_, grace)
    return custom(keys.name, Weekly(*keys.weekly, keys.timezone), timedelta(seconds=keys.for_), grace)
