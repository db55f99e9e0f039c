"""A long night makes a short log: what was told is not told again."""

from tests.core.driver import NEW_YORK, RESTART, World, policy
from tests.core.parts.test_farms import tell


def lines(world: World, begin: int = 0) -> list[str]:
    """What a person reads: warnings, and what ends them."""
    return [report.text for report in world.reports[begin:] if report.level > 10]


def test_a_fault_is_explained_once_however_many_lines_follow_from_it() -> None:
    world = World(policy(windows=(RESTART,), timezone=NEW_YORK), at="2027-01-05 23:44:50 NY").up()
    begin = len(world.reports)
    world.run(5)
    world.peer.port = "refuse"
    world.drop()
    world.run(60)
    told = lines(world, begin)
    assert any(text.startswith("session lost") for text in told)
    assert any(text.startswith("cannot connect") for text in told)
    assert len([text for text in told if "is restarting as scheduled" in text]) == 1, told


def test_the_next_fault_is_explained_again() -> None:
    world = World().up()
    begin = len(world.reports)
    for _ in range(2):
        world.peer.port = "refuse"
        world.drop()
        world.run(90)
        world.peer.port = "open"
        world.run(120)
    assert len([text for text in lines(world, begin) if "closed the session without a word" in text]) == 2


def test_an_outage_that_was_over_is_closed_before_what_comes_next_is_told() -> None:
    world = World().up()
    begin = len(world.reports)
    tell(world, 2103)
    world.run(5)
    tell(world, 2104)
    world.run(10)
    world.notice(1100, "Connectivity between IB and Trader Workstation has been lost.")
    told = [report.kind for report in world.reports[begin:] if report.kind in ("status", "outage_closed")]
    assert told == ["status", "status", "outage_closed", "status"]


def test_a_farm_that_no_status_named_is_named_when_its_notices_settled() -> None:
    world = World().up()
    tell(world, 2103)
    tell(world, 2103, "eufarm")
    world.run(60)
    assert [line.text for line in world.tells("farms")] == ["farms broken: market_data/eufarm"]
    tell(world, 2104)
    world.run(60)
    assert world.tells("farms")[-1].text == "farms back: market_data/usfarm"
    tell(world, 2104, "eufarm")
    world.run(60)
    assert world.tells("farms")[-1].text == "farms back: market_data/eufarm"


def test_a_farm_of_a_session_that_was_lost_is_not_told_to_be_back() -> None:
    world = World().up()
    tell(world, 2103)
    world.run(60)
    world.drop()
    world.run(60)
    assert world.status.value == "up"
    assert not [line.text for line in world.tells("status") if "back" in line.text]


def test_what_the_gateway_says_ends_with_a_full_stop_before_we_go_on() -> None:
    world = World().up()
    world.notice(10197, "No market data during competing live session")
    assert "competing live session. The same user is logged in elsewhere" in world.tells("notice")[0].text
