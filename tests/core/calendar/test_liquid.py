"""Hours as IBKR writes them, on the clock of the contract's zone."""

from datetime import UTC, datetime

import pytest

from supervisor.core.calendar.liquid import next_edge, span_at, spans_of

STOCK = "20261127:0930-20261127:1300;20261128:CLOSED;20261130:0930-20261130:1600"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_days_are_read_in_the_zone_of_the_contract() -> None:
    spans = spans_of(STOCK, "US/Eastern")
    assert spans == (
        (at("2026-11-27T14:30"), at("2026-11-27T18:00")),
        (at("2026-11-30T14:30"), at("2026-11-30T21:00")),
    )
    assert span_at(spans, at("2026-11-27T15:00")) == spans[0]
    assert span_at(spans, at("2026-11-28T15:00")) is None
    assert next_edge(spans, at("2026-11-27T15:00")) == at("2026-11-27T18:00")
    assert next_edge(spans, at("2027-01-01T00:00")) is None


def test_hours_over_midnight_and_over_the_change_of_clocks() -> None:
    assert spans_of("20270313:1715-20270314:1700", "US/Eastern") == ((at("2027-03-13T22:15"), at("2027-03-14T21:00")),)


def test_the_short_form_of_older_gateways() -> None:
    assert spans_of("20180323:0930-1200,1300-1600;20180324:CLOSED", "EST5EDT") == (
        (at("2018-03-23T13:30"), at("2018-03-23T16:00")),
        (at("2018-03-23T17:00"), at("2018-03-23T20:00")),
    )
    assert spans_of("20180323:1700-1600", "UTC") == ((at("2018-03-22T17:00"), at("2018-03-23T16:00")),)


def test_a_zone_may_be_followed_by_its_words() -> None:
    assert spans_of(STOCK, "US/Eastern (Eastern Standard Time)") == spans_of(STOCK, "US/Eastern")


def test_days_that_are_all_closed_are_known_to_be() -> None:
    assert spans_of("20261128:CLOSED;20261129:CLOSED", "UTC") == ()


@pytest.mark.parametrize(
    ("hours", "zone"),
    [
        ("", "UTC"),
        ("nonsense", "UTC"),
        (STOCK, ""),
        (STOCK, "Mars/Olympus"),
        ("20269999:0930-20269999:1600", "UTC"),
        ("20261127:9930-9960", "UTC"),
        ("20261127:0930", "UTC"),
    ],
)
def test_what_says_nothing_is_unknown(hours: str, zone: str) -> None:
    assert spans_of(hours, zone) is None
