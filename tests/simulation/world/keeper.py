"""A controller of the gateway: what it says of the process and of the login, when it is right, lies, or hangs.

It is asked every few seconds. An answer that is the last one again decides nothing, so only the others are told.
"""

from collections.abc import Callable
from functools import partial
from math import inf

from supervisor.core.model.behind.sight import GatewayProcess, LoginState, Sight
from supervisor.core.model.events import Sighted
from tests.simulation.world.timeline import Timeline
from tests.simulation.world.troubles import Troubles

FRESH = 30.0
"""Seconds for which an answer holds without the next one."""
FOR_EVER = 1e9
"""It answers each time."""
LATE = 3.0
"""Seconds after which it has noticed a change."""


class Keeper:
    """Of one gateway. `speaks`: it tells dialogs apart; else it only sees the process."""

    def __init__(self, line: Timeline, troubles: Troubles, tell: Callable[[Sighted], None], *, speaks: bool) -> None:
        self.speaks = speaks
        self.process = 1000
        """The number of the gateway's process."""
        self.dialog = LoginState.SECOND_FACTOR
        """At what a gateway waits that wants a login."""
        self.told_at = 0.0
        """When it last told something that was not a lie."""
        self._line, self._troubles, self._tell = line, troubles, tell
        self._lie: Sight | None = None
        self._hangs = False
        self.silent_from = inf
        """Since when it does not answer; infinity while it does."""

    @property
    def honest(self) -> bool:
        """It tells the truth, and goes on telling it."""
        return self._lie is None and not self._hangs

    def changed(self) -> None:
        """Something has changed that it will see."""
        self._line.later(LATE, self.look)

    def look(self) -> None:
        """It is asked."""
        if not self._hangs:
            self._tell(Sighted(self._sight() if self._lie is None else self._lie, FOR_EVER))
            self.told_at = self._line.t

    def lies(self, lie: Sight, seconds: float) -> None:
        """For so long it says this."""
        self._lie = lie
        self.look()
        self._line.later(seconds, partial(self._tells_the_truth, lie))

    def hangs(self, seconds: float) -> None:
        """For so long it does not answer."""
        self._tell(Sighted(self._sight(), FRESH))
        self._hangs, self.silent_from = True, min(self.silent_from, self._line.t)
        self._line.later(seconds, self._answers)

    def _tells_the_truth(self, lie: Sight) -> None:
        if self._lie is lie:
            self._lie = None
            self.look()

    def _answers(self) -> None:
        self._hangs, self.silent_from = False, inf
        self.look()

    def _sight(self) -> Sight:
        process = GatewayProcess(self.process, float(self.process))
        if "away" in self._troubles:
            return Sight(LoginState.NOT_RUNNING if self.speaks else None, running=False, exit_status=0)
        state = self.dialog if "login" in self._troubles else LoginState.LOGGED_IN
        return Sight(state if self.speaks else None, process=process, running=True)
