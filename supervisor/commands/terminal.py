"""What the tables of the command line have in common: the width they may use, and durations for the eye."""

import os
import sys

from rich.console import Console

PIPE = 400
"""Columns for who is no terminal: lines stay whole there."""


def console() -> Console:
    """For standard output: as wide as the terminal or $COLUMNS say, and in a pipe as wide as a line needs."""
    asked = os.environ.get("COLUMNS", "")
    wide = not sys.stdout.isatty() and not asked.isdigit()
    return Console(width=PIPE if wide else None, highlight=False, soft_wrap=False)


def span(seconds: float) -> str:
    """Two units are enough for the eye: `3d 4h`, `12m 5s`, `4s`; of fractions that are known, `4.2s`."""
    if isinstance(seconds, float) and 0 < seconds < 10:
        return f"{seconds:.1f}s"
    whole = max(0, round(seconds))
    for unit, length, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // part
            return f"{whole // length}{unit} {rest}{smaller}" if rest else f"{whole // length}{unit}"
    return f"{whole}s"
