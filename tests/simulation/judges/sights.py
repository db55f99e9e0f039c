"""What is said of the login, while the controller is right: `the controller's word is passed on`."""

from supervisor.core.calendar.windows import RESTARTS
from supervisor.core.explain.sightings import VAGUE
from supervisor.core.model.behind.sight import LoginState
from supervisor.core.step.state import State
from tests.simulation.judges.ledger import Ledger
from tests.simulation.judges.violation import holds
from tests.simulation.world.keeper import FRESH, LATE, Keeper
from tests.simulation.world.timeline import Timeline
from tests.simulation.world.troubles import Troubles

PROMISE = "the controller's word is passed on"
SLACK = LATE + 2.0
PENDING = 150.0
"""Seconds in which a port that stays closed is seen to be so: a minute, and the longest wait between attempts."""
GONE = (LoginState.NOT_RUNNING, LoginState.RESTARTING)


def look(line: Timeline, troubles: Troubles, clear: float, state: State, ledger: Ledger, keeper: Keeper) -> None:
    """Compare now. `clear`: since then nothing kept the daemon from knowing."""
    told, names = state.eyes.seen.login_state, troubles.names()
    if ledger.ready and ledger.beats and ledger.upstream_up:
        holds(told is LoginState.LOGGED_IN, PROMISE, lambda: f"{told}, while a session works")
    silent = line.t - max(clear, keeper.silent_from)
    if silent > FRESH + SLACK and not ledger.ready:
        holds(told is None, PROMISE, lambda: f"{told}, and it has not answered for {silent:.0f} s")
    lasted = line.t - max(clear, troubles.changed_at, keeper.told_at - LATE)
    if not keeper.honest or ledger.ready or lasted < SLACK:
        return
    if names == ("away",):
        holds(told in GONE, PROMISE, lambda: f"{told}, and no process for {lasted:.0f} s")
    if names == ("login",) and keeper.speaks:
        holds(told is keeper.dialog, PROMISE, lambda: f"{told}, at {keeper.dialog} for {lasted:.0f} s")
        cause = state.cause
        if cause is not None and cause.key in VAGUE:
            named = cause.login is not None and cause.login.state is keeper.dialog
            holds(named, PROMISE, lambda: f"{cause}, at {keeper.dialog}")
    if names == ("login",) and not keeper.speaks and lasted > PENDING and ledger.closed:
        restarts = told is LoginState.RESTARTING and any(each.window.kind in RESTARTS for each in state.active)
        pending = told is LoginState.LOGIN_PENDING or restarts  # nobody knows more while the window is open
        holds(pending, PROMISE, lambda: f"{told}, its port closed for {lasted:.0f} s")
