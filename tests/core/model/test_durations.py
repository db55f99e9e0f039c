"""Durations as people write them."""

import pytest

from supervisor.core.calendar.durations import seconds_of, written


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("5s", 5.0), ("2m", 120.0), ("1h", 3600.0), ("400d", 34560000.0), ("1.5s", 1.5), ("0s", 0.0)],
)
def test_a_duration_is_one_number_with_its_unit_and_is_written_back_the_same(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(written(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-5s", "5w", "1h30m", "1e3s", "٥s"])
def test_anything_else_is_none(text: str) -> None:
    assert seconds_of(text) is None


def test_it_is_written_in_the_largest_unit_that_needs_no_fraction() -> None:
    assert [written(seconds) for seconds in (0, 0.25, 60, 90, 7200, 86400, 0.0001)] == [
        "0s",
        "250ms",
        "1m",
        "90s",
        "2h",
        "1d",
        "0.1ms",
    ]
