"""The page that Prometheus reads.

- One call of `snapshots` makes one page. All that it says about a gateway was true at the same moment.
- Most of a page does not change between two scrapes. The bytes that prometheus_client rendered for one gateway and one
  family are kept until their values change. So a scrape costs only what has changed.
- A family is never split: its head comes once, and then its gateways in their order.
- A gateway that is no longer among the snapshots leaves the page and is forgotten.
- The metrics of the process are rendered for each scrape, because they are few and always change.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from prometheus_client.exposition import gzip_accepted
from prometheus_client.registry import Collector

from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.metrics.family import Family, Format, Renderer
from supervisor.observe.metrics.gateway import GATEWAY
from supervisor.observe.metrics.internals import Internals
from supervisor.observe.metrics.own import OWN

__all__ = ["Exposition", "Internals", "gzip_accepted"]

T = TypeVar("T")
Subjects = Mapping[tuple[str, ...], T]
"""What a page reports on, by the values of their own labels."""
GATEWAY_LABELS = ("gateway",)


class Exposition:
    """All metrics, in the text format and in OpenMetrics.

    Do not call `page` from the deciding thread, because rendering takes milliseconds. Any other thread may.
    `families` is the table of one gateway's metrics.
    """

    def __init__(
        self,
        snapshots: Callable[[], Sequence[Snapshot]],
        internals: Callable[[], Internals],
        process: Collector | None = None,
        families: Sequence[Family[Snapshot]] = GATEWAY,
    ) -> None:
        self._snapshots = snapshots
        self._internals = internals
        self._lock = threading.Lock()
        self._pages = {page: _Page(page, process, families) for page in Format}

    def page(self, accept: str | None) -> tuple[bytes, str]:
        """The page for a client that sent this `Accept` header, and its content type."""
        page = self._pages[Format.accepted(accept)]
        with self._lock:
            snapshots, internals = self._snapshots(), self._internals()
            return page.render(snapshots, internals), page.content_type


class _Page:
    def __init__(self, page: Format, process: Collector | None, families: Sequence[Family[Snapshot]]) -> None:
        renderer = Renderer(page)
        self._process = process
        self._lines = renderer.lines
        self.content_type = renderer.content_type
        self._tail = renderer.tail
        self._gateways = [_Kept(family, renderer, GATEWAY_LABELS) for family in families]
        self._own = [_Kept(family, renderer) for family in OWN]

    def render(self, snapshots: Sequence[Snapshot], internals: Internals) -> bytes:
        subjects: Subjects[Snapshot] = {(snapshot.policy.name,): snapshot for snapshot in snapshots}
        parts: list[bytes] = []
        for gateways in self._gateways:
            gateways.render(subjects, parts)
        for own in self._own:
            own.render({(): internals}, parts)
        if self._process is not None:
            parts += map(self._lines, self._process.collect())
        parts.append(self._tail)
        return b"".join(parts)


class _Kept(Generic[T]):
    """One family in one format: its head, and for each subject the last reading and its bytes."""

    def __init__(self, family: Family[T], renderer: Renderer, own_labels: tuple[str, ...] = ()) -> None:
        self._family = family
        self._renderer = renderer
        self._own_labels = own_labels
        self._head = renderer.lines(family.metric(()))
        self._blocks: dict[tuple[str, ...], tuple[Any, bytes]] = {}

    def render(self, subjects: Subjects[T], parts: list[bytes]) -> None:
        read, before = self._family.read, self._blocks
        blocks: dict[tuple[str, ...], tuple[Any, bytes]] = {}
        parts.append(self._head)
        for labels, subject in subjects.items():
            reading = read(subject)
            block = before.get(labels)
            if block is None or (block[0] is not reading and block[0] != reading):
                block = (reading, self._render(labels, reading))
            blocks[labels] = block
            parts.append(block[1])
        self._blocks = blocks

    def _render(self, labels: tuple[str, ...], reading: Any) -> bytes:
        metric = self._family.metric([(labels, reading)], self._own_labels)
        return self._renderer.lines(metric)[len(self._head) :]
