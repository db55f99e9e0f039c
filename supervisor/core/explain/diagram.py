"""docs/states.md, made from the table of transitions: `python -m supervisor.core.explain.diagram > docs/states.md`."""

import inspect

from supervisor.core.model.vocabulary import OPEN, Phase, Trigger
from supervisor.core.parts.session import TRANSITIONS

_HEAD = """\
# The phases of a session

Made from `TRANSITIONS` in `supervisor/core/parts/session.py` by
`python -m supervisor.core.explain.diagram > docs/states.md`; a test
fails when this page is stale. A cue that a phase does not list changes nothing.
"""


def page() -> str:
    """The whole page: a diagram, and what each phase and each cue means."""
    return "\n".join((_HEAD, _diagram(), _phases(), _cues()))


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Phase.IDLE}"]
    for phase, cues in TRANSITIONS.items():
        targets: dict[Phase, list[str]] = {}
        for cue, target in cues.items():
            targets.setdefault(target, []).append(cue.value)
        lines += [f"    {phase} --> {target}: {', '.join(words)}" for target, words in targets.items()]
    return "\n".join((*lines, "```", ""))


def _phases() -> str:
    rows = [f"| `{phase}` | {'yes' if phase in OPEN else 'no'} | {_said(Phase, phase.name)} |" for phase in Phase]
    return "\n".join(("| phase | a session exists | what its reader should do |", "| --- | --- | --- |", *rows, ""))


def _cues() -> str:
    rows = []
    for cue in Trigger:
        moves = [f"`{phase}` to `{cues[cue]}`" for phase, cues in TRANSITIONS.items() if cue in cues]
        rows.append(f"| {cue.value} | {', '.join(moves)} |")
    return "\n".join(("| cue | moves |", "| --- | --- |", *rows))


def _said(kind: type, name: str) -> str:
    """The text that stands below a member in the source."""
    lines = inspect.getsource(kind).splitlines()
    place = next(number for number, line in enumerate(lines) if line.strip().startswith(f"{name} = "))
    return lines[place + 1].strip().strip('"')


if __name__ == "__main__":
    print(page())  # noqa: T201
