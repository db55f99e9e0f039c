"""Recovery avoids the hours of the canary's contracts, where they are known."""

from dataclasses import replace

import pytest

from supervisor.core.model.behind.canary import CanaryContract, CanaryPolicy
from supervisor.core.model.events import CanaryHours
from supervisor.core.model.policy import Policy
from supervisor.core.model.recovery.rules import Block, MarketHours, Rung
from tests.core.parts.recovery.scenes import BROKEN, DATA, allowed, blocks, heals
from tests.core.step.test_canary import Flock, connect, flock, requests

TOKYO = "20270107:0900-20270107:1530;20270108:0900-20270108:1530"
NIGHT_IN_NEW_YORK = "2027-01-06 20:00 NY"
SEVEN = CanaryContract("7203", "STK", "TSEJ", "JPY")
EURUSD = CanaryContract("EUR", "CASH", "IDEALPRO", "USD")


def careful(*contracts: CanaryContract) -> Policy:
    return replace(allowed(DATA, market_hours=MarketHours.AVOID), canary=CanaryPolicy(contracts), windows=())


def broken(settings: Policy, at: str, *hours: tuple[str, str]) -> Flock:
    """A farm breaks; the canary was told these hours and zones, one of each contract."""
    world = flock(settings, at)
    connect(world)
    asked = [each.request_id for each in world.asked if hasattr(each, "contract")][::2]
    for request, (text, zone) in zip(asked, hours, strict=False):
        world.step(CanaryHours(world.epoch, request, text, zone))
    world.notice(*BROKEN)
    world.run(310)
    return world


def test_while_the_canarys_market_is_open_everything_waits_for_a_word_whatever_the_hour_in_new_york() -> None:
    world = broken(careful(SEVEN), NIGHT_IN_NEW_YORK, (TOKYO, "Asia/Tokyo"))
    assert (heals(world), blocks(world)) == ([], {Rung.RECONNECT_DATA: Block.APPROVAL})


def test_while_it_is_closed_nothing_waits_although_new_york_trades() -> None:
    world = broken(careful(SEVEN), "2027-01-06 11:00 NY", (TOKYO, "Asia/Tokyo"))
    assert heals(world) == [Rung.RECONNECT_DATA]


def test_one_contract_that_trades_is_enough() -> None:
    closed = ("20270106:CLOSED;20270107:CLOSED;20270108:0900-20270108:1500", "US/Eastern")
    world = broken(careful(EURUSD, SEVEN), NIGHT_IN_NEW_YORK, closed, (TOKYO, "Asia/Tokyo"))
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.APPROVAL}


@pytest.mark.parametrize(
    ("at", "hours", "expected"),
    [
        ("2027-01-06 11:00 NY", (), [Block.APPROVAL]),
        (NIGHT_IN_NEW_YORK, (), []),
        ("2027-01-06 11:00 NY", (("20270105:0900-20270105:1530", "Asia/Tokyo"),), [Block.APPROVAL]),
    ],
    ids=["not told, open in New York", "not told, closed there", "told of days that are over"],
)
def test_where_its_hours_are_not_known_those_of_new_york_count(
    at: str, hours: tuple[tuple[str, str], ...], expected: list[Block]
) -> None:
    world = broken(careful(SEVEN), at, *hours)
    assert [block for block in blocks(world).values() if block is Block.APPROVAL] == expected
    assert bool(heals(world)) is not bool(expected)


def test_hours_outlive_the_session_that_told_them() -> None:
    world = broken(careful(SEVEN), NIGHT_IN_NEW_YORK, (TOKYO, "Asia/Tokyo"))
    assert requests(world)[0] > 0
    world.drop()
    assert world.state.canary is not None
    assert world.state.canary.market_open(world.now.wall) is True
