"""The tables of docs/recovery.md: the rungs, their costs, why a rung is not done, and what others would have done."""

from supervisor.config.values.recovery_keys import PATIENCE
from supervisor.core.calendar.durations import written
from supervisor.core.explain.recovery import WHY_NOT
from supervisor.core.model.recovery.rules import COSTS, FOR_GOOD, Block, NeedsLogin, Result, Rung
from supervisor.core.parts.recovery.rungs import RUNGS
from tests.docs.generate.source import code, meaning, table
from tests.stories import doctors


def with_rungs(page: str) -> str:
    """The page with its tables as the source has them."""
    parts = {
        "rungs": _rungs(),
        "ladder": _ladder(),
        "blocks": _blocks(),
        "results": _results(),
        "doctors": doctors.table(),
    }
    for name, text in parts.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        assert found, f"docs/recovery.md has no place for {name}"
        assert closed, f"docs/recovery.md has no end of {name}"
        page = f"{before}{begin}\n{text}{end}{after}"
    return page


def _rungs() -> str:
    kinds = list(COSTS)
    heads = ("rung", "when", "patience", *(f"login: {kind}" for kind in kinds), "proof", "proved within")
    rows = [
        (
            code(rung),
            rule.says_when,
            written(PATIENCE[rung]),
            *(_cost(kind, rung) for kind in kinds),
            rule.says_proof,
            written(rule.prove_within),
        )
        for rung, rule in RUNGS.items()
    ]
    return table(heads, rows)


def _cost(kind: str, rung: Rung) -> str:
    if rung is Rung.COMMAND:
        return NeedsLogin.YES.value
    cost = COSTS[kind].get(rung)
    return cost.value if cost is not None else "no such command"


def _ladder() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> watching"]
    for rung in Rung:
        patience = written(PATIENCE[rung])
        lines.append(f"    watching --> {rung}_due: what {rung} is for, for {patience}, and nothing is against it")
        costs = {COSTS[kind].get(rung, NeedsLogin.YES) for kind in COSTS}
        if costs != {NeedsLogin.NEVER}:
            lines.append(f"    {rung}_due --> asked: costs a login, or may, and is not unattended")
        lines.append(f"    {rung}_due --> done: it costs none, or is unattended")
    lines += [
        "    asked --> done: approve, good for 15 min in this outage",
        "    asked --> watching: no longer so",
        "    done --> watching: proved, unproved at its deadline, or refused",
        "```",
        "",
    ]
    return "\n".join(lines)


def _blocks() -> str:
    rows = [(code(block), WHY_NOT[block], "yes" if block in FOR_GOOD else "") for block in Block]
    return table(("reason", "meaning", "a stronger rung need not wait"), rows)


def _results() -> str:
    return table(("result", "meaning"), [(code(result), meaning(result)) for result in Result])
