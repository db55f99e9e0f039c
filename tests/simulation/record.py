"""The parts of docs/simulation.md that runs write: each between two comments that name it."""

import re
from collections.abc import Iterable
from pathlib import Path

from tests.simulation.tally import Tally

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


def write(part: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands in this part of the page. Raises ValueError if the page has no such part."""
    before = page.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {part}: begin -->\n).*?(<!-- {part}: end -->)", re.DOTALL)
    if not pattern.search(before):
        raise ValueError(f"{page} has no part {part}")
    page.write_text(pattern.sub(lambda found: f"{found[1]}{text.rstrip()}\n{found[2]}", before), encoding="utf-8")


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def of_soak(tally: Tally, seconds: float, failed: int, first: int) -> str:
    rows = (
        ("gateway-years", f"{tally.days / 365:,.0f}"),
        ("seeds", f"{first} to {first + tally.runs - 1}"),
        ("steps of the core", f"{tally.steps:,}"),
        ("answered pings skipped", f"{tally.pings_skipped:,}"),
        ("attempts to connect", f"{tally.attempts:,}"),
        ("sessions that became ready", f"{tally.sessions:,}"),
        ("outages counted", f"{tally.outages:,}"),
        ("faults", f"{sum(tally.faults.values()):,}"),
        ("minutes", f"{seconds / 60:.1f}"),
        ("promises broken", failed),
    )
    faults = table(("fault", "times"), ((f"`{name}`", f"{times:,}") for name, times in tally.faults.most_common()))
    return f"{table(('what', 'how much'), rows)}\n\n{faults}"
