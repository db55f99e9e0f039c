"""Values: what is written, what is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.config.values.readers import Endpoint, Wrong, duration, endpoint, host, weekly
from supervisor.core.calendar.durations import written as as_written

ANY_DURATION = duration("0s", "36500d")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("500ms", 0.5), ("2500ms", 2.5), ("5s", 5.0), ("2m", 120.0), ("1h", 3600.0), ("400d", 34_560_000.0),
     ("0s", 0.0), ("1.5s", 1.5), (" 5s ", 5.0), ("0.1s", 0.1), ("7ms", 0.007)],
)  # fmt: skip
def test_durations_are_a_number_and_its_unit(written: str, seconds: float) -> None:
    assert ANY_DURATION(written) == seconds


@pytest.mark.parametrize(
    "wrong", ["5", "", "s", "5 s", "-5s", "1e3s", "1h30m", "5S", "٥s", "5w", ".5s", 5, True, None, ["5s"]]
)
def test_anything_else_is_no_duration(wrong: object) -> None:
    with pytest.raises(Wrong):
        ANY_DURATION(wrong)


@given(st.integers(min_value=0, max_value=10**9 - 1))
def test_a_duration_is_shown_as_it_can_be_written(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert duration("0s", "100000d")(as_written(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.25, "250ms"),
        (2.5, "2500ms"),
        (5.0, "5s"),
        (60.0, "1m"),
        (90.0, "90s"),
        (3600.0, "1h"),
        (86400.0, "1d"),
        (0.0, "0s"),
    ],
)
def test_a_duration_is_shown_in_the_largest_unit_without_a_fraction(seconds: float, shown: str) -> None:
    assert as_written(seconds) == shown


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("127.0.0.1:14000", Endpoint("127.0.0.1", 14000)),
        ("[::1]:14000", Endpoint("::1", 14000)),
        ("localhost:0", Endpoint("localhost", 0)),
        ("0.0.0.0:80", Endpoint("0.0.0.0", 80)),
    ],
)
def test_an_endpoint_is_shown_as_it_is_written(written: str, meant: Endpoint) -> None:
    assert endpoint()(written) == meant
    assert str(meant) == written


@pytest.mark.parametrize("said", ["gateway", "ib_gateway", "gw-1.example.net", "gw.example.net.", "192.0.2.1"])
def test_hosts(said: str) -> None:
    assert host(said) == said


@pytest.mark.parametrize(
    "said", ["-gw", "gw-", "a..b:1", "a/b", "a" * 254, "1.2.3", "fe80::1::2", "bücher.example", "[gw]"]
)
def test_no_hosts(said: str) -> None:
    with pytest.raises(Wrong):
        host(said)


@pytest.mark.parametrize("said", ["Sat 4:00", "Sat", "04:00", "Sat  ", 5, None])
def test_no_weekly_times(said: object) -> None:
    with pytest.raises(Wrong):
        weekly(said)
