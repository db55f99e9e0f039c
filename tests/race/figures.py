"""Figures as people read them, tables, and how idle the machine was.

A table is written between its markers in a document, and nothing else of the document is touched.
"""

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def seconds(value: float | None) -> str:
    """A duration with as many digits as it deserves."""
    if value is None:
        return "never"
    if abs(value) < 0.0995:
        return f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if abs(value) < 9.995 else f"{value:.1f} s"


def median(values: Sequence[float | None]) -> float | None:
    """The median; what never happened is later than everything."""
    known = sorted(float("inf") if value is None else value for value in values)
    if not known:
        return None
    middle = statistics.median_high(known) if float("inf") in known else statistics.median(known)
    return None if middle == float("inf") else middle


def spread(values: Sequence[float | None]) -> str:
    """Median and range."""
    if not values:
        return "-"
    known = [value for value in values if value is not None]
    if not known:
        return "never"
    middle = seconds(median(values))
    if len(values) == 1:
        return middle
    most = seconds(max(known)) if len(known) == len(values) else "never"
    return f"{middle} ({seconds(min(known))} to {most})"


def ratio(ours: float | None, theirs: float | None) -> str:
    """How many times ours theirs is."""
    if ours is None or theirs is None or ours <= 0:
        return "-"
    times = theirs / ours
    return f"{times:.0f}x" if times >= 9.5 else f"{times:.1f}x"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, its columns aligned so that it can be read as it is."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *(line(row) for row in rows)])


def write_between(path: Path, marker: str, text: str) -> None:
    """Replace what stands between `<!-- marker -->` and `<!-- /marker -->`; raises ValueError without them."""
    before, opening, rest = path.read_text().partition(f"<!-- {marker} -->")
    _, closing, after = rest.partition(f"<!-- /{marker} -->")
    if not closing:
        raise ValueError(f"{path} has no markers <!-- {marker} --> and <!-- /{marker} -->")
    path.write_text(f"{before}{opening}\n{text.strip()}\n{closing}{after}")


class Idleness:
    """How much of the machine's processor time nobody used, from the making on."""

    def __init__(self) -> None:
        self._began, self._idle = _processor_times()

    def share(self) -> float:
        """From 0 to 1."""
        total, idle = _processor_times()
        return (idle - self._idle) / max(1, total - self._began)

    def sentence(self) -> str:
        """For below a table."""
        return (
            f"Measured {time.strftime('%Y-%m-%d', time.gmtime())} on {os.cpu_count()} cores that were "
            f"{self.share():.0%} idle on average (load {os.getloadavg()[0]:.1f} at the end)."
        )


def _processor_times() -> tuple[int, int]:
    with open("/proc/stat") as stat:
        fields = [int(field) for field in stat.readline().split()[1:9]]
    return sum(fields), fields[3] + fields[4]
