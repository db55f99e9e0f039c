"""What was claimed when: every claim of every client, on one clock.

- Instants are seconds on CLOCK_MONOTONIC, which all processes of a machine share.
- A `Timeline` is written by one thread and read by any.
- "up" and "down" are edges: a word said twice in a row changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """Something a client said; `code` is that of a notice, or the number of an execution."""

    at: float
    says: str
    code: int | None = None


class Timeline:
    """The words of one client about one gateway."""

    def __init__(self) -> None:
        self._words: list[Word] = []
        self._edges: list[tuple[float, bool]] = []

    def add(self, word: Word) -> None:
        """The next word."""
        self._words.append(word)
        if word.says in ("up", "down"):
            up = word.says == "up"
            if up != self.up:
                self._edges.append((word.at, up))

    @property
    def up(self) -> bool:
        """What is claimed now."""
        return bool(self._edges) and self._edges[-1][1]

    def up_at(self, instant: float) -> bool:
        """What was claimed then."""
        before = [up for at, up in self._edges if at <= instant]
        return bool(before) and before[-1]

    def words(self, says: str) -> list[Word]:
        """All of one kind."""
        return [word for word in list(self._words) if word.says == says]

    def first(self, says: str, after: float) -> float | None:
        """When a word was first said, from `after` on."""
        return next((word.at for word in self.words(says) if word.at >= after), None)

    def edge(self, up: bool, after: float) -> float | None:
        """When the claim first became `up`, from `after` on."""
        return next((at for at, edge in list(self._edges) if at >= after and edge is up), None)

    def last_edge(self, up: bool, begin: float, end: float) -> float | None:
        """When the claim last became `up` between the two."""
        return next((at for at, edge in reversed(list(self._edges)) if begin <= at <= end and edge is up), None)

    def count(self, says: str, begin: float, end: float) -> int:
        """How often a word was said between the two."""
        return sum(begin <= word.at <= end for word in self.words(says))

    def codes(self, begin: float, end: float) -> list[int]:
        """The codes that were heard between the two."""
        return [word.code for word in self.words("heard") if word.code is not None and begin <= word.at <= end]

    def seconds(self, up: bool, begin: float, end: float) -> float:
        """How long, between the two, the claim was `up`."""
        return sum(till - since for since, till, claim in self._spans(begin, end) if claim is up)

    def _spans(self, begin: float, end: float) -> Iterator[tuple[float, float, bool]]:
        since, claim = begin, self.up_at(begin)
        for at, edge in list(self._edges):
            if begin < at <= end:
                yield since, at, claim
                since, claim = at, edge
        yield since, end, claim


class Timelines(defaultdict[str, Timeline]):
    """One timeline for each gateway of a client, by its name."""

    def __init__(self) -> None:
        super().__init__(Timeline)
