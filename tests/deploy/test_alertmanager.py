"""Alertmanager's config: accepted, routed by severity, silent where one fault explains another."""

import re
from typing import Any

import pytest
import yaml

from supervisor.core.model.pages import ALL, PAGES
from tests.deploy.rules import alerts
from tests.deploy.tools import DEPLOY, needs, run

CONFIG = DEPLOY / "alertmanager" / "alertmanager.yml"


def config() -> Any:
    return yaml.safe_load(CONFIG.read_text(encoding="utf-8"))


@needs("amtool")
def test_amtool_accepts_it() -> None:
    assert "SUCCESS" in run("amtool", "check-config", CONFIG)


@needs("amtool")
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("alertname=IBGatewayDown", "severity=critical"), "webhook"),
        (("alertname=IBClockSkew", "severity=warning"), "webhook"),
        (("alertname=IBOrderIdWentBack", "severity=info"), "record"),
        (("alertname=IBDeadMansSwitch", "severity=info"), "heartbeat"),
        (("alertname=OfSomebodyElse",), "webhook"),
    ],
)
def test_severity_decides_who_is_told(labels: tuple[str, ...], receiver: str) -> None:
    told = run("amtool", "config", "routes", "test", f"--config.file={CONFIG}", *labels)
    assert told.splitlines()[-1].strip() == receiver


def test_a_line_that_fails_is_one_page_within_the_promise() -> None:
    route = config()["route"]
    assert route["group_by"] == ["alertname", "instance"]
    assert route["group_wait"] == "20s"
    assert route["group_interval"] == "15s"


def test_only_warnings_wait_for_the_day_and_sundays_are_days() -> None:
    route = config()["route"]
    waiting = [each for each in route["routes"] if "active_time_intervals" in each or "mute_time_intervals" in each]
    assert [each["matchers"] for each in waiting] == [['severity="warning"']]
    (interval,) = config()["time_intervals"]
    (times,) = interval["time_intervals"]
    assert times.keys() == {"times", "location"}, "every day of the week: the weekly login is due on a Sunday"


def silenced_by(rule: Any, name: str) -> bool:
    """Whether the target matchers of an inhibition take an alert of this name."""
    for matcher in rule["target_matchers"]:
        operator, pattern = re.fullmatch(r'alertname(=~|!~|=|!=)"(.*)"', matcher).groups()  # type: ignore[union-attr]
        hit = re.fullmatch(pattern, name) is not None if "~" in operator else pattern == name
        if hit is operator.startswith("!"):
            return False
    return True


def test_what_one_fault_explains_is_silent_and_nothing_else_is() -> None:
    silent: dict[str, set[str]] = {}
    for rule in config()["inhibit_rules"]:
        source = re.search(r'"(.*)"', rule["source_matchers"][0])[1]  # type: ignore[index]
        silent.setdefault(source, set()).update(alert.name for alert in alerts() if silenced_by(rule, alert.name))
    everything = {alert.name for alert in alerts()}
    assert silent.pop("IBSupervisorDown") == everything - {"IBSupervisorDown", "IBDeadMansSwitch"}
    assert silent == {page.name: set(page.explains) for page in PAGES if page.explains not in {(), (ALL,)}}


def test_nothing_is_silenced_in_a_circle() -> None:
    """Alertmanager silences what a silent alert explains too: two that explain each other would tell nobody."""
    explains = {page.name: set(page.explains) for page in PAGES}
    for name in explains:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            waiting += explains.get(waiting.pop(), set()) - seen
            seen |= set(waiting)
        assert name not in seen


def test_a_gateway_silences_only_itself_and_a_supervisor_only_its_own() -> None:
    """`equal` also matches where both lack the label; so a source without a gateway must not ask for it."""
    for rule in config()["inhibit_rules"]:
        supervisor = '"IBSupervisor' in rule["source_matchers"][0]
        assert rule["equal"][:3] == ["job", "instance", "gateway"][: 2 if supervisor else 3]


def test_there_is_an_example_for_each_usual_receiver() -> None:
    kinds = {key for receiver in config()["receivers"] for key in receiver if key != "name"}
    assert kinds == {"webhook_configs", "email_configs", "telegram_configs", "slack_configs", "pagerduty_configs"}
