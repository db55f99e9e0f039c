"""The targets for text, on noise of Hypothesis' and on their own seeds: also where there is no atheris."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

NAMES = ("mask", "printer", "host", "auth", "answers")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200))
def test_nothing_is_found_in_noise(name: str, data: bytes) -> None:
    assert TARGETS[name].run(data) >= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_seeds_keep_every_promise(name: str) -> None:
    assert TARGETS[name].seeds
    for seed in TARGETS[name].seeds:
        assert TARGETS[name].run(seed) >= 1
