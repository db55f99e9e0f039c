"""The tables of the race, in Markdown: all figures for docs/race.md, the middle ones for the README."""

from collections.abc import Callable, Sequence

from tests.race.course import Result, Results
from tests.race.faults import SCRIPT, Fault
from tests.race.figures import median, seconds, table

Cell = Callable[[list[Result]], str]

TOO_EARLY = "too early"
AT_ONCE = 0.05
"""Seconds below which a difference is that of how one is told: a callback, or a page that is read."""


def full(runs: Sequence[Results], names: Sequence[str]) -> str:
    """Every figure: medians and ranges over the runs."""
    rows: list[list[str]] = []
    for fault in SCRIPT:
        by_name = {name: _of(runs, fault, name) for name in names}
        for what, cell in _measures(fault):
            rows.append([f"{fault.name}: {what}", *(cell(by_name[name]) if by_name[name] else "-" for name in names)])
    for what, total in (("sessions ended without need", needless), ("gateway restarts asked for", restarts)):
        rows.append([f"whole script: {what}", *(_counts([total(run, name) for run in runs]) for name in names)])
    rows.append(
        [
            "whole script: told connected, and was not",
            *(_spread([told_wrongly(run, name) for run in runs]) for name in names),
        ]
    )
    return table(["", *names], rows)


def short(runs: Sequence[Results], names: Sequence[str]) -> str:
    """One line a fault: found after, back after its end."""
    rows = []
    for fault in SCRIPT:
        cells = []
        for name in names:
            results = _of(runs, fault, name)
            if not results:
                cells.append("-")
            elif fault.messages:
                cells.append(_messages([result.heard for result in results], results))
            else:
                found = _word(median([result.found for result in results]))
                cells.append(f"{found} / {_back_middle(results)}")
        rows.append([fault.name, *cells])
    rows.append(
        [
            "told connected, and was not",
            *(_word(median([told_wrongly(run, name) for run in runs]), "never") for name in names),
        ]
    )
    rows.append(
        ["sessions ended without need", *(_word_count([needless(run, name) for run in runs]) for name in names)]
    )
    rows.append(["gateway restarts asked for", *(_word_count([restarts(run, name) for run in runs]) for name in names)])
    return table(["found after / back after its end", *names], rows)


def needless(run: Results, name: str) -> int:
    """Sessions that ended while the gateway's API was well."""
    return sum(run[fault.name, name].reconnects for fault in SCRIPT if fault.sound)


def restarts(run: Results, name: str) -> int:
    """Gateway restarts that were asked for."""
    return sum(run[fault.name, name].restarts for fault in SCRIPT)


def told_wrongly(run: Results, name: str) -> float:
    """Seconds for which it claimed to be connected and was not."""
    return sum(run[fault.name, name].false for fault in SCRIPT)


def _of(runs: Sequence[Results], fault: Fault, name: str) -> list[Result]:
    return [run[fault.name, name] for run in runs if run[fault.name, name].ready]


def _measures(fault: Fault) -> list[tuple[str, Cell]]:
    if fault.messages:
        return [
            ("heard within 1.4 s", lambda results: _messages([result.heard_in_time for result in results], results)),
            ("heard at all", lambda results: _messages([result.heard for result in results], results)),
            ("sessions ended", lambda results: _counts([result.reconnects for result in results])),
        ]
    measures: list[tuple[str, Cell]] = [("found after", lambda results: _spread([r.found for r in results]))]
    measures.append(("back after its end", _back))
    if fault.broken:
        measures.append(("told connected, and was not", lambda results: _spread([r.false for r in results])))
    if fault.sound:
        measures.append(("sessions ended", lambda results: _counts([r.reconnects for r in results])))
    return measures


def _messages(heard: Sequence[int], results: Sequence[Result]) -> str:
    sent = results[0].sent
    return (
        f"{min(max(heard[0], 0), sent)} of {sent}"
        if len(set(heard)) == 1
        else f"{min(heard)} to {max(heard)} of {sent}"
    )


def _noticed(results: Sequence[Result]) -> bool:
    return any(result.noticed for result in results)


def _back(results: list[Result]) -> str:
    middle = _back_middle(results)
    return _spread([result.back for result in results]) if middle not in ("-", TOO_EARLY) else middle


def _back_middle(results: Sequence[Result]) -> str:
    """Who never said that anything was wrong cannot be back; who said to be back too early was not."""
    if not _noticed(results):
        return "-"
    if 2 * sum(result.early for result in results) > len(results):
        return TOO_EARLY
    return _word(median([result.back for result in results]))


def _counts(values: Sequence[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else f"{min(values)} to {max(values)}"


def _word_count(values: Sequence[int]) -> str:
    return f"{sorted(values)[len(values) // 2]}"


def _spread(values: Sequence[float | None]) -> str:
    """Median, and the range if there is more than one."""
    middle = _word(median(values))
    if len(values) < 2:
        return middle
    known = [value for value in values if value is not None]
    if not known:
        return "never"
    most = _word(max(known)) if len(known) == len(values) else "never"
    least = _word(min(known))
    return middle if least == most == middle else f"{middle} ({least} to {most})"


def _word(value: float | None, none: str = "at once") -> str:
    return none if value is not None and value < AT_ONCE else seconds(value)
