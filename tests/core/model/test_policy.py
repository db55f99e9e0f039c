"""What the operator decided, and its small words."""

from dataclasses import replace

from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.policy import RequiredFarm
from tests.core.driver import policy


def test_an_address_is_host_and_port() -> None:
    assert policy().address == "127.0.0.1:4001"


def test_a_session_is_the_same_unless_where_or_as_whom_changes() -> None:
    mine = policy()
    assert mine.same_session(replace(mine, upstream_probe=False, client_id_fallback=5))
    assert not mine.same_session(replace(mine, client_id=5))


def test_a_required_farm_matches_by_name_or_by_kind_and_name() -> None:
    assert RequiredFarm("usfarm").matches(FarmKind.HISTORICAL, "usfarm")
    assert not RequiredFarm("usfarm", FarmKind.MARKET_DATA).matches(FarmKind.HISTORICAL, "usfarm")
    assert [str(RequiredFarm("a")), str(RequiredFarm("a", FarmKind.SEC_DEF))] == ["a", "sec_def/a"]
