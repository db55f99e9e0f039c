"""The two clocks, and what tells a suspend from a clock that was set."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from supervisor.runtime.clocks import Clock, SuspendWatch


def test_both_clocks_are_read_and_the_wall_is_utc() -> None:
    before = time.monotonic(), datetime.now(UTC)
    now = Clock().now()
    assert before[0] <= now.mono <= time.monotonic()
    assert before[1] <= now.wall <= datetime.now(UTC)
    assert now.wall.tzinfo is UTC


def test_the_offset_moves_the_wall_clock_alone() -> None:
    clock = Clock()
    clock.offset = timedelta(days=3)
    now = clock.now()
    assert abs(now.wall - datetime.now(UTC) - timedelta(days=3)) < timedelta(seconds=30)
    assert abs(now.mono - time.monotonic()) < 30


def test_a_machine_that_is_awake_has_not_slept() -> None:
    watch = SuspendWatch()
    assert watch.slept() == 0.0
    assert watch.slept() == 0.0


@pytest.mark.parametrize(("gain", "slept"), [(4.9, 0.0), (5.5, 5.5), (3600.0, 3600.0), (-1.0, 0.0)])
def test_a_suspend_is_told_once_and_only_over_five_seconds(gain: float, slept: float) -> None:
    ahead = 100.0
    watch = SuspendWatch(lambda: ahead)
    ahead += gain
    assert watch.slept() == pytest.approx(slept)
    assert watch.slept() == 0.0
