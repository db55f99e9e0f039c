"""The example in the contract, `contract.yaml`, and the model say the same: keys, defaults, meanings of the example."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from supervisor.config.keys import Keys
from supervisor.config.model import FileKeys, GatewayKeys, HttpKeys, JournalKeys, LogKeys, TimingKeys
from supervisor.config.notify_keys import QuietKeys, TargetKeys
from supervisor.config.values.gate_keys import GateFileKeys, GateKeys
from supervisor.config.values.recovery_keys import RecoveryKeys, RungKeys
from supervisor.config.values.window_keys import DailyRestartKeys, OnceWindowKeys, WeeklyRestartKeys, WeeklyWindowKeys
from supervisor.core.model.policy import AccountMode, Reauth, Timing
from tests.config.loading import NOW, config_of

FILE = Path(__file__).parent / "contract.yaml"
TEXT = FILE.read_text(encoding="utf-8")
WHOLE = yaml.safe_load(TEXT)
LIVE = WHOLE["gateways"][0]

# Two forms of windows and a weekly restart stand in comments of the example.
WEEKLY_RESTART = yaml.safe_load('{day: sunday, time: "12:00", timezone: America/New_York, grace: 30m}')
ONCE = yaml.safe_load('{name: move, from: "2026-12-01T10:00:00Z", to: "2026-12-01T14:00:00Z"}')
WEEKLY = yaml.safe_load('{name: sat, weekly: "Sat 04:00", for: 2h, timezone: Europe/London, grace: 5m}')


RECOVERY = yaml.safe_load(
    "{rungs: [{rung: reconnect_data, patience: 5m, budget: 6}, {rung: reconnect_account, patience: 10m}, "
    "{rung: restart, patience: 2m, budget: 2, unattended: false}, {rung: command, argv: [restart-it], patience: 15m}], "
    "market_hours: avoid, quiet_before_restart: 10m, unattended: false, dry_run: false}"
)


@pytest.mark.parametrize(
    ("model", "example", "beyond"),
    [
        (FileKeys, WHOLE, set()),
        (GatewayKeys, LIVE, set()),
        (TimingKeys, LIVE["timing"], set()),
        (DailyRestartKeys, LIVE["daily_restart"], set()),
        (WeeklyRestartKeys, WEEKLY_RESTART, set()),
        (OnceWindowKeys, ONCE, {"grace"}),
        (WeeklyWindowKeys, WEEKLY, set()),
        (HttpKeys, WHOLE["http"], set()),
        (JournalKeys, WHOLE["journal"], set()),
        (LogKeys, WHOLE["log"], set()),
        (GateKeys, LIVE["gate"], set()),
        (RecoveryKeys, RECOVERY, set()),
        (RungKeys, RECOVERY["rungs"][3], {"budget", "unattended"}),
        (GateFileKeys, WHOLE["gate"], set()),
        (TargetKeys, dict.fromkeys(("name", "url", "url_file", "min_severity", "gateways", "quiet", "format")), set()),
        (QuietKeys, dict.fromkeys(("from", "to", "timezone")), set()),
    ],
)
def test_the_model_has_the_keys_of_the_contract(
    model: type[Keys], example: dict[str, object], beyond: set[str]
) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert keys == set(example) | beyond


@pytest.mark.parametrize("values", [WEEKLY_RESTART, ONCE, WEEKLY])
def test_what_stands_in_its_comments_stands_there(values: dict[str, str]) -> None:
    for key, value in values.items():
        assert f"{key}: {value}" in TEXT or f'{key}: "{value}"' in TEXT


def test_every_section_of_the_example_has_the_defaults_of_the_model() -> None:
    assert Timing(**dict(TimingKeys.model_validate(LIVE["timing"]))) == Timing()
    for model, name in ((HttpKeys, "http"), (JournalKeys, "journal"), (LogKeys, "log")):
        assert model.model_validate(WHOLE[name]) == model()
    assert DailyRestartKeys.model_validate(LIVE["daily_restart"]) == DailyRestartKeys.model_validate(
        {key: LIVE["daily_restart"][key] for key in ("time", "timezone")}
    )
    assert WHOLE["show_accounts"] is FileKeys.model_fields["show_accounts"].get_default()


def test_the_keys_of_its_gateway_that_are_defaults_are_those_of_the_model() -> None:
    stated = ("host", "client_id_fallback", "weekly_restart", "follow_port_change", "upstream_probe")
    for key in stated:
        assert GatewayKeys.model_fields[key].get_default() == LIVE[key]
    assert GatewayKeys.model_fields["account_mode"].get_default() is AccountMode.ANY
    assert GatewayKeys.model_fields["required_farms"].get_default() is None
    assert GatewayKeys.model_fields["labels"].get_default() == {}
    assert GatewayKeys.model_fields["programs"].get_default() == ()


def test_the_example_loads_and_means_what_it_says() -> None:
    config = config_of(yaml.safe_dump(WHOLE), now=NOW)
    (live,) = config.gateways
    assert (live.name, live.port, live.client_id) == ("live", 4001, 911)
    assert live.account_mode is AccountMode.LIVE
    assert live.reauth is Reauth.MANUAL
    assert live.timezone == "America/New_York"
    assert [str(farm) for farm in live.required_farms or ()] == ["usfarm", "historical/ushmds", "secdefnj"]
    assert [window.name for window in live.windows] == ["daily_restart", "server_reset", "server_reset"]
    assert live.labels == (("desk", "fx"), ("env", "prod"))
    assert live.programs == (17, 18)
    assert config.warnings == ()


def test_the_timers_of_the_model_are_those_of_the_core() -> None:
    assert Timing(**dict(TimingKeys())) == Timing()
