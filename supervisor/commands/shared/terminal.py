"""What the tables of the command line share: their width, their columns, and durations for people.

These consoles print only text and the colours of our own styles. Everything else is escaped.
"""

import os
import sys
from collections.abc import Collection, Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from supervisor.observe.masking import clean, escaped

GAP = 2
"""Blanks between two columns."""
PIPE = 400
"""Columns of a pipe. Lines stay whole there."""


class EscapingConsole(Console):
    """A console that escapes every segment just before rich makes bytes of it. Nothing gets past it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich makes of it, with escapes for what a terminal would obey."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment("\n".join(map(escaped, segment.text.split("\n"))), segment.style)


def console() -> EscapingConsole:
    """For standard output: as wide as the terminal or $COLUMNS, and in a pipe as wide as a line needs."""
    asked = os.environ.get("COLUMNS", "")
    wide = not sys.stdout.isatty() and not asked.isdigit()
    return EscapingConsole(width=PIPE if wide else None, highlight=False, soft_wrap=False, markup=False)


def line(text: str, style: str = "") -> Text:
    """A text from outside as one line. It is folded only at the terminal's edge."""
    return Text(clean(text), style, overflow="fold")


def width_of(headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> int:
    """How many columns of the terminal a table takes."""
    return sum(_widths(headings, rows)) + GAP * (len(headings) - 1)


def table(headings: Sequence[str], rows: Sequence[Sequence[Text]], right: Collection[str] = ()) -> Text:
    """The lines of a table, never cut and never wrapped. Columns whose heading is in `right` are aligned to the right.

    It takes milliseconds for a thousand lines. rich's own tables take much longer.
    """
    rows = [[_cell(cell) for cell in row] for row in rows]
    widths = _widths(headings, rows)
    found = []
    for cells in ([Text(heading, "bold") for heading in headings], *rows):
        line = Text()
        for heading, cell, width in zip(headings, cells, widths, strict=True):
            blank = " " * (width - cell.cell_len)
            line.append_text(Text.assemble(blank, cell) if heading in right else Text.assemble(cell, blank))
            line.append(" " * GAP)
        line.rstrip()
        found.append(line)
    return Text("\n", no_wrap=True, overflow="ignore").join(found)


def _cell(text: Text) -> Text:
    """One line. A text that had to be cleaned keeps only the style of the whole."""
    return text if text.plain.isprintable() else Text(clean(text.plain), text.style)


def _widths(headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> list[int]:
    return [max(len(heading), *(row[i].cell_len for row in rows), 0) for i, heading in enumerate(headings)]


def span(seconds: float) -> str:
    """A duration for people in at most two units: `3d 4h`, `12m 5s`, `4s`. Short fractions are shown: `4.2s`."""
    if isinstance(seconds, float) and 0 < seconds < 10:
        return f"{seconds:.1f}s"
    whole = max(0, round(seconds))
    for unit, length, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // part
            return f"{whole // length}{unit} {rest}{smaller}" if rest else f"{whole // length}{unit}"
    return f"{whole}s"
