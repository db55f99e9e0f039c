"""Where and as whom a check is made, and what it finds."""

from collections.abc import Callable
from enum import Enum

from supervisor.frozen import dataclass
from supervisor.simulator.verify.caller import TEXT_VERSION, Caller, Ended

EURUSD = (0, "EUR", "CASH", "", 0, "", "", "IDEALPRO", "", "USD", "", "")


class Verdict(Enum):
    """What a check says."""

    SO = "ok"
    NOT_SO = "DIFFERS"
    UNTRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, and what was seen."""

    verdict: Verdict
    seen: str


@dataclass(frozen=True, slots=True)
class Place:
    """The gateway to check, and two client ids that nobody else uses."""

    host: str
    port: int
    client_id: int
    other_id: int

    def call(self, newest: int = TEXT_VERSION) -> Caller:
        """A new connection."""
        return Caller(self.host, self.port, newest)

    def started(self, client_id: int, newest: int = TEXT_VERSION) -> Caller:
        """A connection that has its accounts and its next id; raises `Ended` if it has not."""
        caller = self.call(newest)
        try:
            if caller.handshake() and len(caller.start(client_id)) >= 2:
                return caller
        except Ended:
            caller.close()
            raise
        caller.close()
        raise Ended("no session")

    def ready(self, client_id: int, newest: int = TEXT_VERSION) -> Caller:
        """A connection that has started, with its greeting read over; raises `Ended` if it has not."""
        caller = self.started(client_id, newest)
        caller.rest(0.25)
        return caller


def said(so: bool, seen: str) -> Finding:
    """It is so, or not."""
    return Finding(Verdict.SO if so else Verdict.NOT_SO, seen)


Check = Callable[[Place], Finding]


def name_of(check: Check) -> str:
    """A check's name, as the table and the report have it."""
    return check.__name__.replace("_", "-")
