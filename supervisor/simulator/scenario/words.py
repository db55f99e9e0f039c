"""The vocabulary of steps: every `do:` word with its arguments, and what is right for each.

Rules
- One table, `WORDS`, is the truth for scenario files, the control socket, `SimulatedGateway.do` and the schema.
- All faults of a step are told at once.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import field

from supervisor.frozen import dataclass
from supervisor.simulator.scenario.documents import Faults, Node
from supervisor.simulator.scenario.readers import (
    Argument,
    Wrong,
    accounts,
    choice,
    contract,
    duration,
    flag,
    greeting,
    integer,
    number,
    signed_duration,
    text,
    timezone,
)
from supervisor.simulator.wire.ids import OLDEST_VERSION

_FOR = Argument(duration)
_CODE = Argument(integer(-1, 2**31 - 1), required=True)
_PORT = integer(0, 65535)
_VERSION = integer(OLDEST_VERSION, 999)
_ORDER = {
    "order": Argument(integer(0, 2**31 - 1), required=True),
    "client": Argument(integer(0, 2**31 - 1)),
}
_PRICE = Argument(number(0, 1e9))
GARBAGE = (
    "length_prefix",
    "http",
    "zero_length",
    "non_numeric",
    "truncated",
    "unknown_id",
    "no_nul",
    "bad_protobuf",
    "decimal",
)
"""The kinds of bad bytes."""

WORDS: Mapping[str, Mapping[str, Argument]] = {
    # said to the clients
    "notice": {"code": _CODE, "text": Argument(text, ""), "request": Argument(integer(-(2**31), 2**31 - 1), -1)},
    "garbage": {"mode": Argument(choice(*GARBAGE), required=True)},
    "oversize": {"size": Argument(integer(0x1000000, 0x10000000), 17_000_000)},
    "burst_4096": {"quiet": Argument(duration, 1.5)},
    # the port
    "refuse": {"for": _FOR, "sessions": Argument(choice("drop", "keep"), "drop")},
    "accept_again": {},
    "port_changed": {"port": Argument(_PORT, 0)},
    "restart": {
        "for": Argument(duration, 5.0),
        "then": Argument(choice("close_on_accept", "mute", "never_ready")),
        "then_for": Argument(duration, 5.0),
    },
    # a new connection
    "close_on_accept": {"for": _FOR, "how": Argument(choice("fin", "rst"), "fin")},
    "mute": {"for": _FOR},
    "half_handshake": {"for": _FOR},
    "split_handshake": {"for": _FOR, "gap": Argument(duration, 0.3)},
    "greeting_with_handshake": {"for": _FOR},
    "error_before_handshake": {
        "for": _FOR,
        "code": Argument(integer(-1, 2**31 - 1), 2104),
        "text": Argument(text, "Market data farm connection is OK:usfarm"),
    },
    "bad_version": {"for": _FOR},
    "not_tws": {"for": _FOR},
    "never_ready": {"for": _FOR},
    # live sessions
    "freeze": {"for": _FOR},
    "thaw": {},
    "rst": {},
    "fin": {},
    "half_open": {},
    "ghost": {"for": Argument(duration, 10.0), "client_id": Argument(integer(0, 2**31 - 1))},
    # answers
    "ignore_time": {"for": _FOR},
    "delay": {"for": _FOR, "by": Argument(duration, required=True)},
    "no_contracts": {"for": _FOR, "mode": Argument(choice("silent", "error"), "silent")},
    "slow_writes": {"for": _FOR, "gap": Argument(duration, 0.01), "bytes": Argument(integer(1, 4096), 1)},
    # IBKR's servers and other people
    "upstream_lost": {
        "for": _FOR,
        "data": Argument(choice("maintained", "lost"), "maintained"),
        "repeat": Argument(duration, 0.0),
    },
    "farm_broken": {"for": _FOR, "farm": Argument(text, "usfarm")},
    "competing_session": {"for": _FOR},
    "no_quotes": {"for": _FOR},
    # orders and the market
    "drop_orders": {"for": _FOR},
    "reject_orders": {
        "for": _FOR,
        "code": Argument(integer(0, 2**31 - 1), 201),
        "text": Argument(text, "Order rejected - reason:as the scenario says"),
    },
    "fill": {**_ORDER, "quantity": _PRICE, "price": _PRICE},
    "cancel_order": {**_ORDER, "reason": Argument(text, "")},
    "price": {"contract": Argument(contract, required=True), "last": _PRICE, "bid": _PRICE, "ask": _PRICE},
    "position": {
        "contract": Argument(contract, required=True),
        "quantity": Argument(number(-1e9, 1e9), required=True),
        "cost": _PRICE,
        "account": Argument(text, ""),
    },
    # settings
    "fills": {
        "for": _FOR,
        "mode": Argument(choice("market", "never"), "market"),
        "parts": Argument(integer(1, 1000), 1),
        "apart": Argument(duration, 1.0),
    },
    "market": {"for": _FOR, "state": Argument(choice("open", "closed"), required=True)},
    "master_client": {"for": _FOR, "id": Argument(integer(0, 2**31 - 1), required=True)},
    "pacing": {"for": _FOR, "on": Argument(flag, True)},
    "push_orders": {"for": _FOR, "on": Argument(flag, True)},
    "read_only": {"for": _FOR, "on": Argument(flag, True)},
    "time_throttle": {"for": _FOR, "per": Argument(choice("connection", "gateway"), required=True)},
    "clock": {"for": _FOR, "offset": Argument(signed_duration), "timezone": Argument(timezone)},
    "accounts": {"for": _FOR, "accounts": Argument(accounts, required=True)},
    "next_valid_id": {"for": _FOR, "id": Argument(integer(0, 2**31 - 1), required=True)},
    "server_version": {"for": _FOR, "version": Argument(_VERSION, required=True)},
    "greeting": {"for": _FOR, "greeting": Argument(greeting, required=True)},
    # all
    "heal": {},
    "state": {},
}
"""Every word and its arguments; `for` is how long it lasts, absent: until healed."""

SETTING_OF: Mapping[str, Mapping[str, str]] = {
    "clock": {"offset": "clock_offset", "timezone": "timezone"},
    "accounts": {"accounts": "accounts"},
    "next_valid_id": {"id": "next_valid_id"},
    "server_version": {"version": "server_version"},
    "greeting": {"greeting": "greeting"},
    "market": {"state": "market"},
    "master_client": {"id": "master_client_id"},
    "pacing": {"on": "pacing"},
    "push_orders": {"on": "push_orders"},
    "read_only": {"on": "read_only"},
    "time_throttle": {"per": "time_throttle"},
}
"""Words that change a setting: their arguments, and the setting each one is."""

TIMING = {
    "after": Argument(duration, 0.0),
    "times": Argument(integer(1, 1_000_000), 1),
    "every": Argument(duration, 1.0),
}
"""The arguments of every word."""


@dataclass(frozen=True, slots=True)
class Step:
    """A word with its arguments, when to do it and how often.

    `after` counts from the end of the step before; `times` repetitions are `every` seconds apart.
    """

    do: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    after: float = 0.0
    times: int = 1
    every: float = 1.0


def read_step(node: Node, path: str, faults: Faults) -> Step | None:
    """The step in a mapping; None if anything is wrong with it, and all of that is in `faults`."""
    entries = node.entries
    if entries is None:
        faults.add(node.line, path, f"{node.shown()} is no step; write {{do: notice, code: 1100, text: TEXT}}")
        return None
    word = entries.get("do")
    if word is None or not isinstance(word.value, str) or word.value not in WORDS:
        line = word.line if word else node.line
        said = "no word; " if word is None else f"{word.shown()} is unknown; "
        faults.add(line, f"{path}.do".lstrip("."), said + one_of(str(word.value) if word else "", WORDS))
        return None
    before = len(faults.told)
    known = {**WORDS[word.value], **TIMING}
    values = read_entries({key: entry for key, entry in entries.items() if key != "do"}, node.line, path, known, faults)
    if len(faults.told) > before:
        return None
    timing = {key: values.pop(key) for key in TIMING}
    return Step(word.value, values, **timing)  # type: ignore[arg-type]  # the readers in TIMING see to it


def read_entries(
    entries: Mapping[str, Node], line: int, path: str, known: Mapping[str, Argument], faults: Faults
) -> dict[str, object]:
    """The values of a mapping by its table of arguments, defaults filled in; every fault is told."""
    values = {key: argument.default for key, argument in known.items()}
    for key, node in entries.items():
        where = f"{path}.{key}".lstrip(".")
        if key not in known:
            faults.add(node.line, where, "unknown; " + one_of(key, known))
            continue
        try:
            values[key] = known[key].read(node)
        except Wrong as wrong:
            faults.add(node.line, where, f"{node.shown()} is wrong; {wrong}")
    for key, argument in known.items():
        if argument.required and key not in entries:
            faults.add(line, f"{path}.{key}".lstrip("."), "missing")
    return values


def one_of(said: str, known: Iterable[str]) -> str:
    """A hint: the nearest known word, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(said, names, 1)
    return f'did you mean "{near[0]}"?' if near else f"known are {', '.join(names)}"
