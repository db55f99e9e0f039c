"""The generated pages of docs/ say what the source says."""

import re
from enum import Enum
from typing import Any

import promql_parser
import pytest

from supervisor.core.parts.session import TRANSITIONS
from supervisor.observe.metrics.family import Family
from supervisor.observe.metrics.gateway import GATEWAY
from supervisor.observe.metrics.own import OWN
from tests.docs.generate.pages import PAGES, present, text_of
from tests.docs.generate.source import docstrings

FAMILIES: tuple[Family[Any], ...] = (*GATEWAY, *OWN)


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert present(name) == text_of(name), "run: make docs"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_example_of_a_metric_is_promql_about_that_metric_and_others_that_exist(family: Family[Any]) -> None:
    promql_parser.parse(family.query)
    named = {re.sub(r"_bucket$", "", word) for word in re.findall(r"\bib_\w+", family.query)}
    assert family.name in named
    assert named <= {known.name for known in FAMILIES}


def test_every_move_of_a_session_is_drawn() -> None:
    drawn = [line.strip() for line in text_of("states.md").splitlines()]
    for phase, cues in TRANSITIONS.items():
        for cue, target in cues.items():
            assert any(line.startswith(f"{phase} --> {target}:") and cue.value in line for line in drawn)


def test_a_text_below_a_member_is_found_also_when_it_has_several_lines() -> None:
    class Light(Enum):
        RED = 1
        """Stop,
        and wait."""
        GREEN = 2

    assert docstrings(Light) == {"RED": "Stop, and wait."}
