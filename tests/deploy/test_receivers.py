"""Alertmanager's own part, run for real: hours, groups, and what each example receiver sends."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.lab import hasty_alertmanager, write
from tests.deploy.mail import MailServer
from tests.deploy.programs import Alertmanager
from tests.deploy.tools import needs, run
from tests.deploy.webhook import Webhook
from tests.waiting import wait_until

pytestmark = needs("alertmanager", "amtool")
DESCRIPTION = "live: no API session that answers."
RUNBOOK = "http://prometheus.example/user/ib-supervisor/IBGatewayDown.md"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as receiver:
        yield receiver


def raise_alert(alertmanager: Alertmanager, name: str, severity: str, **labels: str) -> None:
    """As Prometheus would."""
    run(
        "amtool",
        f"--alertmanager.url={alertmanager.url}",
        "alert",
        "add",
        f"alertname={name}",
        f"severity={severity}",
        *(f"{key}={value}" for key, value in {"job": "ib-supervisor", "instance": "a", **labels}.items()),
        "--annotation=summary=The gateway does not answer.",
        f"--annotation=description={DESCRIPTION}",
        f"--annotation=runbook_url={RUNBOOK}",
    )


def test_at_night_a_warning_waits_for_the_day_and_a_page_does_not(webhook: Webhook, tmp_path: Path) -> None:
    """The shipped config in which no hour is a waking one; then it is day."""
    config = hasty_alertmanager(webhook)
    config["time_intervals"][0]["time_intervals"][0]["years"] = ["1999"]
    file = write(tmp_path / "alertmanager.yml", config)
    with Alertmanager(tmp_path, file) as alertmanager:
        raise_alert(alertmanager, "IBClockSkew", "warning", gateway="live")
        raise_alert(alertmanager, "IBGatewayDown", "critical", gateway="paper")
        wait_until(lambda: webhook.find("IBGatewayDown"), 20, every=0.1)
        flushed = alertmanager.muted()
        wait_until(lambda: alertmanager.muted() > flushed, 20, every=0.1)
        assert webhook.find("IBClockSkew") is None
        write(file, hasty_alertmanager(webhook))
        alertmanager.reload()
        wait_until(lambda: webhook.find("IBClockSkew"), 20, every=0.1)


def test_a_line_that_fails_is_one_page_for_all_its_gateways(webhook: Webhook, tmp_path: Path) -> None:
    config = hasty_alertmanager(webhook)
    config["route"]["group_wait"] = "3s"
    with Alertmanager(tmp_path, write(tmp_path / "alertmanager.yml", config)) as alertmanager:
        for number in range(20):
            raise_alert(alertmanager, "IBGatewayDown", "critical", gateway=f"g{number}")
        wait_until(lambda: len(webhook.told()) >= 20, 20, every=0.1)
    assert len(webhook.messages) == 1


def test_each_example_receiver_says_which_gateway_and_where_to_read_on(webhook: Webhook, tmp_path: Path) -> None:
    """The shipped receivers, sent to a local listener in place of the four services and the mail server."""
    config = hasty_alertmanager(webhook)
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="utf-8")
    url = tmp_path / "url"
    url.write_text(f"{webhook.url}/slack", encoding="utf-8")
    receivers["telegram"]["telegram_configs"][0]["api_url"] = webhook.url
    receivers["slack"]["slack_configs"][0]["api_url_file"] = str(url)
    receivers["pagerduty"]["pagerduty_configs"][0] |= {"routing_key_file": str(secret), "url": f"{webhook.url}/pager"}
    with MailServer() as mail:
        email = receivers["email"]["email_configs"][0]
        email |= {"smarthost": mail.address, "require_tls": False}
        del email["auth_username"], email["auth_password_file"]
        everybody = {"name": "everybody"}
        for receiver in receivers.values():
            everybody |= {key: value for key, value in receiver.items() if key != "name"}
        everybody["webhook_configs"] = receivers["webhook"]["webhook_configs"]
        config["receivers"].append(everybody)
        config["route"]["receiver"] = "everybody"
        with Alertmanager(tmp_path, write(tmp_path / "alertmanager.yml", config)) as alertmanager:
            raise_alert(alertmanager, "IBGatewayDown", "critical", gateway="live")
            wait_until(
                lambda: len(webhook.messages) >= 4 and mail.letters,
                30,
                every=0.1,
                what=f"all to arrive: {[message.path for message in webhook.messages]}, {len(mail.letters)} letters",
            )
    by_kind = {message.path.split("/")[1][:5]: message.body for message in webhook.messages}
    assert by_kind.keys() == {"alert", "bot12", "slack", "pager"}
    for text in (*by_kind.values(), mail.letters[0]):
        plain = json.dumps(json.loads(text)) if text.startswith("{") else text.replace("=\r\n", "").replace("=3D", "=")
        assert "IBGatewayDown" in plain
        assert "live" in plain
        assert RUNBOOK in plain
    assert "Subject: [firing] The gateway does not answer. live" in mail.letters[0].replace("\r\n", "\n").replace(
        "_", " "
    )


def test_the_config_survives_a_round_trip_as_yaml(webhook: Webhook) -> None:
    """What these tests run is the shipped config with other addresses and waits, nothing lost."""
    shipped = hasty_alertmanager(webhook)
    assert yaml.safe_load(yaml.safe_dump(shipped)) == shipped


def test_a_fault_silences_what_follows_from_it_on_its_own_gateway_alone(webhook: Webhook, tmp_path: Path) -> None:
    """Two daemons may both have a gateway of this name."""
    with Alertmanager(tmp_path, write(tmp_path / "alertmanager.yml", hasty_alertmanager(webhook))) as alertmanager:
        for name in ("IBReauthRequired", "IBGatewayDown", "IBRestartOverdue", "IBFarmDown", "IBClockSkew"):
            raise_alert(alertmanager, name, "critical", gateway="live")
            raise_alert(
                alertmanager, name, "critical", gateway="paper" if name == "IBReauthRequired" else "live", instance="b"
            )
        raise_alert(alertmanager, "IBUpstreamLost", "critical", gateway="orphan", instance="c")
        raise_alert(alertmanager, "IBSupervisorDown", "critical", instance="c")
        silent = {"IBGatewayDown", "IBRestartOverdue", "IBFarmDown"}
        wait_until(
            lambda: len(alertmanager.silent()) == len(silent) + 3, 20, every=0.1, what=str(alertmanager.silent())
        )
        assert alertmanager.silent() == {
            *((name, "a") for name in silent),
            ("IBGatewayDown", "b"),  # by IBRestartOverdue
            ("IBFarmDown", "b"),  # by IBGatewayDown
            ("IBUpstreamLost", "c"),  # by IBSupervisorDown
        }
