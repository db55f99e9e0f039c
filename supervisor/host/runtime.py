"""The shell of a hosted program's gateway: before a deadline is judged, the core is told how long the program ran."""

from collections.abc import Callable
from typing import Protocol

from supervisor.core.calendar.clock import Now
from supervisor.core.model.events import Event, ProgramRan, TimeAnswered
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import Record
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.vocabulary import Evidence
from supervisor.runtime.gateway_runtime import GatewayRuntime, Link, Listener


def is_undecided(snapshot: Snapshot, *, told: bool) -> bool:
    """Whether IBKR may be away because of a server reset alone, and a probe is about to tell. `told`: it is away."""
    return snapshot.upstream_evidence is Evidence.ASSUMED and not told


class Standing(Protocol):
    """A session that the program's code may hold up."""

    @property
    def epoch(self) -> int: ...

    def stood(self, now: float) -> float:
        """Seconds for which it could not go on, because the program's code ran."""
        ...


class HostedLink(Link, Protocol):
    """A link whose session the program's code may hold up."""

    @property
    def session(self) -> Standing | None: ...


class HostRuntime(GatewayRuntime):
    """One gateway, whose session's thread the program's code may hold."""

    def __init__(
        self,
        policy: Policy,
        facts: Facts,
        now: Now,
        seed: int,
        link: HostedLink,
        listener: Listener,
        post: Callable[[Event], None],
    ) -> None:
        super().__init__(policy, facts, now, seed, link, listener, post)
        self._host_link = link

    def step(self, event: Event, now: Now, late: float = 0.0) -> tuple[Record, ...]:
        session = self._host_link.session
        if session is not None and (isinstance(event, TimeAnswered) or self.wake.is_due(now)):
            before = super().step(ProgramRan(session.epoch, session.stood(now.mono)), now, late)
            return (*before, *super().step(event, now, late))
        return super().step(event, now, late)
