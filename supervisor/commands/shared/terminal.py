"""The terminal: its width, a console that escapes, and durations for people.

These consoles print only text and the colours of our own styles. Everything else is escaped.
"""

import os
import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from supervisor.commands.shared.table import Laid
from supervisor.observe.masking import clean, escaped


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
    """For standard output: colours on a terminal, unless NO_COLOR is set."""
    return EscapingConsole(highlight=False, markup=False)


def width() -> int | None:
    """The columns of the terminal on standard output, or $COLUMNS. None in a pipe, where lines stay whole."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return console().width if sys.stdout.isatty() else None


def show(*shown: Text | Laid | str, to: Console | None = None) -> None:
    """Print these, each from the start of a line. They are wrapped already, so rich does not wrap them."""
    target = console() if to is None else to
    for each in shown:
        target.print(each.text() if isinstance(each, Laid) else each, soft_wrap=True)


def line(text: str, style: str = "") -> Text:
    """A text from outside as one line."""
    return Text(clean(text), style)


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
