"""The config file as pydantic models: every key, its default, and what it means.

- One model for each mapping of the file. Unknown keys are refused, values are read by `readers`, nothing is coerced.
- Defaults of timers and windows are those of `supervisor.core`; there is no second copy.
- Descriptions are the operator's documentation: docs/configuration.md is made of them.
- What must hold between two values of one mapping is checked here, between gateways in `consistency`.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, InstanceOf, ValidationInfo, field_validator, model_validator

from supervisor.config.keys import (
    A_MAPPING,
    A_MAPPING_OR_NULL,
    A_PATH,
    Flag,
    Host,
    Keys,
    Name,
    Reads,
    or_null,
    reads_duration,
    reads_number,
    reads_word,
)
from supervisor.config.notify_keys import TargetKeys, sign_of_life_url
from supervisor.config.settings import Http, Journal, Log, LogFormat, LogLevel
from supervisor.config.values import readers
from supervisor.config.values.canary_keys import CanaryKeys
from supervisor.config.values.controller_keys import A_CONTROLLER, ControllerKeys
from supervisor.config.values.gate_keys import GateFileKeys, GateKeys
from supervisor.config.values.readers import Conflict, Conflicts, Endpoint, Wrong, is_nothing
from supervisor.config.values.recovery_keys import RecoveryKeys, faults_with
from supervisor.config.values.resets import NONE, REGIONS
from supervisor.config.values.window_keys import DailyRestartKeys, WeeklyRestartKeys, WindowKeys
from supervisor.core.calendar.durations import seconds_of, written
from supervisor.core.model.policy import AccountMode, Reauth, RequiredFarm, Timing

DEFAULT_HOST: Final = "127.0.0.1"
LEAST_HEARTBEAT_INTERVAL: Final = "1200ms"
"""A gateway ignores faster requests: users saw 0.9 s after the last answer pass, and 0.8 s hang."""
INTERVALS_IN_TIMEOUT: Final = 4
MOST_LABELS: Final = 8
"""Each label makes every series of the gateway's info larger."""

_TIMING: Final = Timing()
_BACKOFF: Final = ("retry_initial", "retry_max_early", "retry_max")
"""The steps of the backoff, none of which is longer than the next."""
_PARTS: Final = {"handshake_timeout_early": "handshake_timeout", "suspect_after": "heartbeat_timeout"}
"""Timers that are no longer than another one."""
_HTTP: Final = Http()
_JOURNAL: Final = Journal()
_LOG: Final = Log()


class ServerReset(StrEnum):
    """What may stand under `server_reset`."""

    NORTH_AMERICA, EUROPE, ASIA_PACIFIC = REGIONS
    NONE = NONE


def _all_or_list(value: object) -> object:
    if is_nothing(value) or (isinstance(value, str) and value.strip() == readers.ALL):
        return None
    return readers.sequence("[usfarm, historical/ushmds], or all")(value)


def _regions(value: object) -> tuple[object, ...]:
    if isinstance(value, list | tuple) or is_nothing(value):
        return readers.sequence("[north_america, europe]")(value)
    return (readers.word(ServerReset)(value),)


def _few_labels(labels: dict[str, str]) -> dict[str, str]:
    if len(labels) > MOST_LABELS:
        raise Conflict(f"{len(labels)} labels", "are too many", f"keep at most {MOST_LABELS}", "labels")
    return labels


def _some_gateways(value: object) -> tuple[object, ...]:
    found = readers.sequence("[{name: live, port: 4001, client_id: 911}]")(value)
    if not found:
        raise Wrong("is without a gateway", "write at least one, such as - {name: live, port: 4001, client_id: 911}")
    return found


_targets = readers.sequence("[{name: phone, url: ntfy://ntfy.sh/TOPIC}]")
Wait = Annotated[float, reads_duration("50ms", "10m")]
Pause = Annotated[float, reads_duration("50ms", "1h")]
Port = Annotated[int, reads_number(1, readers.HIGHEST_PORT, "TCP port")]
Region = Annotated[ServerReset, reads_word(ServerReset)]
Farm = Annotated[InstanceOf[RequiredFarm], Reads(readers.farm, form="farm")]
Label = Annotated[str, Reads(readers.label_name, form="label name")]
LabelText = Annotated[str, Reads(readers.label_text, form="text")]
ProgramId = Annotated[int, reads_number(0, readers.HIGHEST_CLIENT_ID, "client id")]
_CLIENT_ID: Final = reads_number(1, readers.HIGHEST_CLIENT_ID, "client id for an observer")


class TimingKeys(Keys):
    """`timing`: the timers of one gateway."""

    connect_timeout: Wait = Field(_TIMING.connect_timeout, description="TCP connect, the look-up of the name included.")
    handshake_timeout: Wait = Field(
        _TIMING.handshake_timeout, description="From the TCP connection to the gateway's version."
    )
    handshake_timeout_early: Wait = Field(
        _TIMING.handshake_timeout_early,
        description="The same in the first minute after the loss of a stable session. At most `handshake_timeout`.",
    )
    session_timeout: Wait = Field(
        _TIMING.session_timeout, description="From the gateway's version to the accounts and the next valid order id."
    )
    heartbeat_interval: Annotated[float, reads_duration(LEAST_HEARTBEAT_INTERVAL, "1h")] = Field(
        _TIMING.heartbeat_interval,
        description="From the last answer to the next ping. At least 1.2 s: a gateway silently ignores faster ones.",
    )
    heartbeat_timeout: Annotated[float, reads_duration("50ms", "2h")] = Field(
        _TIMING.heartbeat_timeout, description="From a ping to its miss. At most four times `heartbeat_interval`."
    )
    suspect_after: Annotated[float, reads_duration("50ms", "2h")] = Field(
        _TIMING.suspect_after,
        description="From a ping to the suspicion that the gateway hangs. At most `heartbeat_timeout`.",
    )
    heartbeat_misses: Annotated[int, reads_number(1, 100, "number of misses")] = Field(
        _TIMING.heartbeat_misses, description="Misses in a row that end the session."
    )
    retry_initial: Pause = Field(_TIMING.retry_initial, description="First step of the backoff; it doubles from here.")
    retry_max_early: Pause = Field(
        _TIMING.retry_max_early, description="Cap of the backoff in the first minute after the loss of a session."
    )
    retry_max: Pause = Field(_TIMING.retry_max, description="Cap of the backoff after that.")
    restart_retry: Annotated[float, reads_duration("50ms", "1m")] = Field(
        _TIMING.restart_retry, description="Exact interval of the attempts while a restart is expected."
    )
    stable_after: Annotated[float, reads_duration("0s", "1d")] = Field(
        _TIMING.stable_after,
        description="A session that lasted this long is tried again at once, and earlier failures are forgotten.",
    )
    settle: Annotated[float, reads_duration("0s", "1h")] = Field(
        _TIMING.settle, description="How long answers are called unreliable after IBKR's servers came back."
    )
    outage_merge: Annotated[float, reads_duration("0s", "1h")] = Field(
        _TIMING.outage_merge, description="An outage that begins this soon after the last one continues it."
    )

    @field_validator("heartbeat_timeout")
    @classmethod
    def _at_most_four_intervals(cls, timeout: float, info: ValidationInfo) -> float:
        interval = info.data.get("heartbeat_interval", timeout)
        most = INTERVALS_IN_TIMEOUT * interval
        if timeout > most:
            raise Conflict(
                written(timeout),
                "is over four times heartbeat_interval",
                f"write at most {written(most)}",
                "heartbeat_interval",
                other=written(interval),
                plainly="write a shorter one",
            )
        return timeout

    @field_validator("suspect_after")
    @classmethod
    def _suspect_before_miss(cls, after: float, info: ValidationInfo) -> float:
        return _at_most(after, "heartbeat_timeout", info)

    @field_validator("handshake_timeout_early")
    @classmethod
    def _early_handshake_within_handshake(cls, early: float, info: ValidationInfo) -> float:
        return _at_most(early, "handshake_timeout", info)

    @model_validator(mode="before")
    @classmethod
    def _what_is_not_written_gives_way(cls, keys: object) -> object:
        """A default moves to where the values that are written leave it room."""
        if not isinstance(keys, dict):
            return keys
        said = [_said(keys, step) for step in _BACKOFF]
        moved = {
            part: min(getattr(_TIMING, part), most)
            for part, whole in _PARTS.items()
            if part not in keys and (most := _said(keys, whole)) is not None
        }
        for place, step in enumerate(_BACKOFF):
            if step not in keys:
                least = max((seconds for seconds in said[:place] if seconds is not None), default=0.0)
                most = min((seconds for seconds in said[place:] if seconds is not None), default=math.inf)
                moved[step] = max(least, min(most, getattr(_TIMING, step)))
        return {**keys, **moved}

    @field_validator("retry_max_early")
    @classmethod
    def _early_cap_over_first_step(cls, cap: float, info: ValidationInfo) -> float:
        return _at_least(cap, "retry_initial", info)

    @field_validator("retry_max")
    @classmethod
    def _cap_over_early_cap(cls, cap: float, info: ValidationInfo) -> float:
        return _at_least(_at_least(cap, "retry_initial", info), "retry_max_early", info)


def _said(keys: dict[str, object], key: str) -> float | None:
    """The seconds that are written for a key; None where there is no duration."""
    value = keys.get(key)
    return seconds_of(value) if isinstance(value, str) else None


def _at_most(part: float, other: str, info: ValidationInfo) -> float:
    most = info.data.get(other, part)
    if part > most:
        longer = f"or a longer {other}"
        right, plainly = f"write {written(most)} or less, {longer}", f"write a shorter one, {longer}"
        raise Conflict(written(part), f"is over {other}", right, other, other=written(most), plainly=plainly)
    return part


def _at_least(cap: float, other: str, info: ValidationInfo) -> float:
    least = info.data.get(other, cap)
    if cap < least:
        shorter = f"or a shorter {other}"
        right, plainly = f"write {written(least)} or more, {shorter}", f"write a longer one, {shorter}"
        raise Conflict(written(cap), f"is under {other}", right, other, other=written(least), plainly=plainly)
    return cap


class GatewayKeys(Keys):
    """`gateways[]`: one gateway, and the session the daemon keeps with it."""

    name: Name = Field(
        examples=["live"], description="The `gateway` label of every metric: 1 to 63 of a-z, 0-9, `_` and `-`."
    )
    host: Host = Field(
        DEFAULT_HOST,
        description="Where the gateway listens. If a name has several addresses, each attempt tries them in turn.",
    )
    port: Port = Field(examples=["4001"], description="TWS 7496 live, 7497 paper; IB Gateway 4001 live, 4002 paper.")
    client_id: Annotated[int, _CLIENT_ID] = Field(
        examples=["911"],
        description="Used by nobody else, and not the gateway's master id.",
    )
    client_id_fallback: Annotated[int | None, or_null(_CLIENT_ID)] = Field(
        None, description="Tried when the gateway still holds `client_id`; without it the same id is tried again."
    )
    account_mode: Annotated[AccountMode, reads_word(AccountMode)] = Field(
        AccountMode.ANY, description="The accounts that must be logged in; those of a paper login begin with D."
    )
    required_farms: Annotated[tuple[Farm, ...] | None, Reads(_all_or_list, form="`all`, or a list")] = Field(
        None, description="Data farms that must not be broken: `all`, or a list of names or `kind/name`."
    )
    daily_restart: Annotated[DailyRestartKeys | None, A_MAPPING_OR_NULL] = Field(
        None, description="The gateway's daily auto-restart."
    )
    weekly_restart: Annotated[WeeklyRestartKeys | None, A_MAPPING_OR_NULL] = Field(
        None, description="A restart of its own for the weekly login."
    )
    reauth: Annotated[Reauth | None, or_null(reads_word(Reauth))] = Field(
        None,
        description="Who does the weekly login: `manual`, a person, or `automatic`. "
        "Default: `automatic` for `account_mode: paper`, else `manual`.",
    )
    server_reset: Annotated[tuple[Region, ...], Reads(_regions, form="region, or a list")] = Field(
        (),
        description="Regions whose nightly reset is planned: `north_america`, `europe`, `asia_pacific`, a list of "
        "them, or `none`, not even the weekend. Default: the weekend reset alone.",
    )
    windows: Annotated[
        tuple[WindowKeys, ...], Reads(readers.sequence('[{name: sat, weekly: "Sat 04:00", for: 2h, ...}]'), form="list")
    ] = Field((), description="Planned maintenance of your own.")
    follow_port_change: Flag = Field(
        False, description="Follow the gateway to the port it announces (code 1300) until restart or reload."
    )
    upstream_probe: Flag = Field(
        True, description="Ask IBKR's servers for a contract to prove that they are back, when that is in doubt."
    )
    labels: Annotated[dict[Label, LabelText], A_MAPPING, AfterValidator(_few_labels)] = Field(
        {}, description=f"Labels of your own, as `label_NAME` on `ib_gateway_info`: at most {MOST_LABELS}."
    )
    programs: Annotated[tuple[ProgramId, ...], Reads(readers.sequence("[17, 18]"), form="list")] = Field(
        (), description="Client ids of your own programs at this gateway, for hints and warnings."
    )
    gate: Annotated[GateKeys, A_MAPPING] = Field(GateKeys(), description="When orders are safe to send.")
    controller: Annotated[ControllerKeys | None, A_CONTROLLER] = Field(
        None, description="Who starts the gateway and can say how it is. Only `recovery` has it do something."
    )
    recovery: Annotated[RecoveryKeys | None, A_MAPPING_OR_NULL] = Field(
        None, description="What may be done for the gateway when it does not work. Nothing, unless it is listed."
    )
    kernel: Annotated[bool | None, or_null(Reads(readers.flag, form="`true` or `false`"))] = Field(
        None,
        description="Ask the kernel whether our request was read (Linux). Default: on for a loopback host.",
    )
    canary: Annotated[CanaryKeys | None, A_MAPPING_OR_NULL] = Field(
        None, description="Watch whether market data really comes. It costs a line of market data for each contract."
    )
    timing: Annotated[TimingKeys, A_MAPPING] = Field(TimingKeys(), description="The timers.")

    @field_validator("recovery")
    @classmethod
    def _what_the_controller_can(cls, recovery: RecoveryKeys | None, info: ValidationInfo) -> RecoveryKeys | None:
        if recovery is not None and "controller" in info.data:
            faults = tuple(faults_with(recovery, info.data["controller"]))
            if faults:
                raise Conflicts(*faults)
        return recovery

    @field_validator("client_id_fallback")
    @classmethod
    def _another_id(cls, fallback: int | None, info: ValidationInfo) -> int | None:
        if fallback is not None and fallback == info.data.get("client_id"):
            raise Conflict(str(fallback), "is client_id itself", "write another id, or null", "client_id")
        return fallback

    @field_validator("server_reset")
    @classmethod
    def _none_stands_alone(cls, regions: tuple[ServerReset, ...]) -> tuple[ServerReset, ...]:
        if ServerReset.NONE in regions and len(regions) > 1:
            raise Conflict(NONE, "stands beside a region", f"write {NONE} alone, or regions", "server_reset")
        return regions


class HttpKeys(Keys):
    """`http`: metrics, status page and API."""

    listen: Annotated[InstanceOf[Endpoint], Reads(readers.endpoint(), form="`HOST:PORT`")] = Field(
        _HTTP.listen, description="Host and port to listen on; an IPv6 address in brackets."
    )
    web_config: Annotated[str | None, or_null(A_PATH)] = Field(
        None,
        description="TLS and basic auth: a file in the format of Prometheus' exporter-toolkit. "
        "A relative path is taken from the config file's folder.",
    )
    names: Annotated[tuple[Host, ...], Reads(readers.sequence("[gateways.example.net]"), form="list")] = Field(
        (), description="Further names under which browsers and programs may ask, such as a container's or a proxy's."
    )


class JournalKeys(Keys):
    """`journal`: the history on disk."""

    path: Annotated[str, A_PATH] = Field(
        "journal.db",
        description="A relative path is taken from `$STATE_DIRECTORY`, without it from the config file's folder.",
    )
    retention: Annotated[float, reads_duration("1h", "36500d")] = Field(
        _JOURNAL.retention, description="How long entries are kept."
    )


class LogKeys(Keys):
    """`log`: what is written, and how."""

    level: Annotated[LogLevel, reads_word(LogLevel)] = Field(
        _LOG.level, description="The least important lines that are written."
    )
    format: Annotated[LogFormat, reads_word(LogFormat)] = Field(_LOG.format, description="How a line looks.")
    wire: Annotated[str | None, or_null(A_PATH)] = Field(
        None,
        description="A folder for a log of every message, a file for each gateway. Relative as `journal.path` is.",
    )


class FileKeys(Keys):
    """The whole file."""

    gateways: Annotated[tuple[GatewayKeys, ...], Reads(_some_gateways, form="list")] = Field(
        examples=["[{name: live, port: 4001, client_id: 911}]"], description="The gateways, at least one."
    )
    defaults: Annotated[dict[str, Any], A_MAPPING] = Field(
        {}, description="Any key of a gateway, for all of them: mappings merge key by key, everything else is replaced."
    )
    http: Annotated[HttpKeys, A_MAPPING] = Field(
        HttpKeys(), description="Metrics, status page and API. Users change by a reload, all else needs a restart."
    )
    journal: Annotated[JournalKeys, A_MAPPING] = Field(
        JournalKeys(), description="The history. A change needs a restart."
    )
    log: Annotated[LogKeys, A_MAPPING] = Field(LogKeys(), description="What is written, and how.")
    gate: Annotated[GateFileKeys, A_MAPPING] = Field(
        GateFileKeys(), description="Where programs read whether orders are safe to send."
    )
    notify: Annotated[tuple[TargetKeys, ...], Reads(readers.sequence("[{name: phone, url: ...}]"), form="list")] = (
        Field(
            (),
            description="Who is told what is wrong, without Prometheus: a list of targets. docs/notify.md has recipes.",
        )
    )
    heartbeat_url: Annotated[str | None, or_null(Reads(sign_of_life_url, form="http or https address"))] = Field(
        None,
        description="Fetched as a sign of life, for a service that tells you when it stops. Write it as `${VAR}`.",
    )
    heartbeat_every: Annotated[float, reads_duration("10s", "1d")] = Field(60.0, description="How often.")
    show_accounts: Flag = Field(False, description="Show account numbers in full instead of masked.")
