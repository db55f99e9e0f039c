"""`recovery`: what may be done for a gateway. The rungs that are listed are the ones that are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from supervisor.config.keys import Flag, Keys, Reads, or_null, reads_duration, reads_number, reads_word
from supervisor.config.values import readers
from supervisor.config.values.controller_keys import ControllerKeys, Ibc2Keys, IbcKeys, IbgKeys
from supervisor.config.values.readers import Conflict, Wrong
from supervisor.core.model.recovery.rules import (
    COSTS,
    LEAST_QUIET,
    MOST_RESTARTS,
    MarketHours,
    NeedsLogin,
    RecoveryPolicy,
    Rung,
    RungPolicy,
)

PATIENCE: Final[Mapping[Rung, float]] = MappingProxyType(
    {Rung.RECONNECT_DATA: 300.0, Rung.RECONNECT_ACCOUNT: 600.0, Rung.RESTART: 120.0, Rung.COMMAND: 900.0}
)
"""Seconds, where none are written."""
MOST_DEEDS: Final = 24
_USUAL: Final = RecoveryPolicy(())
_EXAMPLE: Final = "[{rung: reconnect_data, patience: 5m, budget: 6}]"
_COMMAND: Final = "[sudo, -n, systemctl, restart, ib-gateway.service]"


def _argv(value: object) -> tuple[object, ...]:
    found = readers.sequence(_COMMAND)(value)
    if not found:
        raise Wrong("is empty", f"write the program and its arguments, such as {_COMMAND}")
    return found


def _some_rungs(value: object) -> tuple[object, ...]:
    found = readers.sequence(_EXAMPLE)(value)
    if not found:
        raise Wrong("is without a rung", f"write at least one, such as {_EXAMPLE}, or recovery: null")
    return found


Argument = Annotated[
    str, Reads(lambda value: readers.text(value, "text", "a text, in quotes if it is a number"), form="text")
]


class RungKeys(Keys):
    """`recovery.rungs[]`: one rung of recovery."""

    rung: Annotated[Rung, reads_word(Rung)] = Field(examples=["reconnect_data"], description="Which one.")
    patience: Annotated[float | None, or_null(reads_duration("5s", "1d"))] = Field(
        None,
        description="How long what it is for must have lasted. Default, by the order of the rungs: 5m, 10m, 2m, 15m.",
    )
    budget: Annotated[int, reads_number(1, MOST_DEEDS, "number of deeds")] = Field(
        1, description=f"Most deeds in 24 h; of `restart` at most {MOST_RESTARTS}."
    )
    unattended: Annotated[bool | None, or_null(Reads(readers.flag, form="`true` or `false`"))] = Field(
        None, description="Without approval, whatever it costs. Default: what `recovery.unattended` says."
    )
    argv: Annotated[tuple[Argument, ...] | None, or_null(Reads(_argv, form="list"))] = Field(
        None, description="Of `command`: the program and its arguments, without a shell."
    )

    @field_validator("budget")
    @classmethod
    def _few_restarts(cls, budget: int, info: ValidationInfo) -> int:
        if info.data.get("rung") is Rung.RESTART and budget > MOST_RESTARTS:
            raise Conflict(str(budget), "RESTARTs a day are too many", f"write {MOST_RESTARTS} or less", "rung")
        return budget

    @field_validator("argv")
    @classmethod
    def _only_for_a_command(cls, argv: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        rung = info.data.get("rung")
        if rung is Rung.COMMAND and argv is None:
            raise Conflict("the command", "is missing", f"write argv: {_COMMAND}", "rung")
        if rung not in (None, Rung.COMMAND) and argv is not None:
            raise Conflict("argv", f"has no meaning for {rung}", "write it below rung: command, or remove it", "rung")
        return argv


class RecoveryKeys(Keys):
    """`recovery`: what may be done for a gateway, and when."""

    rungs: Annotated[tuple[RungKeys, ...], Reads(_some_rungs, form="list")] = Field(
        examples=[_EXAMPLE], description="What may be done. The mildest one that is right is done first."
    )
    market_hours: Annotated[MarketHours, reads_word(MarketHours)] = Field(
        _USUAL.market_hours,
        description="`avoid`: while the market is open everything waits for approval. That is in the hours of the "
        "canary's contracts; without a canary Monday to Friday, 09:30 to 16:00 in New York.",
    )
    quiet_before_restart: Annotated[float, reads_duration("10m", "12h")] = Field(
        LEAST_QUIET, description="How long before a scheduled restart nothing is done."
    )
    unattended: Flag = Field(False, description="What costs a login, or may, is done without approval.")
    dry_run: Flag = Field(False, description="Everything but the deed: the way to begin.")

    @field_validator("rungs")
    @classmethod
    def _each_once(cls, rungs: tuple[RungKeys, ...]) -> tuple[RungKeys, ...]:
        said = [rung.rung for rung in rungs]
        twice = next((rung for rung in said if said.count(rung) > 1), None)
        if twice is not None:
            raise Conflict(twice.value, "is listed twice", "keep one of the two", "rungs")
        return rungs


def faults_with(recovery: RecoveryKeys, controller: ControllerKeys | None) -> Iterator[Conflict]:
    """What the listed rungs want of the controller, and it is not so."""
    kind = controller.kind if controller is not None else "none"
    for each in recovery.rungs:
        rung = each.rung
        if rung is Rung.COMMAND:
            continue
        if kind not in COSTS:
            named = "without a controller" if controller is None else f"with a controller of kind {kind}"
            yield Conflict(rung.value, f"cannot be done {named}", "name one of kind ibc, ibc2 or ibg", "controller")
        elif rung not in COSTS[kind]:
            yield Conflict(rung.value, f"is no command of {kind}", f"remove it: {_why_not(kind)}", "controller")
        elif rung is Rung.RESTART and isinstance(controller, IbcKeys | Ibc2Keys):
            if not controller.auto_restart_time_set:
                wrong = "would move the daily restart of the gateway to the minute of the deed, for good"
                right = (
                    f"set AutoRestartTime in the config of {kind}, which moves it back, and then write "
                    "auto_restart_time_set: true under controller"
                )
                yield Conflict(rung.value, wrong, right, "controller")
        elif isinstance(controller, IbgKeys) and controller.port is None:
            right = "write port: under controller, as CONTROLLER_COMMAND_SERVER_PORT has it"
            yield Conflict(rung.value, "needs the controller's command server", right, "controller")


def recovery_of(keys: RecoveryKeys | None, controller: ControllerKeys | None) -> RecoveryPolicy | None:
    """What is allowed; None if nothing is."""
    if keys is None:
        return None
    costs = COSTS.get(controller.kind, {}) if controller is not None else {}
    order = list(Rung)
    rungs = sorted(
        (
            RungPolicy(
                rung=each.rung,
                patience=PATIENCE[each.rung] if each.patience is None else each.patience,
                budget=each.budget,
                needs_login=costs.get(each.rung, NeedsLogin.YES),
                unattended=keys.unattended if each.unattended is None else each.unattended,
                argv=each.argv or (),
            )
            for each in keys.rungs
        ),
        key=lambda rung: order.index(rung.rung),
    )
    return RecoveryPolicy(tuple(rungs), keys.market_hours, keys.quiet_before_restart, keys.dry_run)


def _why_not(kind: str) -> str:
    return f"{kind} has {', '.join(COSTS[kind])}"
