"""The table of pages is whole: names that exist, severities that fall, markets that a calendar can read."""

import re
from zoneinfo import ZoneInfo

import pytest

from supervisor.core.model.pages import ALL, MARKETS, PAGES, REPEATED, About, Market, Page, Severity

RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.name}-{page.severity}")


def test_a_name_and_a_severity_are_one_row() -> None:
    rows = [(page.name, page.severity) for page in PAGES]
    assert len(set(rows)) == len(rows)


@every_page
def test_paper_and_a_closed_market_only_make_it_milder(page: Page) -> None:
    for milder in filter(None, (page.paper, page.closed)):
        assert RANK[milder] < RANK[page.severity]
    assert page.closed is None or page.about is About.FARM


@every_page
def test_what_it_explains_exists_and_is_not_itself(page: Page) -> None:
    names = {other.name for other in PAGES} | {ALL}
    assert set(page.explains) <= names - {page.name}


def test_what_may_wake_a_person_is_told_again_less_often_than_it_is_read() -> None:
    assert REPEATED[Severity.CRITICAL] < REPEATED[Severity.WARNING]
    assert Severity.INFO not in REPEATED


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name)
def test_a_market_has_a_zone_hours_and_days_without_a_gap(market: Market) -> None:
    ZoneInfo(market.zone)
    re.compile(market.farms)
    assert re.fullmatch(r"\d\d:\d\d", market.opens)
    assert market.days == tuple(range(market.days[0], market.days[-1] + 1))
    assert 0 < market.hours <= (168 if len(market.days) == 1 else 24)


@pytest.mark.parametrize(
    ("farm", "market"),
    [
        ("usfarm", "us stocks and options"),
        ("usfarm.nj", "us stocks and options"),
        ("usfuture", "us futures"),
        ("ushmds", "us stocks and options"),
        ("cashfarm", "currencies"),
        ("eufarmnj", "europe"),
        ("hfarm", "hong kong"),
        ("jfarm", "japan"),
        ("secdefnj", "any other"),
        ("unnamed", "any other"),
    ],
)
def test_every_farm_has_a_market(farm: str, market: str) -> None:
    assert next(each.name for each in MARKETS if re.fullmatch(each.farms, farm)) == market
