"""The tables of the race, in Markdown: all figures for docs/race.md, the middle ones for the README."""

from collections.abc import Callable, Sequence

from tests.race.cells import back, back_middle, counts, messages, middle_count, spread, word
from tests.race.course import Results
from tests.race.doors import BY_FILE, BY_HTTP
from tests.race.faults import DAILY, FARM, HANG, IBKR_AWAY, NETWORK, PORT, SCRIPT, Fault
from tests.race.figures import median, table
from tests.race.racers import DOOR, OLD_IBAPI, OURS, QUICK_WATCHDOG, RECOVERY
from tests.race.scoring import Result, Sending

Cell = Callable[[list[Result]], str]
Total = Callable[[Results, str], int]
Part = Callable[[Sending], float]

NOT_SHORT = (OLD_IBAPI, QUICK_WATCHDOG, RECOVERY)
"""Not in the README: docs/race.md has them."""
CURED_BY_NO_RESTART = (IBKR_AWAY, FARM, NETWORK)
WRONG, NEEDLESS = "may send, and should not", "may not send, and could"
LOST = "sessions lost, and not found again in 45 s"
_NONE = "0 s"


def full(runs: Sequence[Results], names: Sequence[str]) -> str:
    """Every figure: medians and ranges over the runs."""
    parts = (
        ("The connection", connection),
        ("Orders", sending),
        ("Programs", programs),
        ("Restarts", restarting),
    )
    return "\n\n".join(f"### {title}\n\n{made(runs, names)}" for title, made in parts)


def connection(runs: Sequence[Results], names: Sequence[str]) -> str:
    """What each says of its connection. With recovery the daemon says the same as without it."""
    names = [name for name in names if name != RECOVERY]
    rows: list[list[str]] = []
    for fault in _played(runs):
        for what, cell in _measures(fault):
            rows.append([f"{fault.name}: {what}", *_row(runs, fault, names, cell)])
    rows.append(_total("sessions ended without need", runs, names, needless))
    rows.append(["whole script: told connected, and was not", *_spreads(runs, names, told_wrongly)])
    return table(["", *names], rows)


def sending(runs: Sequence[Results], names: Sequence[str]) -> str:
    """Open while no order could arrive, and closed while one could; our daemon has two doors."""
    doors = [(name, door) for name in names if name != RECOVERY for door in _doors(runs, name)]
    rows = []
    for what, part in ((WRONG, _wrong), (NEEDLESS, _needless)):
        for fault in _played(runs):
            if fault.broken or part is _needless:
                cells = [
                    spread([part(each.doors[door]) for each in _of(runs, fault, name)], _NONE) for name, door in doors
                ]
                rows.append([f"{fault.name}: {what}", *cells])
        cells = [spread([sent(run, name, door, part) for run in runs], _NONE) for name, door in doors]
        rows.append([f"whole script: {what}", *cells])
    return table(["", *(name if door == DOOR else door for name, door in doors)], rows)


def programs(runs: Sequence[Results], names: Sequence[str]) -> str:
    """What counts for a program: ready soon, found again at all, and no execution missed."""
    names = [name for name in names if name not in (OURS, RECOVERY)]
    rows = [
        [f"{fault.name}: ready after the port's return", *_row(runs, fault, names, back)]
        for fault in _played(runs)
        if fault.name in (PORT, DAILY)
    ]
    rows.append(_total(LOST, runs, names, lost))
    happened = max((sum(each.filled for each in _all(run, name)) for run in runs for name in names), default=0)
    rows.append(_total(f"executions missed, of {happened}", runs, names, missed))
    return table(["", *names], rows)


def restarting(runs: Sequence[Results], names: Sequence[str]) -> str:
    """Where a restart cures nothing, in the hang, which one cures, and in all."""
    rows = []
    for fault in _played(runs):
        if fault.name in (*CURED_BY_NO_RESTART, HANG):
            cures = "a restart cures it" if fault.name == HANG else "a restart cures nothing"
            asked = _row(runs, fault, names, lambda results: counts([each.restarts for each in results]))
            rows.append([f"{fault.name}; {cures}", *asked])
        if fault.name == HANG:
            again = _row(runs, fault, names, lambda results: spread([each.again for each in results]))
            rows.append([f"{fault.name}: up again, from its beginning", *again])
    rows.append(_total("gateway restarts asked for", runs, names, restarts))
    return table(["", *names], rows)


def short(runs: Sequence[Results], names: Sequence[str]) -> str:
    """One line a fault: found after, back after its end."""
    names = [name for name in names if name not in NOT_SHORT]
    rows = [[fault.name, *_row(runs, fault, names, _short(fault))] for fault in _played(runs) if not fault.killed]
    rows.append(["told connected, and was not", *_medians(runs, names, told_wrongly)])
    for what, part in ((WRONG, _wrong), (NEEDLESS, _needless)):
        rows.append([what, *_medians(runs, names, lambda run, name, part=part: sent(run, name, _door(name), part))])  # type: ignore[misc]
    for what, total in (
        ("sessions ended without need", needless),
        (LOST, lost),
        ("executions missed", missed),
        ("gateway restarts asked for", restarts),
    ):
        row = [middle_count([total(run, name) for run in runs]) for name in names]
        if total is missed:
            row = ["-" if name == OURS else cell for name, cell in zip(names, row, strict=True)]
        rows.append([what, *row])
    return table(["found after / back after its end", *names], rows)


# -- sums over a run -------------------------------------------------------------------------------------------------


def needless(run: Results, name: str) -> int:
    """Sessions that ended while the gateway's API was well."""
    sound = {fault.name for fault in SCRIPT if fault.sound}
    return sum(result.reconnects for (fault, racer), result in run.items() if racer == name and fault in sound)


def restarts(run: Results, name: str) -> int:
    """Gateway restarts that were asked for."""
    return sum(result.restarts for result in _all(run, name))


def lost(run: Results, name: str) -> int:
    """Sessions that were lost, or given up, and not there again `PATIENCE` after the end."""
    return sum(result.ready and result.back is None for result in _all(run, name))


def missed(run: Results, name: str) -> int:
    """Executions that the program knew nothing of at the end of their fault."""
    return sum(result.missed for result in _all(run, name))


def told_wrongly(run: Results, name: str) -> float:
    """Seconds for which it claimed to be connected and was not; not where daemons are killed."""
    killed = {fault.name for fault in SCRIPT if fault.killed}
    return sum(result.false for (fault, racer), result in run.items() if racer == name and fault not in killed)


def sent(run: Results, name: str, door: str, part: Part) -> float:
    """Seconds for which a door was wrong."""
    return sum(part(result.doors[door]) for result in _all(run, name))


def _wrong(sending: Sending) -> float:
    return sending.wrong


def _needless(sending: Sending) -> float:
    return sending.needless


# -- rows ------------------------------------------------------------------------------------------------------------


def _played(runs: Sequence[Results]) -> list[Fault]:
    return [fault for fault in SCRIPT if any(name == fault.name for name, _ in runs[0])]


def _all(run: Results, name: str) -> list[Result]:
    return [result for (_, racer), result in run.items() if racer == name]


def _of(runs: Sequence[Results], fault: Fault, name: str) -> list[Result]:
    return [run[fault.name, name] for run in runs if run[fault.name, name].ready]


def _doors(runs: Sequence[Results], name: str) -> list[str]:
    return [BY_FILE, BY_HTTP] if name in (OURS, RECOVERY) else [DOOR]


def _door(name: str) -> str:
    return BY_FILE if name == OURS else DOOR


def _row(runs: Sequence[Results], fault: Fault, names: Sequence[str], cell: Cell) -> list[str]:
    found = [_of(runs, fault, name) for name in names]
    return [cell(results) if results else "-" for results in found]


def _total(what: str, runs: Sequence[Results], names: Sequence[str], total: Total) -> list[str]:
    return [f"whole script: {what}", *(counts([total(run, name) for run in runs]) for name in names)]


def _spreads(runs: Sequence[Results], names: Sequence[str], total: Callable[[Results, str], float]) -> list[str]:
    return [spread([total(run, name) for run in runs]) for name in names]


def _medians(runs: Sequence[Results], names: Sequence[str], total: Callable[[Results, str], float]) -> list[str]:
    return [word(median([total(run, name) for run in runs]), _NONE) for name in names]


def _short(fault: Fault) -> Cell:
    if fault.messages:
        return lambda results: messages([each.heard for each in results], results)
    return lambda results: f"{word(median([each.found for each in results]))} / {back_middle(results)}"


def _measures(fault: Fault) -> list[tuple[str, Cell]]:
    if fault.killed:
        return []
    if fault.messages:
        return [
            ("heard within 1.4 s", lambda results: messages([each.heard_in_time for each in results], results)),
            ("heard at all", lambda results: messages([each.heard for each in results], results)),
            ("sessions ended", lambda results: counts([each.reconnects for each in results])),
        ]
    measures: list[tuple[str, Cell]] = []
    if fault.suspicion:
        measures.append(("suspected after", lambda results: spread([each.suspected for each in results])))
    measures.append(("found after", lambda results: spread([each.found for each in results])))
    measures.append(("back after its end", back))
    if fault.broken:
        measures.append(("told connected, and was not", lambda results: spread([each.false for each in results])))
    if fault.sound:
        measures.append(("sessions ended", lambda results: counts([each.reconnects for each in results])))
    return measures
