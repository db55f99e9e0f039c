"""A site's settings of the rules: what is given is taken, and what is not known is refused with its name."""

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.prometheus.alerts import rules
from deploy.prometheus.expressions import WRITERS
from deploy.prometheus.records import opened
from deploy.prometheus.settings import Settings, SettingsError, load, parsed
from deploy.prometheus.words import WORDS
from supervisor.core.model.pages import MARKETS, PAGES, Market, Severity

MINE = {"name": "mine", "farms": ".*", "days": [0, 1], "opens": "09:00", "hours": 8, "zone": "Europe/London"}


def test_every_page_of_the_table_has_an_expression_and_words() -> None:
    names = {page.name for page in PAGES}
    assert {key.split()[0] for key in WRITERS} == names
    assert WRITERS.keys() == WORDS.keys()


def test_nothing_given_is_the_default() -> None:
    assert load(None) == parsed({}) == Settings()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"jobs": "ib"}, "the file: unknown jobs"),
        ({"without": ["IBGatewayDwon"]}, "without: unknown IBGatewayDwon"),
        ({"after": {"IBNothing": "5m"}}, "after: unknown IBNothing"),
        ({"after": {"IBGatewayDown": "soon"}}, "'soon' is not a duration such as 45s, 3m or 2h"),
        ({"severity": {"IBClockSkew": "loud"}}, "'loud' is not one of critical, warning, info"),
        ({"thresholds": {"patience": 3}}, "thresholds: unknown patience"),
        ({"markets": [{"name": "moon"}]}, "markets: 'days'"),
        ({"markets": [{**MINE, "zone": "Moon/Base"}]}, "markets: 'No time zone found with key Moon/Base'"),
        ({"markets": [{**MINE, "opens": "nine"}]}, "markets: Invalid isoformat string: 'nine'"),
        ({"markets": [{**MINE, "days": [7]}]}, "markets: days are 0 (Monday) to 6, not [7]"),
        ({"markets": "all"}, "markets: expected a list, not 'all'"),
        ({"selector": "}"}, "selector: '}' cannot be used here"),
        ({"selector": "cluster=eu"}, "selector: 'cluster=eu' cannot be used here"),
        ({"job": 'a"b'}, "job: 'a\"b' cannot be used here"),
        ({"labels": "desk"}, "labels: expected a list, not 'desk'"),
        ({"labels": ["a-b"]}, "labels: 'a-b' cannot be used here"),
        ({"thresholds": 5}, "thresholds: expected keys and values, not 5"),
        ({"thresholds": {"flaps": False}}, "flaps: False is not a number above 0"),
        ({"repeated": "1h"}, "repeated: expected keys and values, not '1h'"),
    ],
)
def test_what_is_not_known_is_refused_with_its_name(document: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        parsed(document)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.yaml"):
        load(tmp_path / "absent.yaml")


def test_paper_may_page_like_live() -> None:
    found = [rule.severity for rule in rules(parsed({"paper": "critical"})) if rule.page.name == "IBGatewayDown"]
    assert found == [Severity.CRITICAL]


def test_an_alert_may_be_left_out_and_is_then_silenced_by_nobody() -> None:
    settings = parsed({"without": ["IBFarmFlapping"]})
    assert "IBFarmFlapping" not in {rule.page.name for rule in rules(settings)}


def test_the_gateways_labels_reach_every_alert_about_a_gateway_that_is_there() -> None:
    for rule in rules(parsed({"labels": ["desk", "env"]})):
        joined = "group_left (label_desk, label_env) ib_gateway_info" in rule.expr
        assert joined is (rule.page.about in {"gateway", "farm"} and rule.page.name != "IBGatewayUnwatched")


def test_a_market_of_ones_own_replaces_the_table() -> None:
    assert [market.name for market in parsed({"markets": [MINE]}).markets] == ["mine"]


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name)
@pytest.mark.parametrize("monday", ["2027-01-11", "2027-07-12"], ids=["winter", "summer"])
def test_a_market_is_open_in_its_hours_and_at_most_an_hour_longer(market: Market, monday: str) -> None:
    """PromQL's own arithmetic, at each quarter of an hour of a week."""
    expr = opened(market).removeprefix("vector").replace("bool ", "")
    begin = datetime.fromisoformat(monday).replace(tzinfo=UTC)
    slack = timedelta(hours=1)
    for quarter in range(7 * 96):
        now = begin + timedelta(minutes=15 * quarter)
        said = bool(eval(expr.replace("time()", str(now.timestamp()))))
        if in_session(market, now):
            assert said, now
        if said:
            assert any(in_session(market, now + shift) for shift in (-slack, timedelta(), slack)), now


def in_session(market: Market, now: datetime) -> bool:
    """By the market's own clock."""
    opens = time.fromisoformat(market.opens)
    for back in range(8):
        day = (now.astimezone(ZoneInfo(market.zone)) - timedelta(days=back)).date()
        if day.weekday() in market.days:
            begins = datetime.combine(day, opens, ZoneInfo(market.zone))
            if begins.astimezone(UTC) <= now < begins.astimezone(UTC) + timedelta(hours=market.hours):
                return True
    return False
