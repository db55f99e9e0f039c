"""What recovery did, or would have done, or did not do and why: in words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

from supervisor.core.explain.report import Level, Report
from supervisor.core.model.recovery.records import (
    RecoveryAnswered,
    RecoveryApproved,
    RecoveryFailed,
    RecoveryProposed,
    RecoveryProved,
    RecoveryRecord,
    RecoveryRefused,
    RecoveryStarted,
    RecoveryWithdrawn,
)
from supervisor.core.model.recovery.rules import Block, NeedsLogin, Result, Rung

KIND: Final = "recovery"
"""Of every report of this module; its field `step` says which it is."""
DOES: Final[Mapping[Rung, str]] = MappingProxyType(
    {
        Rung.RECONNECT_DATA: "reconnect the gateway to its data farms (RECONNECTDATA)",
        Rung.RECONNECT_ACCOUNT: "reconnect the gateway to IBKR (RECONNECTACCOUNT)",
        Rung.RESTART: "restart the gateway by its controller (RESTART)",
        Rung.COMMAND: "run the operator's command",
    }
)
COSTS_WORDS: Final[Mapping[NeedsLogin, str]] = MappingProxyType(
    {
        NeedsLogin.NEVER: "it costs no login",
        NeedsLogin.MAYBE: "it may cost a login with the second factor",
        NeedsLogin.YES: "it costs a login with the second factor",
    }
)
WHY_NOT: Final[Mapping[Block, str]] = MappingProxyType(
    {
        Block.PAUSED: "the gateway is paused",
        Block.REAUTH_REQUIRED: "the weekly login is missing, and only a person can do it",
        Block.COMPETING_SESSION: "the same user is logged in elsewhere",
        Block.RESTART_PENDING: "the gateway is away since a scheduled restart",
        Block.RESTART_NEAR: "a scheduled restart is near",
        Block.SERVER_RESET: "IBKR resets its servers",
        Block.PLANNED: "a window explains what is broken",
        Block.NOT_LISTED: "the config lists no such step under `recovery`",
        Block.NOT_PROPOSED: "another step waits for approval now",
        Block.NOT_SO: "what it is for is not so now",
        Block.DEED_UNDER_WAY: "something else is being done, and its proof is awaited",
        Block.STARTING: "the gateway is starting by itself",
        Block.NOT_SEEN: "this very process of the gateway was never seen logged in, and a command could end it",
        Block.RESTARTED: "this very process of the gateway was asked to restart already; a controller takes that once",
        Block.BUDGET: "its budget for 24 h is spent",
        Block.MILDER: "something milder is left to do",
        Block.PATIENCE: "what it is for has not lasted long enough",
        Block.APPROVAL: "it waits for approval",
    }
)
"""Why a rung is not done, after 'not done: '."""


_ANSWERED: Final[Mapping[bool | None, str]] = MappingProxyType(
    {
        True: "was accepted, which proves nothing yet",
        False: "was refused",
        None: "was sent, and not answered; its proof is awaited",
    }
)


def report_of(record: RecoveryRecord) -> Report:
    """The record in words."""
    match record:
        case RecoveryProposed(rung=rung, needs_login=cost, dry_run=dry_run):
            dry = "; a dry run: nothing will be done" if dry_run else ""
            text = f"recovery would {DOES[rung]}: {COSTS_WORDS[cost]}, so it waits for `ib-supervisor approve`{dry}"
            fields = {"step": "proposed", "rung": rung.value, "needs_login": cost.value, "dry_run": dry_run}
            return Report(Level.WARNING, KIND, text, fields)
        case RecoveryWithdrawn(rung=rung):
            text = f"recovery no longer asks to {DOES[rung]}"
            return Report(Level.INFO, KIND, text, {"step": "withdrawn", "rung": rung.value})
        case RecoveryApproved(rung=rung, by=by, until=until):
            text = f"{_who(by)} approved until {until:%H:%M}Z to {DOES[rung]}"
            return Report(Level.WARNING, KIND, text, {"step": "approved", "rung": rung.value, "by": by})
        case RecoveryRefused(rung=rung, by=by, why=why):
            what = f"to {DOES[rung]}" if rung is not None else "for recovery"
            text = f"{_who(by)} asked {what}; not done: {reason(why)}"
            named = {"rung": rung.value if rung is not None else None, "why": why.value if why is not None else None}
            return Report(Level.WARNING, KIND, text, {"step": "refused", "by": by, **named})
        case RecoveryStarted():
            return _started(record)
        case RecoveryAnswered(rung=rung, accepted=accepted, words=words):
            said = f": {words}" if words else ""
            text = f"recovery ({rung}) {_ANSWERED[accepted]}{said}"
            level = Level.INFO if accepted else Level.WARNING
            return Report(level, KIND, text, {"step": "answered", "rung": rung.value, "accepted": accepted})
        case RecoveryProved(rung=rung, seconds=seconds):
            text = f"recovery ({rung}) is proved after {seconds:.0f} s: the gateway is well again in what it was for"
            return Report(Level.INFO, KIND, text, {"step": "proved", "rung": rung.value, "seconds": round(seconds, 1)})
        case RecoveryFailed():
            return _failed(record)
        case _:
            assert_never(record)


def reason(why: Block | None) -> str:
    """Why something that a person asked for is not done. None: nothing waits for approval."""
    return "nothing waits for approval" if why is None else WHY_NOT[why]


def _started(record: RecoveryStarted) -> Report:
    by = f" ({_who(record.by)} said so)" if record.by else ""
    would = "would now " if record.dry_run else ""
    dry = "; a dry run: nothing is done" if record.dry_run else ""
    text = f"recovery: {would}{DOES[record.rung]}{by}; {COSTS_WORDS[record.needs_login]}{dry}"
    fields = {
        "step": "started",
        "rung": record.rung.value,
        "by": record.by,
        "needs_login": record.needs_login.value,
        "dry_run": record.dry_run,
    }
    return Report(Level.WARNING, KIND, text, fields)


def _failed(record: RecoveryFailed) -> Report:
    said = f" It was answered: {record.words}." if record.words else ""
    if record.result is Result.REFUSED:
        text = f"recovery ({record.rung}) was not done: {record.words or 'refused'}"
    elif record.up:
        text = f"recovery ({record.rung}) shows no effect; the gateway works, so it came back by itself.{said}"
    else:
        text = f"recovery ({record.rung}) did not help: what it is for has not come in time.{said}"
    fields = {"step": "failed", "rung": record.rung.value, "result": record.result.value, "up": record.up}
    return Report(Level.INFO if record.up else Level.ERROR, KIND, text, fields)


def _who(by: str) -> str:
    return by or "somebody"
