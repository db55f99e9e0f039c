"""An hour of trouble on a virtual clock: our recovery, and the rules of others, replayed from their published sources.

- Ours is the core itself with its default patience, allowed to act without a person.
- ib_async 2.1.0's Watchdog asks for a new gateway at 1100, at a lost connection, and after 20 s of silence and 4 s
  without an answer. It waits 2 s, starts the gateway, waits 30 s, and connects. If that fails it begins again.
- ibc2 0.1.0 shakes hands every 30 s on the gateway's own machine. After more than 600 s without an answer it ends the
  gateway and everything that it started, waits 15 s, starts it, and looks again once the login is complete.
- A gateway that was ended by others must log in again; IBC's RESTART keeps the login.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from supervisor.core.model.actions import Action, Heal
from supervisor.core.model.controller import Ibc
from supervisor.core.model.events import DeedAnswered, Sighted
from supervisor.core.model.facts import Facts
from supervisor.core.model.recovery.rules import MarketHours, NeedsLogin, RecoveryPolicy, Rung, RungPolicy
from supervisor.core.model.sight import GatewayProcess, Sight
from supervisor.core.model.status import Status
from tests.core.driver import NOON, World, instant, policy
from tests.race.figures import table

HOUR = 3600.0
KEPT_LOGIN = 60.0
"""Seconds of a restart that keeps the login."""
PATIENCE = 120.0
"""Of the rung `restart`, by default."""


class Trouble(StrEnum):
    """What lasts for an hour, if nothing ends it."""

    HANG = "a logged-in gateway hangs"
    IBKR = "IBKR away (1100)"
    FARM = "a farm broken (2103)"
    NETWORK = "no network to the gateway"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Seconds from the beginning of the trouble."""

    asked: Sequence[float] = ()
    """When a restart of the gateway was asked for."""
    logins: int = 0
    """Logins that the gateway had to ask for."""
    back: float | None = None
    """When it worked again; None: not within the hour."""


def watchdog(trouble: Trouble, login: float | None) -> Outcome:
    """`login`: seconds that a new process needs until its port answers; None if nobody confirms the second factor."""
    if trouble is Trouble.FARM:
        return Outcome()
    wait, pause, attempt = 30.0, 2.0, 2.0 if trouble is Trouble.NETWORK else 0.0
    asked = [0.0 if trouble is Trouble.IBKR else 20.0 + 4.0]
    while True:
        tried = asked[-1] + pause + wait
        if trouble is Trouble.HANG and login is not None and login <= wait:
            return Outcome(asked, len(asked), tried)
        if tried + attempt >= HOUR:
            return Outcome(asked, 0 if trouble is Trouble.NETWORK else len(asked))
        asked.append(tried + attempt)


def ibc2(trouble: Trouble, login: float | None) -> Outcome:
    """The hang begins just after a handshake. To a gateway that must log in it does nothing more."""
    if trouble is not Trouble.HANG:
        return Outcome()
    every, grace, pause = 30.0, 600.0, 15.0
    killed = next(every * turn for turn in range(1, 1000) if every * turn > grace)
    return Outcome([killed], 1, None if login is None else killed + pause + login)


def ours(trouble: Trouble) -> Outcome:
    """The core, with the rung `restart` and a controller that carries it out and keeps the login."""
    return _Ours(trouble).played()


class _Ours(World):
    def __init__(self, trouble: Trouble) -> None:
        rung = RungPolicy(Rung.RESTART, PATIENCE, 2, NeedsLogin.MAYBE, True)
        wanted = policy(recovery=RecoveryPolicy((rung,), MarketHours.IGNORE), controller=Ibc())
        facts = Facts(known=True, login_proven_at=instant(NOON) - timedelta(hours=1))
        super().__init__(wanted, facts=facts)
        self.trouble = trouble
        self.pid = 100
        self.asked: list[float] = []
        self.cured_at: float | None = None

    def played(self) -> Outcome:
        self.start()
        self._see()
        self.run(120.0)
        begun = self.now.mono
        if self.trouble is Trouble.IBKR:
            self.notice(1100)
        elif self.trouble is Trouble.FARM:
            self.notice(2103, "Market data farm connection is broken:usfarm")
        else:
            self.peer.answers = False
            self.peer.port = "mute" if self.trouble is Trouble.HANG else "lost"
        back = None
        while self.now.mono < begun + HOUR:
            if self.cured_at is not None and self.now.mono >= self.cured_at:
                self.cured_at, self.pid = None, self.pid + 1
                self.peer.answers, self.peer.port = True, "open"
                self._see()
            stop = begun + HOUR if self.cured_at is None else self.cured_at
            self._advance(self._next(stop))
            if back is None and self.asked and self.status is Status.UP:
                back = self.now.mono - begun
        return Outcome([at - begun for at in self.asked], 0, back)

    def _see(self) -> None:
        self.step(Sighted(Sight(None, process=GatewayProcess(self.pid, float(self.pid)), running=True), 1e9))

    def _carry_out(self, action: Action) -> None:
        if isinstance(action, Heal):
            self.asked.append(self.now.mono)
            self.peer.port = "refuse"
            self.cured_at = self.now.mono + KEPT_LOGIN
            self.later(0.001, DeedAnswered(action.number, True, "OK"))
        super()._carry_out(action)


def rules() -> str:
    """The table."""
    paper, night = 20.0, None
    lines = [
        (f"{Trouble.HANG}; a login takes {paper:.0f} s by itself (paper)", Trouble.HANG, paper),
        (f"{Trouble.HANG}; nobody confirms the second factor", Trouble.HANG, night),
        *((f"{trouble}; a restart cures nothing", trouble, night) for trouble in Trouble if trouble != Trouble.HANG),
    ]
    rows = [
        [what, _cell(ours(trouble)), _cell(watchdog(trouble, login)), _cell(ibc2(trouble, login))]
        for what, trouble, login in lines
    ]
    return table(["an hour of", "recovery (`restart`, unattended)", "Watchdog's rule", "ibc2's rule"], rows)


def _cell(outcome: Outcome) -> str:
    if not outcome.asked:
        return "0"
    count = len(outcome.asked)
    words = [
        f"{count}, the first after {_length(outcome.asked[0])}" if count > 1 else f"1 after {_length(outcome.asked[0])}"
    ]
    words.append(f"{outcome.logins} login{'s' if outcome.logins != 1 else ''}")
    words.append("not back" if outcome.back is None else f"back after {_length(outcome.back)}")
    return "; ".join(words)


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
