"""What an `ib_async.IB` forgets at a disconnect, and gets back: its trades, its fills, its tickers and their streams.

- `ib_async` empties its wrapper at the end of a connection. The objects that the program holds live on, but nothing
  would reach them again. So they are put back before the next connect, and are updated in place.
- A stream is made again by the call that made it first, with the same arguments. A cancelled one is not.
"""

from collections.abc import Callable
from typing import Any

from ib_async import IB

STREAMS = {
    "reqMktData": "cancelMktData",
    "reqTickByTickData": "cancelTickByTickData",
    "reqMktDepth": "cancelMktDepth",
    "reqPnL": "cancelPnL",
    "reqPnLSingle": "cancelPnLSingle",
}
"""The requests whose answers live in objects that the IB keeps, and what ends each."""
_KEPT = ("trades", "permId2Trade", "fills", "tickers")
_Call = tuple[str, tuple[Any, ...], dict[str, Any]]


class Memory:
    """Of one IB."""

    def __init__(self, ib: IB) -> None:
        self._ib = ib
        self._calls: list[_Call] = []
        self._kept: dict[str, dict[Any, Any]] = {name: {} for name in _KEPT}
        self._held: dict[str, dict[Any, Any]] = {}
        self._asks: dict[str, Callable[..., Any]] = {}
        for ask, cancel in STREAMS.items():
            self._watch(ask, cancel)

    def hold(self) -> None:
        """A session begins: hold what the IB fills from now on. At its end the IB takes new ones."""
        self._held = {name: getattr(self._ib.wrapper, name) for name in _KEPT}

    def keep(self) -> None:
        """Note what the IB knows, or knew before it forgot."""
        for name in _KEPT:
            self._kept[name].update(self._held.get(name, {}))
            self._kept[name].update(getattr(self._ib.wrapper, name))

    def give_back(self) -> None:
        """Put it back into the IB."""
        for name in _KEPT:
            getattr(self._ib.wrapper, name).update(self._kept[name])
        self.hold()

    def fills(self) -> set[str]:
        """The ids of the fills that were heard."""
        return set(self._kept["fills"])

    def stream_again(self) -> int:
        """Make all streams again; how many."""
        for name, args, named in tuple(self._calls):
            self._asks[name](*args, **named)
        return len(self._calls)

    def _watch(self, ask: str, cancel: str) -> None:
        asks, cancels = getattr(self._ib, ask), getattr(self._ib, cancel)
        self._asks[ask] = asks

        def asked(*args: Any, **named: Any) -> Any:
            found = asks(*args, **named)
            snapshot = named.get("snapshot", args[2] if ask == "reqMktData" and len(args) > 2 else False)
            if not snapshot and (ask, args, named) not in self._calls:
                self._calls.append((ask, args, named))
            return found

        def cancelled(*args: Any, **named: Any) -> Any:
            about = args or tuple(named.values())
            self._calls = [each for each in self._calls if not (each[0] == ask and _same(each, about))]
            return cancels(*args, **named)

        setattr(self._ib, ask, asked)
        setattr(self._ib, cancel, cancelled)


def _same(call: _Call, about: tuple[Any, ...]) -> bool:
    """Whether a cancel with these arguments ends that stream: all that it names are the stream's first ones."""
    told = (*call[1], *call[2].values())
    return told[: len(about)] == about or (about[:1] == told[:1] and not isinstance(about[0], str))
