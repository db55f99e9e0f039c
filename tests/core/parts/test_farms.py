"""The farms: what each notice makes of them, and which ones count."""

from datetime import timedelta

import pytest

from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import RequiredFarm
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts.farms import LIMIT
from tests.core.driver import RELAXED, RESET, World, policy

MARKET, HISTORY, SECDEF = FarmKind.MARKET_DATA, FarmKind.HISTORICAL, FarmKind.SEC_DEF
BROKEN, OK, INACTIVE, CONNECTING, UNKNOWN = (
    FarmState.BROKEN,
    FarmState.OK,
    FarmState.INACTIVE,
    FarmState.CONNECTING,
    FarmState.UNKNOWN,
)


def tell(world: World, code: int, name: str = "usfarm") -> None:
    world.notice(code, f"Market data farm connection is something:{name}")


def state(world: World, name: str = "usfarm", kind: FarmKind = MARKET) -> FarmState | None:
    farm = world.state.farms.known.get((kind, name))
    return farm.state if farm is not None else None


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        (2103, MARKET, BROKEN),
        (2104, MARKET, OK),
        (2105, HISTORY, BROKEN),
        (2106, HISTORY, OK),
        (2107, HISTORY, INACTIVE),
        (2108, MARKET, INACTIVE),
        (2119, MARKET, CONNECTING),
        (2120, HISTORY, CONNECTING),
        (2157, SECDEF, BROKEN),
        (2158, SECDEF, OK),
        (2159, SECDEF, INACTIVE),
    ],
)
def test_each_notice_sets_its_farm_and_only_broken_is_a_fault(code: int, kind: FarmKind, expected: FarmState) -> None:
    world = World().up()
    world.notice(code, "HMDS data farm connection is OK:thefarm")
    assert state(world, "thefarm", kind) is expected
    assert (world.status is Status.UP) is (expected is not BROKEN)


def test_a_broken_farm_that_connects_stays_broken_until_ok_or_inactive() -> None:
    for healing in (2104, 2108):
        world = World().up()
        tell(world, 2103)
        tell(world, 2119)
        assert state(world) is BROKEN
        assert world.broken_layer is Layer.FARMS
        tell(world, healing)
        assert world.status is Status.UP


def test_connecting_without_broken_before_is_no_fault() -> None:
    world = World().up()
    tell(world, 2119)
    assert state(world) is CONNECTING
    tell(world, 2104)
    tell(world, 2119)
    assert world.status is Status.UP


def test_a_broken_farm_costs_no_session() -> None:
    world = World().up()
    tell(world, 2103)
    world.run(600)
    assert world.phase is Phase.READY
    assert world.status is Status.DEGRADED
    assert world.snapshot.counters.sessions == 1


def test_on_the_loss_of_a_session_all_become_unknown() -> None:
    world = World().up()
    tell(world, 2103)
    tell(world, 2104, "jfarm")
    world.drop()
    assert {farm.state for farm in world.state.farms.known.values()} == {UNKNOWN}
    world.run(5)
    assert world.status is Status.UP


def test_after_unknown_a_farm_that_connects_is_no_fault() -> None:
    world = World().up()
    tell(world, 2103)
    world.drop()
    world.run(5)
    tell(world, 2119)
    assert state(world) is CONNECTING


def test_notices_count_from_the_handshake_on() -> None:
    world = World()
    world.peer.ready_after = 1.0
    world.start()
    tell(world, 2103)
    assert world.phase is Phase.CONNECTING
    assert state(world) is None
    world.run(0.5)
    tell(world, 2103)
    world.run(1)
    assert world.broken_layer is Layer.FARMS


def test_1102_makes_the_connected_ok_and_the_others_stay_broken_if_they_were_else_unknown() -> None:
    world = World().up()
    for code, name in ((2103, "usfarm"), (2103, "jfarm"), (2104, "eufarm")):
        tell(world, code, name)
    world.notice(
        1102,
        "Connectivity between IB and Trader Workstation has been restored - data maintained. "
        "The following farms are connected: usfarm; newhmds; secdefil; plain. "
        "The following farms are not connected: jfarm; eufarm; fundfarm.",
    )
    states = {name: farm.state for (_, name), farm in world.state.farms.known.items()}
    assert states == {
        "usfarm": OK,
        "jfarm": BROKEN,
        "eufarm": UNKNOWN,
        "newhmds": OK,
        "secdefil": OK,
        "plain": OK,
        "fundfarm": UNKNOWN,
    }
    kinds = {name: kind for kind, name in world.state.farms.known}
    assert [kinds[name] for name in ("newhmds", "fundfarm", "secdefil", "plain")] == [HISTORY, HISTORY, SECDEF, MARKET]


def test_a_listed_name_counts_for_every_kind_in_which_it_was_seen() -> None:
    world = World().up()
    world.notice(2103, "broken:cafarm")
    world.notice(2105, "broken:cafarm")
    world.notice(1102, "The following farms are connected: cafarm.")
    assert {key: farm.state for key, farm in world.state.farms.known.items()} == {
        (MARKET, "cafarm"): OK,
        (HISTORY, "cafarm"): OK,
    }


def test_all_farms_seen_are_required_by_default() -> None:
    world = World().up()
    tell(world, 2103, "zfarm")
    assert world.broken_layer is Layer.FARMS


def test_only_the_required_farms_count_by_name_or_by_kind_and_name() -> None:
    needed = (RequiredFarm("usfarm"), RequiredFarm("ushmds", HISTORY))
    world = World(policy(required_farms=needed)).up()
    tell(world, 2103, "zfarm")
    world.notice(2103, "broken:ushmds")
    assert world.status is Status.UP
    world.notice(2105, "broken:ushmds")
    assert world.broken_layer is Layer.FARMS
    world.notice(2106, "ok:ushmds")
    world.notice(2105, "broken:usfarm")
    assert world.broken_layer is Layer.FARMS


def test_a_required_farm_never_seen_is_no_fault_but_a_warning_after_a_day() -> None:
    world = World(policy(required_farms=(RequiredFarm("usfram"), RequiredFarm("jfarm")), timing=RELAXED)).up()
    tell(world, 2104, "jfarm")
    world.run(86000)
    assert world.status is Status.UP
    assert world.tells("farms_missing") == []
    world.run(100000)
    assert ["usfram" in warning.text for warning in world.tells("farms_missing")] == [True]
    assert "jfarm" not in world.tells("farms_missing")[0].text


def test_no_warning_if_each_required_farm_was_seen() -> None:
    world = World(policy(required_farms=(RequiredFarm("jfarm"),), timing=RELAXED)).up()
    tell(world, 2104, "jfarm")
    world.run(90000)
    assert world.tells("farms_missing") == []


def test_at_most_two_hundred_are_tracked_and_more_are_counted() -> None:
    world = World().up()
    for number in range(LIMIT + 5):
        tell(world, 2104, f"farm{number}")
    assert len(world.snapshot.farms) == LIMIT
    assert world.snapshot.farms_untracked == 5
    tell(world, 2103, "farm7")
    assert world.broken_layer is Layer.FARMS


def test_times_it_became_broken_are_counted_by_planned() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    tell(world, 2103)
    tell(world, 2103)
    tell(world, 2104)
    world.until("2027-01-06 00:20 NY")
    tell(world, 2103)
    farm = world.snapshot.farms[0]
    assert (farm.breaks_unplanned, farm.breaks_planned) == (1, 1)


def test_a_farm_without_a_name_breaks_the_layer_and_the_cure_names_the_language_setting() -> None:
    world = World().up()
    world.notice(2103, "(text in another language, without a farm's name)")
    assert world.broken_layer is Layer.FARMS
    assert [(kind.value, name) for kind, name in world.state.farms.known] == [("market_data", "unnamed")]
    assert "Show API messages in English" in world.why
    assert len(world.tells("notice")) == 1
    world.notice(2103, "")
    assert len(world.tells("notice")) == 1


def test_a_farm_without_a_name_counts_as_required_whatever_is_required() -> None:
    world = World(policy(required_farms=(RequiredFarm("usfarm"),))).up()
    world.notice(2105, "")
    assert world.broken_layer is Layer.FARMS


def test_good_news_without_a_name_make_no_farm() -> None:
    world = World().up()
    world.notice(2104, "")
    assert world.state.farms.known == {}


def test_a_farm_without_a_name_is_healed_by_good_news_without_one() -> None:
    world = World().up()
    world.notice(2105, "")
    world.notice(2104, "")
    assert world.broken_layer is Layer.FARMS, "of another kind"
    world.notice(2106, "")
    assert world.status is Status.UP


def test_a_farm_without_a_name_is_healed_by_a_named_one_if_no_named_one_of_its_kind_is_broken() -> None:
    world = World().up()
    tell(world, 2103, "usfarm")
    world.notice(2103, "")
    tell(world, 2104, "eufarm")
    assert world.broken_layer is Layer.FARMS
    tell(world, 2104, "usfarm")
    assert world.status is Status.UP


def test_farms_that_break_and_heal_in_a_burst_make_one_line() -> None:
    world = World().up()
    names = [f"farm{number}" for number in range(16)]
    for name in names:
        tell(world, 2103, name)
        world.run(0.1)
    for name in names:
        tell(world, 2104, name)
        world.run(0.1)
    world.run(20)
    assert len(world.tells("farms")) == 1
    assert "broke and healed" in world.tells("farms")[0].text
    assert "and 4 more" in world.tells("farms")[0].text


def test_a_farm_that_stays_broken_is_named_with_the_status_and_again_when_it_is_back() -> None:
    world = World().up()
    tell(world, 2103)
    world.run(60)
    tell(world, 2104)
    world.run(60)
    named = [line.text for line in world.tells("status")][1:]
    assert named == ["up -> degraded (market_data/usfarm broken)", "degraded -> up (market_data/usfarm back)"]
    assert world.tells("farms") == [], "it was named already"


def test_since_tells_when_the_state_began() -> None:
    world = World().up()
    tell(world, 2103)
    began = world.now.wall
    world.run(30)
    tell(world, 2103)
    assert world.snapshot.farms[0].since == began
    tell(world, 2104)
    assert world.snapshot.farms[0].since - began == timedelta(seconds=30)
