"""docs/states.md is what the table of transitions says."""

import subprocess
import sys
from pathlib import Path

from supervisor.core.diagram import page
from supervisor.core.session import TRANSITIONS, Phase

ROOT = Path(__file__).parents[2]


def test_the_page_is_not_stale() -> None:
    told = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    assert told == page() + "\n", "run: python -m supervisor.core.diagram > docs/states.md"


def test_the_page_is_made_by_the_command_that_it_names() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "supervisor.core.diagram"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert made.stdout == page() + "\n"


def test_every_phase_and_every_move_is_on_it() -> None:
    said = page()
    for phase, cues in TRANSITIONS.items():
        assert f"| `{phase}` |" in said
        for cue, target in cues.items():
            assert any(
                line.strip().startswith(f"{phase} --> {target}:") and cue.value in line for line in said.splitlines()
            )
    assert len(Phase) == len(TRANSITIONS)
