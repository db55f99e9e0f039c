"""When each gateway was observed, as spans without a gap: what `history` divides by.

- A span goes on while it is seen at least every `GAP` seconds on the wall clock; a machine that slept, a daemon that
  was away, a clock that was set, all begin another one.
- To spare the disk, a span is handed out when it begins, every `STEP` seconds, and when it ends. So a kill -9 leaves
  up to `STEP` seconds unobserved.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from supervisor.observe.journal.store import Span

GAP = timedelta(seconds=5)
STEP = timedelta(seconds=10)


class Watching:
    """The spans under way; not for several threads at once."""

    def __init__(self) -> None:
        self._open: dict[str, Span] = {}
        self._handed: datetime | None = None

    def seen(self, gateways: Iterable[str], at: datetime) -> list[Span]:
        """These are observed now, and no others; returns the spans to be written."""
        before, self._open = self._open, {}
        news = []
        for gateway in gateways:
            span = before.get(gateway)
            if span is not None and span.until <= at <= span.until + GAP:
                self._open[gateway] = span._replace(until=at)
                del before[gateway]
            else:
                self._open[gateway] = Span(gateway, at, at)
                news.append(self._open[gateway])
        ended = [span for span in before.values() if span.until > span.began]
        if self._handed is not None and abs(at - self._handed) < STEP:
            return ended + news
        self._handed = at
        return ended + list(self._open.values())

    def now(self) -> tuple[Span, ...]:
        """The spans under way."""
        return tuple(self._open.values())

    def ended(self) -> Iterator[Span]:
        """The spans as they are when nobody watches any more."""
        yield from self._open.values()
        self._open = {}
