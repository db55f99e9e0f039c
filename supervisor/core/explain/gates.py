"""Why the gate is closed, in words for the person who asks why no order goes out.

The keys (`GateReason`) never change; the sentences may.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from supervisor.core.explain.causes import explain
from supervisor.core.model.gate import GateReason
from supervisor.core.model.snapshot import Snapshot


class Closed(NamedTuple):
    """A reason and its sentence."""

    reason: GateReason
    text: str


_TEXTS: Final[Mapping[GateReason, str]] = MappingProxyType(
    {
        GateReason.STARTING: "Nothing is known of the gateway yet: the first attempt is under way.",
        GateReason.PAUSED: "The daemon does not watch the gateway now.",
        GateReason.PORT: "The gateway's port does not answer.",
        GateReason.HANDSHAKE: "The gateway's port answers, the gateway does not.",
        GateReason.SESSION: "The gateway does not let a session begin.",
        GateReason.HEARTBEAT: "The gateway has stopped answering.",
        GateReason.UPSTREAM: "The gateway has lost IBKR's servers.",
        GateReason.FARMS: "A data farm that counts here is broken.",
        GateReason.SUSPECT: "The gateway has not answered a ping in time; it may hang.",
        GateReason.SETTLING: "IBKR's servers are back for a moment only; answers are unreliable at first.",
        GateReason.RESTART_SOON: "The gateway's scheduled restart is near or under way.",
        GateReason.COMPETING_SESSION: "Another session uses this login, and takes its market data.",
        GateReason.CANARY: "Market data that should come does not come.",
        GateReason.ORDER_ID_REGRESSED: (
            "This session began with a lower order id than the one before: ids may be used twice. Say "
            "`ib-supervisor confirm-ids {name}` when your program knows."
        ),
        GateReason.UNDECODABLE: "A message about orders or the account could not be decoded.",
        GateReason.PROGRAM_BUSY: "A callback of the program has been running for too long.",
    }
)
_CAUSED: Final = frozenset(
    {
        GateReason.PAUSED,
        GateReason.PORT,
        GateReason.HANDSHAKE,
        GateReason.SESSION,
        GateReason.HEARTBEAT,
        GateReason.UPSTREAM,
        GateReason.FARMS,
    }
)
"""What the cause of the outage explains better."""
_OVER: Final = "What held the gate closed is over. It opens when nothing else has come for {quiet:g} s."
"""What was so is not said again: it is not so any more."""


def sentence(reason: GateReason, gateway: str = "NAME") -> str:
    """What the reason means, at this gateway or at any."""
    return _TEXTS[reason].format(name=gateway)


def why_closed(snapshot: Snapshot) -> tuple[Closed, ...]:
    """The reasons for which the gate is closed, by rank, each with its sentence; none while it is open."""
    return tuple(Closed(reason, _text(reason, snapshot)) for reason in snapshot.gate.reasons)


def _text(reason: GateReason, snapshot: Snapshot) -> str:
    if not snapshot.gate.holding:
        return _OVER.format(quiet=snapshot.policy.gate.quiet)
    text = sentence(reason, snapshot.policy.name)
    if reason in _CAUSED and snapshot.cause is not None:
        return f"{text} {explain(snapshot.cause).words}"
    return text
