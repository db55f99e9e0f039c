"""docs/states.md is what the table of transitions says."""

import runpy
import warnings
from pathlib import Path

import pytest

from supervisor.core.explain.diagram import page
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts.session import TRANSITIONS

ROOT = Path(__file__).parents[2]


def test_the_page_is_not_stale() -> None:
    told = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    assert told == page() + "\n", "run: python -m supervisor.core.explain.diagram > docs/states.md"


def test_the_page_is_made_by_the_command_that_it_names(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it is imported already
        runpy.run_module("supervisor.core.explain.diagram", run_name="__main__")
    assert capsys.readouterr().out == page() + "\n"


def test_every_phase_and_every_move_is_on_it() -> None:
    said = page()
    for phase, cues in TRANSITIONS.items():
        assert f"| `{phase}` |" in said
        for cue, target in cues.items():
            assert any(
                line.strip().startswith(f"{phase} --> {target}:") and cue.value in line for line in said.splitlines()
            )
    assert len(Phase) == len(TRANSITIONS)
