"""What a hosted program does to its session: its code holds the session's thread, and it asks for the time."""

from supervisor.core.model.events import ProgramRan, TimeAsked
from supervisor.core.model.vocabulary import OPEN, Phase
from supervisor.core.parts import heartbeat, session
from supervisor.core.step.transition import Transition


def stand_still(transition: Transition, event: ProgramRan) -> None:
    """A slow program is not a hung gateway: deadlines stand still while its code holds the session's thread."""
    state = transition.state
    if event.epoch != state.session.epoch or state.session.phase not in OPEN:
        return
    epoch, before = state.program_ran
    more = event.seconds - (before if epoch == event.epoch else 0.0)
    if more <= 0.0:
        return
    state.program_ran = (event.epoch, event.seconds)
    state.session = session.stood_still(state.session, more)
    if state.session.phase is Phase.READY:
        state.heartbeat = heartbeat.stood_still(state.heartbeat, more, transition.now.mono)


def ask_time(transition: Transition, event: TimeAsked) -> None:
    """The next ping answers the program too."""
    state = transition.state
    if event.epoch == state.session.epoch and state.session.phase is Phase.READY:
        state.heartbeat = heartbeat.asked(state.heartbeat, transition.now.mono)
