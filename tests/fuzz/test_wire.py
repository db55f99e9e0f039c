"""No bytes whatever leave a session hanging, end it twice, or end it as a defect of ours."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisor.core.model.events import NextIdReceived
from tests.fuzz.frames import MOST, session_of
from tests.fuzz.targets import TARGETS, judge, tidy, wire
from tests.gateway.peers import CLOCK, GREETING, text

fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture
def tidied() -> Iterator[None]:
    yield
    tidy()


@st.composite
def cuts(draw: st.DrawFn, size: int) -> tuple[int, ...]:
    """Where the bytes are cut into pieces."""
    return tuple(sorted(draw(st.lists(st.integers(0, size), max_size=6))))


@given(st.binary(max_size=1500))
@fuzz
def test_frames_of_noise(data: bytes) -> None:
    wire(data)


@given(st.binary(max_size=300), st.data())
@fuzz
def test_noise_without_frames_however_it_is_cut(data: bytes, more: st.DataObject) -> None:
    judge(data, more.draw(cuts(len(data))))


@given(st.binary(max_size=300), st.data())
@fuzz
def test_frames_cut_anywhere_and_ended_anywhere(data: bytes, more: st.DataObject) -> None:
    hello, frames = session_of(data)
    sent = hello + b"".join(frames)
    sent = sent[: more.draw(st.integers(0, len(sent)))]
    judge(sent, more.draw(cuts(len(sent))))


@given(st.data())
@fuzz
def test_a_good_greeting_is_understood_however_it_is_cut(more: st.DataObject) -> None:
    sent = text(157, CLOCK) + GREETING
    events = judge(sent, more.draw(cuts(len(sent))))
    assert any(isinstance(event, NextIdReceived) for event in events)


@pytest.mark.usefixtures("tidied")
@pytest.mark.parametrize("name", ["config", "notices", "control", "web"])
def test_the_other_targets_take_noise_and_their_seeds(name: str) -> None:
    chance, target = random.Random(4), TARGETS[name]
    for data in (*target.seeds, *(chance.randbytes(chance.randrange(200)) for _ in range(100))):
        target.run(data)


def test_the_same_noise_is_always_the_same_session() -> None:
    data = random.Random(1).randbytes(100_000)
    assert session_of(data) == session_of(data)
    assert len(session_of(data)[1]) == MOST
