"""The table of requests in docs/simulated-gateway.md, out of the simulator's own: `python -m tests.simulator.table`."""

import sys
from pathlib import Path

from supervisor.simulator.answers.table import ANSWERED, REFUSED
from supervisor.simulator.wire.ids import Ask

PAGE = Path(__file__).parents[2] / "docs" / "simulated-gateway.md"
BEGIN, END = "<!-- requests -->", "<!-- /requests -->"


def table() -> str:
    """One row a request, as Markdown."""
    lines = ["| id | request | answer |", "| --- | --- | --- |"]
    for ask in Ask:
        if ask in REFUSED:
            becomes = f"refused, {REFUSED[ask].code}"
        else:
            becomes = "answered" if ask in ANSWERED else "begins the session"
        lines.append(f"| {int(ask)} | {ask.name.lower().replace('_', ' ')} | {becomes} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table; with `--write` put it into the page."""
    print(table())
    if "--write" in sys.argv[1:]:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
