"""`/api/v1/status`, key by key."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.web.status_json import instant, status
from tests.observe import rich
from tests.observe.played import BEGIN, Played


def shown(snapshot: Snapshot) -> dict[str, Any]:
    """One gateway, through JSON and back."""
    (gateway,) = json.loads(json.dumps(status("0.1.0", BEGIN, [snapshot])))["gateways"]
    assert isinstance(gateway, dict)
    return gateway


def test_the_keys_are_those_of_the_contract_in_its_order() -> None:
    assert list(status("0.1.0", BEGIN, [])) == ["version", "now", "gateways"]
    keys = (
        "name status since phase epoch layers farms upstream heartbeat_seconds last_message server_version "
        "account_mode windows host port client_id labels paused_until suspect gate login_state "
        "login_state_since kernel canary reauth cause cure next_attempt recovery"
    )
    assert list(shown(rich.eventful().snapshot)) == keys.split()


def test_a_gateway_that_is_up() -> None:
    gateway = Played(rich.policy())
    gateway.begin()
    gateway.up()
    gateway.farm(2103, "eufarm")
    gateway.farm(2104, "usfarm")
    live = shown(gateway.snapshot)
    assert (live["name"], live["status"], live["phase"], live["epoch"]) == ("live", "up", "ready", 1)
    assert live["since"] == "2026-11-23T15:00:00.020Z"
    assert live["layers"] == dict.fromkeys(("port", "handshake", "session", "heartbeat", "upstream", "farms"), True)
    assert live["farms"] == [
        {
            "kind": "market_data",
            "name": "eufarm",
            "state": "broken",
            "since": "2026-11-23T15:00:00.020Z",
            "required": False,
        },
        {"kind": "market_data", "name": "usfarm", "state": "ok", "since": "2026-11-23T15:00:00.020Z", "required": True},
    ]
    assert live["upstream"] == {"up": True, "since": "2026-11-23T15:00:00.000Z", "evidence": "session start"}
    assert 0.019 < live["heartbeat_seconds"] < 0.021
    assert (live["server_version"], live["account_mode"]) == (187, "live")
    assert [window["name"] for window in live["windows"]] == ["daily_restart", "weekly_restart"]
    assert live["windows"][0] == {
        "name": "daily_restart",
        "active": False,
        "start": "2026-11-24T04:44:30.000Z",
        "at": "2026-11-24T04:45:00.000Z",
        "end": "2026-11-24T04:50:00.000Z",
    }
    assert (live["cause"], live["cure"], live["next_attempt"]) == (None, None, None)


def test_what_is_unknown_is_null() -> None:
    fresh = shown(rich.fresh().snapshot)
    assert fresh["heartbeat_seconds"] is None
    assert fresh["last_message"] is None
    assert fresh["server_version"] is None
    assert fresh["upstream"] == {"up": None, "since": None, "evidence": None}
    assert fresh["farms"] == []
    assert fresh["reauth"].keys() == {"due", "required", "assumed"}


def test_a_gateway_that_is_down_says_why_and_when_it_is_tried_again() -> None:
    gateway = Played(rich.policy())
    gateway.begin()
    gateway.refuse()
    down = shown(gateway.snapshot)
    assert (down["status"], down["phase"]) == ("down", "backoff")
    assert not any(down["layers"].values())
    assert "127.0.0.1:4001" in down["cause"]
    assert down["cure"].endswith(".")
    assert down["next_attempt"].endswith("Z")


def test_no_account_number_is_told() -> None:
    assert rich.ACCOUNT not in json.dumps(status("0.1.0", BEGIN, rich.snapshots()))


def test_an_account_number_in_a_cause_is_masked() -> None:
    snapshot = rich.fresh().snapshot
    told = shown(replace(snapshot, cause=Cause(CauseKey.NAME_UNKNOWN, "U1234567", 4001)))
    assert "The name U***67 is not known" in told["cause"]
    assert "U1234567" not in f"{told['cause']}{told['cure']}"


def test_instants_are_rfc_3339_in_utc() -> None:
    assert instant(datetime(2026, 11, 23, 15, tzinfo=UTC)) == "2026-11-23T15:00:00.000Z"
    east = timezone(timedelta(hours=5, minutes=30))
    assert instant(datetime(2026, 11, 23, 20, 30, 0, 250900, tzinfo=east)) == "2026-11-23T15:00:00.250Z"
    assert instant(None) is None
