"""What people are told of outages, judged over all processes of the daemon.

- `an outage is told once`: by one first message; then only by a sharper name, and its end once, when it closes.
- `an outage is told in time`: not before it has lasted as long as its row says, a sharper name not before that has, and
  at the latest when it has lasted as long as the most patient row that may be about it.
- `what is planned is not told`: but for a missing login and a wrong account.
"""

from collections.abc import Iterable
from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Action, Announce
from supervisor.core.model.layers import Layer
from supervisor.core.model.pages import ROWS
from supervisor.core.model.vocabulary import Phase, Planning, Stage
from supervisor.core.step.state import State, outage_id
from tests.simulation.judges.violation import holds

ONCE, TIMELY, SILENT = "an outage is told once", "an outage is told in time", "what is planned is not told"
NEVER_EXPLAINED = ("IBReauthRequired", "IBAccountMismatch")
MOST = 301.0
"""Seconds: an outage soon after a restart that was not seen is told after 300."""
FLAPPING = "IBSessionFlapping"
TINY = 1e-6


class TellingBook:
    """Of one gateway."""

    def __init__(self) -> None:
        self._told: dict[str, list[tuple[str, Stage]]] = {}
        self._over: set[str] = set()
        self._doubt: set[str] = set()
        self._last: tuple[str, ...] = ()
        """The conversations of the last words."""
        self._flapping = False
        self._holds: tuple[datetime, float] | None = None
        """The outage that is unplanned and lasts, and since when it has done so without a break."""
        self._began = 0.0
        self._left: datetime | None = None
        """The outage that the process before left open: of it the time counts from its beginning."""
        self._kind: tuple[str, Now | None] = ("", None)
        """What the outage is by the lowest layer broken, and since when."""
        self._before = False
        """That was in another process: the wall clock alone tells how long ago."""

    def process_begins(self, state: State) -> None:
        """Another process, perhaps with another monotonic clock."""
        left = state.outages.inherited
        self._holds, self._began, self._left = None, state.at.mono, left.began if left is not None else None
        self._before = True

    def killed_at_its_word(self) -> None:
        """Nobody knows whether the last words were kept."""
        self._doubt.update(self._last)

    def step(self, before: State, after: State, actions: Iterable[Action]) -> None:
        """Raises Violation for the first promise that does not hold."""
        self._follow(after)
        words = [action for action in actions if isinstance(action, Announce)]
        if words:
            self._last = tuple(each.talk for each in words)
        for said in words:
            if said.row == FLAPPING:
                self._flapping = said.stage is not Stage.OVER
            if said.talk.startswith("outage-"):
                self._heard(said, after)
        self._due(after)
        last = after.outages.last
        if last is not None and last is not before.outages.last:
            name = outage_id(last.began)
            told = name in self._told and name not in self._doubt
            holds(not told or name in self._over, ONCE, lambda: f"{last} is over, and nobody was told")

    def _follow(self, after: State) -> None:
        broken = after.broken
        kind = {None: "", Layer.UPSTREAM: "IBUpstreamLost", Layer.FARMS: "IBFarmDown"}.get(broken, "IBGatewayDown")
        if kind != self._kind[0]:
            self._kind, self._before = (kind, after.at), False
        outage, books = after.outages.current, after.outages
        lasts = outage is not None and outage.ended is None
        if lasts and not books.observing:
            return  # a reload asked for another session: what was broken is so until the new attempt has ended
        if outage is None or not lasts or outage.planning is Planning.PLANNED:
            self._holds = None
        elif self._holds is None or self._holds[0] != outage.began:
            self._holds = (outage.began, after.at.mono)

    def _heard(self, said: Announce, after: State) -> None:
        told = self._told.setdefault(said.talk, [])
        again = said.talk in self._doubt
        holds(again or (said.row, said.stage) not in told, ONCE, lambda: f"{said} again")
        holds(again or said.talk not in self._over, ONCE, lambda: f"{said} after its end")
        if said.stage is Stage.OVER:
            holds(bool(told), ONCE, lambda: f"{said}, and it was never told")
            self._over.add(said.talk)
            return
        first = said.stage in (Stage.BEGAN, Stage.TURNED)
        holds(again or first is not bool(told), ONCE, lambda: f"{said} after {told}")
        told.append((said.row, said.stage))
        outage = after.outages.current
        holds(outage is not None and outage_id(outage.began) == said.talk, ONCE, lambda: f"{said} of {outage}")
        if said.row not in NEVER_EXPLAINED:
            holds(self._holds is not None, SILENT, lambda: f"{said} of {outage}")
        kind, since_then = self._kind
        if not first and said.row == kind and since_then is not None:
            by_wall = (after.at.wall - since_then.wall).total_seconds()
            lasted = by_wall if self._before else after.at.mono - since_then.mono
            holds(again or lasted >= ROWS[said.row].after - TINY, TIMELY, lambda: f"{said} after {lasted} s")
        if not first:
            return
        since = self._holds[1] if self._holds is not None else self._began
        lasted = after.at.mono - since
        if outage is not None and outage.began == self._left:
            lasted = max(after.at.mono - self._began, (said.at - said.began).total_seconds())
        due = said.row in NEVER_EXPLAINED or lasted >= ROWS[said.row].after - TINY
        holds(due, TIMELY, lambda: f"{said} after {lasted} s")

    def _due(self, after: State) -> None:
        if self._holds is None or after.at.mono - self._holds[1] <= MOST:
            return
        if after.session.phase is Phase.STOPPED:
            return  # the loop stood still, and the first that it hears is that it ends: the next process tells
        explained = self._flapping and after.broken is Layer.FARMS
        told = self._told.get(outage_id(self._holds[0]))
        holds(bool(told) or explained, TIMELY, lambda: f"{after.outages.current}, and nobody was told")
