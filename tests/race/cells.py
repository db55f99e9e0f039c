"""One cell of a table: some results of one racer as people read them."""

from collections.abc import Sequence

from tests.race.figures import median, seconds
from tests.race.scoring import Result

TOO_EARLY = "too early"
AT_ONCE = 0.05
"""Seconds below which a difference is that of how one is told: a callback, or a page that is read."""


def word(value: float | None, none: str = "at once") -> str:
    """A duration; below `AT_ONCE` it is `none`."""
    return none if value is not None and value < AT_ONCE else seconds(value)


def spread(values: Sequence[float | None], none: str = "at once") -> str:
    """Median, and the range if there is more than one; `-` without any."""
    if not values:
        return "-"
    middle = word(median(values), none)
    if len(values) < 2:
        return middle
    known = [value for value in values if value is not None]
    if not known:
        return "never"
    most = word(max(known), none) if len(known) == len(values) else "never"
    least = word(min(known), none)
    return middle if least == most == middle else f"{middle} ({least} to {most})"


def counts(values: Sequence[int]) -> str:
    """One number, or the least and the most; `-` without any."""
    if not values:
        return "-"
    return str(values[0]) if len(set(values)) == 1 else f"{min(values)} to {max(values)}"


def middle_count(values: Sequence[int]) -> str:
    """The one in the middle."""
    return f"{sorted(values)[len(values) // 2]}"


def messages(heard: Sequence[int], results: Sequence[Result]) -> str:
    """How many of those that were sent."""
    sent = results[0].sent
    if len(set(heard)) == 1:
        return f"{min(max(heard[0], 0), sent)} of {sent}"
    return f"{min(heard)} to {max(heard)} of {sent}"


def back(results: Sequence[Result]) -> str:
    """Back after the end: median and range, or why there is none."""
    middle = back_middle(results)
    return spread([result.back for result in results]) if middle not in ("-", TOO_EARLY) else middle


def back_middle(results: Sequence[Result]) -> str:
    """Who never said that anything was wrong cannot be back; who said to be back too early was not."""
    if not any(result.noticed for result in results):
        return "-"
    if 2 * sum(result.early for result in results) > len(results):
        return TOO_EARLY
    return word(median([result.back for result in results]))
