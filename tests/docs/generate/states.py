"""docs/states.md: the phases of a session and what moves them, from the table of transitions."""

from supervisor.core.model.vocabulary import OPEN, Phase, Trigger
from supervisor.core.parts.session import TRANSITIONS
from tests.docs.generate.source import NOTE, code, meaning, table

_HEAD = f"""\
# The phases of a session

{NOTE}

The daemon opens one API session at a time to each gateway. The session is always in one of these phases. An event that
is not listed for a phase does not change it. [statuses](statuses.md) says what to do about each phase.
"""


def page() -> str:
    """The whole page: a diagram, and what each phase and each event means."""
    return "\n".join((_HEAD, _diagram(), _phases(), _triggers()))


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Phase.IDLE}"]
    for phase, triggers in TRANSITIONS.items():
        targets: dict[Phase, list[str]] = {}
        for trigger, target in triggers.items():
            targets.setdefault(target, []).append(trigger.value)
        lines += [f"    {phase} --> {target}: {', '.join(words)}" for target, words in targets.items()]
    return "\n".join((*lines, "```", ""))


def _phases() -> str:
    rows = [(code(phase), "yes" if phase in OPEN else "no", meaning(phase)) for phase in Phase]
    return table(("phase", "a session exists", "meaning"), rows)


def _triggers() -> str:
    rows = [
        (
            trigger.value,
            ", ".join(
                f"`{phase}` to `{triggers[trigger]}`" for phase, triggers in TRANSITIONS.items() if trigger in triggers
            ),
        )
        for trigger in Trigger
    ]
    return table(("event", "moves"), rows)
