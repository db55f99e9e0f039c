"""Alertmanager's own part, run for real: hours, groups, and what each example receiver sends."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from supervisor.core.model.pages import ALL, PAGES, About
from tests.deploy.lab import hasty_alertmanager, write
from tests.deploy.mail import MailServer
from tests.deploy.programs import Alertmanager
from tests.deploy.rules import seconds
from tests.deploy.tools import DEPLOY, needs, run
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


def pairs() -> list[tuple[str, str]]:
    """Every cause and each of its symptoms, by the table."""
    names = {page.name for page in PAGES}
    return [
        (page.name, name)
        for page in PAGES
        for name in (sorted(names - {page.name, "IBDeadMansSwitch"}) if page.explains == (ALL,) else page.explains)
    ]


def test_every_cause_silences_each_of_its_symptoms_on_its_own_gateway_alone(webhook: Webhook, tmp_path: Path) -> None:
    """A daemon for each pair, with the symptom on the gateway of the cause and on another; all raised at once."""
    about = {page.name: page.about for page in PAGES}
    farm = {"kind": "market_data", "farm": "usfarm"}

    def labels(name: str, gateway: str) -> dict[str, str]:
        if about[name] is About.SUPERVISOR:
            return {}
        return {"gateway": gateway, **(farm if about[name] is About.FARM else {})}

    raised, silent, told = [], set(), set()
    for number, (cause, symptom) in enumerate(pairs()):
        instance, elsewhere = f"i{number}", f"i{number}-other"
        raised += [(cause, {**labels(cause, "live"), "instance": instance})]
        raised += [(symptom, {**labels(symptom, "live"), "instance": each}) for each in (instance, elsewhere)]
        silent.add((symptom, instance))
        told |= {(cause, instance), (symptom, elsewhere)}
    with Alertmanager(tmp_path, write(tmp_path / "alertmanager.yml", hasty_alertmanager(webhook))) as alertmanager:
        alertmanager.raise_all(raised)
        wait_until(lambda: alertmanager.silent() == silent, 20, every=0.1, what="the pairs to be silent")
        assert alertmanager.told() == told


def test_the_beat_of_the_dead_mans_switch_leaves_none_out(webhook: Webhook, tmp_path: Path) -> None:
    """The shipped waits, sixty times as fast but for what a timer needs."""
    config = hasty_alertmanager(webhook)
    shipped = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"))["route"]
    beat = next(route for route in shipped["routes"] if route["receiver"] == "heartbeat")
    assert seconds(beat["repeat_interval"]) < seconds(beat["group_interval"]) == 60
    mine = next(route for route in config["route"]["routes"] if route["receiver"] == "heartbeat")
    mine |= {"group_interval": "2s", "repeat_interval": "1s"}
    with Alertmanager(tmp_path, write(tmp_path / "alertmanager.yml", config)) as alertmanager:
        raise_alert(alertmanager, "IBDeadMansSwitch", "info")
        wait_until(lambda: len(webhook.told("/heartbeat")) >= 4, 20, every=0.1)
    times = [told.at for told in webhook.told("/heartbeat")]
    assert max(later - earlier for earlier, later in pairwise(times)) < 3.5
