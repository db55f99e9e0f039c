"""What stands in a variable of the environment is in no message, whatever key it was meant for."""

from pathlib import Path

import pytest

from supervisor.config.load import load
from supervisor.config.reading.faults import ConfigError
from tests.config.loading import NOW

KEYS = (
    "gateways: [{name: V, port: 1, client_id: 1}]",
    "gateways: [{name: a, host: V, port: 1, client_id: 1}]",
    "gateways: [{name: a, port: V, client_id: 1}]",
    "gateways: [{name: a, port: 1, client_id: V}]",
    "gateways: [{name: a, port: 1, client_id: 1, client_id_fallback: V}]",
    "gateways: [{name: a, port: 1, client_id: 1, account_mode: V}]",
    "gateways: [{name: a, port: 1, client_id: 1, required_farms: [V]}]",
    "gateways: [{name: a, port: 1, client_id: 1, server_reset: V}]",
    "gateways: [{name: a, port: 1, client_id: 1, reauth: V}]",
    "gateways: [{name: a, port: 1, client_id: 1, upstream_probe: V}]",
    "gateways: [{name: a, port: 1, client_id: 1, daily_restart: {time: V, timezone: V}}]",
    "gateways: [{name: a, port: 1, client_id: 1, weekly_restart: {day: V, time: V, timezone: V}}]",
    "gateways: [{name: a, port: 1, client_id: 1, windows: [{name: V, from: V, to: V}]}]",
    "gateways: [{name: a, port: 1, client_id: 1, windows: [{name: w, weekly: V, for: V, timezone: V}]}]",
    "gateways: [{name: a, port: 1, client_id: 1, timing: {retry_max: V, heartbeat_misses: V}}]",
    "gateways: [{name: a, port: 1, client_id: 1, labels: {desk: V}}]",
    "gateways: [{name: a, port: 1, client_id: 1, programs: [V]}]",
    "gateways: V",
    "gateways: [{name: a, port: 1, client_id: 1}]\nhttp: {listen: V}",
    "gateways: [{name: a, port: 1, client_id: 1}]\nhttp: {web_config: V}",
    "gateways: [{name: a, port: 1, client_id: 1}]\nhttp: {names: [V]}",
    "gateways: [{name: a, port: 1, client_id: 1}]\njournal: {retention: V}",
    "gateways: [{name: a, port: 1, client_id: 1}]\nlog: {level: V, format: V}",
    "gateways: [{name: a, port: 1, client_id: 1}]\nshow_accounts: V",
)
SECRETS = (
    "hunter2 s3cr3t\x1b",
    ":s3cr3t77",
    "s3cr3t:77123",
    "99999123456",
    "s3cr3t" * 40,
    "[s3cr3t",
    "$2y$s3cr3t",
    "7s3cr3t7d",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("text", KEYS)
def test_no_message_has_it(tmp_path: Path, text: str, secret: str) -> None:
    file = tmp_path / "supervisor.yaml"
    file.write_text(text.replace("V", '"${SECRET}"'))
    try:
        told = "\n".join(map(str, load(file, {"SECRET": secret}, NOW).warnings))
    except ConfigError as error:
        told = str(error)
        assert "${SECRET}" in told or secret not in told
    for part in ("s3cr3t", "hunter2", "77123", "99999123456"):
        assert part not in told, told


@pytest.mark.parametrize("written", ["discord.com/api/webhooks/12/s3cr3t", "s3cr3t", "12345:s3cr3t", "s3cr3t ://x"])
@pytest.mark.parametrize(
    "text", ["heartbeat_url: V", "notify: [{name: a, url: V}]", "notify: [V]", "notify: V"], ids=lambda text: text[:22]
)
def test_no_message_has_an_address_that_was_pasted_without_its_scheme(tmp_path: Path, text: str, written: str) -> None:
    file = tmp_path / "supervisor.yaml"
    file.write_text("gateways: [{name: a, port: 1, client_id: 1}]\n" + text.replace("V", f'"{written}"'))
    with pytest.raises(ConfigError) as refused:
        load(file, {}, NOW)
    assert "the value" in str(refused.value)
    assert "s3cr3t" not in str(refused.value)
