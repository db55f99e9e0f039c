"""The faults of the bench: what is played, what is measured, and what is promised.

Each scene returns its rows. A row's values are seconds, one a pair; None is "never".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.stage import Comparison, Pair
from tests.race.figures import median

Values = Sequence[float | None]
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
RESTORED = (
    "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
    "All data farms are connected: usfarm; ushmds; secdefnj."
)
PROMPT = "median 20 ms"
WATCHDOG_CYCLE = 36.0
"""Seconds in which Watchdog is back if ever: its start-up wait, its retry delay, its connect timeout, and some."""
STABLE = 62.0
"""Seconds after which a session that ends is tried again at once."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `kept` is whether the promise is."""

    what: str
    target: str
    ours: Values
    theirs: Values
    kept: bool
    unit: str = "s"


def _most(values: Values) -> float:
    return max(float("inf") if value is None else value for value in values)


def _at(values: Values) -> float:
    middle = median(values)
    return float("inf") if middle is None else middle


def _prompt(values: Values) -> bool:
    """The scrape included; the worst of a few says more about what else runs on the machine."""
    return _at(values) <= 0.02


def _after(instant: float | None, since: float) -> float | None:
    return None if instant is None else instant - since


def closed_socket(stage: Comparison) -> list[Row]:
    """The gateway resets its sessions and refuses for 5 s. They are older than a minute: only such a one forgives."""
    stage.settle(WATCHDOG_CYCLE, quiet=STABLE)
    stage.play(("lost", 0.0, lambda pair: pair.do("refuse")), ("back", 5.0, lambda pair: pair.do("accept_again")))
    stage.settle(WATCHDOG_CYCLE)
    found_ours, found_theirs = _both(stage, up=False, since="lost")
    back_ours, back_theirs = _both(stage, up=True, since="back")
    return [
        Row("closed socket: told", PROMPT, found_ours, found_theirs, _prompt(found_ours)),
        Row("port back after 5 s: up again", "median 0.8 s", back_ours, back_theirs, _at(back_ours) <= 0.8),
    ]


def hang(stage: Comparison) -> list[Row]:
    """The gateway stops answering for 30 s, its sockets open."""
    stage.play(("hung", 0.0, lambda pair: pair.do("freeze")), ("back", 30.0, lambda pair: pair.do("thaw")))
    stage.settle(WATCHDOG_CYCLE + 4)
    told_ours, told_theirs = _both(stage, up=False, since="hung")
    ended = []
    for pair in stage.pairs:
        since = stage.mark(pair, "hung")
        ended.append(_after(stage.daemon.counted(pair.name, "ib_session_losses_total/heartbeat/false", since), since))
    back_ours, back_theirs = _both(stage, up=True, since="back")
    return [
        Row("hang: told", "at most 10 s", told_ours, told_theirs, _most(told_ours) <= 10),
        Row("hang: session given up", "at most 10 s", ended, told_theirs, _most(ended) <= 10),
        Row("hang over after 30 s: up again", "-", back_ours, back_theirs, _most(back_ours) < float("inf")),
    ]


def stall(stage: Comparison) -> list[Row]:
    """The gateway stops for 3 s, at any moment of the heartbeat's period: no fault."""
    ours: list[float | None] = []
    theirs: list[float | None] = []
    before = {pair.name: _accepted(pair) for pair in stage.pairs}
    stage.play(("stalled", 0.0, lambda pair: pair.do("freeze")), ("on", 3.0, lambda pair: pair.do("thaw")))
    stage.settle(10, quiet=4)
    down = 0.0
    for pair in stage.pairs:
        began, now = stage.mark(pair, "stalled"), stage.mark(pair, "on") + 3
        accepted = _accepted(pair)
        ours.append(float(accepted[0] - before[pair.name][0]))
        theirs.append(float(accepted[1] - before[pair.name][1]))
        down += stage.ours(pair).seconds(False, began, now)
    return [
        Row("3 s stall: sessions lost", "0, ib_up stays 1", ours, theirs, _most(ours) == 0 and down == 0, "count"),
    ]


def mute(stage: Comparison) -> list[Row]:
    """Sessions are reset; for 36 s the gateway accepts, and says nothing: long enough that Watchdog tries."""

    def silence(pair: Pair) -> float:
        pair.do("mute")
        return pair.do("rst")

    stage.play(("mute", 0.0, silence), ("heard", 36.0, lambda pair: pair.do("heal")))
    stage.settle(WATCHDOG_CYCLE)
    ours: list[float | None] = []
    theirs: list[float | None] = []
    for pair in stage.pairs:
        since = stage.mark(pair, "mute")
        tried = stage.daemon.counted(pair.name, "ib_connect_attempts_total", since)
        gave_up = stage.daemon.counted(pair.name, "ib_connect_failures_total/handshake_timeout", since)
        ours.append(None if tried is None or gave_up is None else gave_up - tried)
        tried = stage.theirs(pair).first("trying", since)
        gave_up = stage.theirs(pair).first("gave_up", since)
        theirs.append(None if tried is None or gave_up is None else gave_up - tried)
    back_ours, back_theirs = _both(stage, up=True, since="heard")
    kept = all(value is not None and 4.9 <= value <= 5.2 for value in ours)
    return [
        Row("mute handshake: given up", "at 5 s", ours, theirs, kept),
        Row("handshakes answered again: up again", "-", back_ours, back_theirs, _most(back_ours) < float("inf")),
    ]


def upstream(stage: Comparison) -> list[Row]:
    """1100, and 1102 after 20 s: the gateway lost IBKR, its API sessions are well."""
    before = {pair.name: _accepted(pair) for pair in stage.pairs}
    stage.play(
        ("lost", 0.0, lambda pair: pair.do("notice", code=1100, text=LOST)),
        ("back", 20.0, lambda pair: pair.do("notice", code=1102, text=RESTORED)),
    )
    stage.settle(WATCHDOG_CYCLE, quiet=1)
    told_ours, told_theirs = _both(stage, up=False, since="lost")
    lost: tuple[list[float | None], list[float | None]] = ([], [])
    wrong: tuple[list[float | None], list[float | None]] = ([], [])
    for pair in stage.pairs:
        began, ended = stage.mark(pair, "lost"), stage.mark(pair, "back")
        accepted = _accepted(pair)
        for side, claims in enumerate((stage.ours(pair), stage.theirs(pair))):
            lost[side].append(float(accepted[side] - before[pair.name][side]))
            # told up while it lasted, and not up after it
            wrong[side].append(
                claims.seconds(True, began, ended) + claims.seconds(False, ended, ended + WATCHDOG_CYCLE)
            )
    return [
        Row("1100: told", PROMPT, told_ours, told_theirs, _prompt(told_ours)),
        Row("1100/1102: sessions lost", "0", lost[0], lost[1], _most(lost[0]) == 0, "count"),
        Row("1100/1102 of 20 s: told wrongly for", "median 0.1 s", wrong[0], wrong[1], _at(wrong[0]) <= 0.1),
    ]


SCENES: Sequence[tuple[str, Callable[[Comparison], list[Row]]]] = (
    ("the port is closed for 5 s", closed_socket),
    ("a stall of 3 s", stall),
    ("1100, and 1102 after 20 s", upstream),
    ("a hang of 30 s", hang),
    ("a mute gateway for 36 s", mute),
)


def _both(stage: Comparison, *, up: bool, since: str) -> tuple[Values, Values]:
    """How long after a part of the fault each claim became `up`, or had been it all along: ours, Watchdog's."""
    found: tuple[list[float | None], list[float | None]] = ([], [])
    for pair in stage.pairs:
        instant = stage.mark(pair, since)
        for side, claims in enumerate((stage.ours(pair), stage.theirs(pair))):
            found[side].append(_after(claims.edge(up, instant), instant))
    return found


def _accepted(pair: Pair) -> tuple[int, int]:
    return pair.ours.connections_accepted, pair.theirs.connections_accepted
