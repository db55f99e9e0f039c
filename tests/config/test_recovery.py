"""`recovery` in the config: what is allowed, what each rung costs, and what is refused."""

import pytest

from supervisor.core.model.recovery.rules import NeedsLogin, Rung
from tests.config.loading import config_of, faults_in

GATEWAY = "gateways:\n  - {name: live, port: 4001, client_id: 911, server_reset: none, "
IBC = "controller: {kind: ibc, auto_restart_time_set: true}, "


def refused(rest: str) -> str:
    return "\n".join(faults_in(f"{GATEWAY}{rest}}}\n"))


def test_the_rungs_are_sorted_by_their_mildness_with_usual_patience_and_the_cost_of_the_kind() -> None:
    rungs = "[{rung: command, argv: [a, b]}, {rung: restart, budget: 2, unattended: true}, {rung: reconnect_data}]"
    policy = config_of(f"{GATEWAY}{IBC}recovery: {{rungs: {rungs}}}}}\n").gateways[0].recovery
    assert policy is not None
    assert [(each.rung, each.patience, each.needs_login, each.unattended) for each in policy.rungs] == [
        (Rung.RECONNECT_DATA, 300.0, NeedsLogin.NEVER, False),
        (Rung.RESTART, 120.0, NeedsLogin.MAYBE, True),
        (Rung.COMMAND, 900.0, NeedsLogin.YES, False),
    ]
    assert policy.rungs[2].argv == ("a", "b")


def test_the_restart_of_ibg_costs_a_login() -> None:
    ibg = 'controller: {kind: ibg, health: "http://127.0.0.1:8080/health", port: 7462}, '
    policy = config_of(f"{GATEWAY}{ibg}recovery: {{rungs: [{{rung: restart}}]}}}}\n").gateways[0].recovery
    assert policy is not None
    assert policy.rungs[0].needs_login is NeedsLogin.YES


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("recovery: {rungs: []}", "is without a rung"),
        (f"{IBC}recovery: {{rungs: [{{rung: reconnect_data}}, {{rung: reconnect_data}}]}}", "is listed twice"),
        (f"{IBC}recovery: {{rungs: [{{rung: restart, budget: 3}}]}}", "RESTARTs a day are too many"),
        ("recovery: {rungs: [{rung: command}]}", "the command is missing"),
        (f"{IBC}recovery: {{rungs: [{{rung: restart, argv: [x]}}]}}", "argv has no meaning for restart"),
        ("recovery: {rungs: [{rung: command, argv: []}]}", "is empty"),
        ("recovery: {rungs: [{rung: reconnect_data}]}", "cannot be done without a controller"),
        (
            "controller: {kind: unit, unit: a.service}, recovery: {rungs: [{rung: restart}]}",
            "cannot be done with a controller of kind unit",
        ),
        (
            "controller: {kind: ibc}, recovery: {rungs: [{rung: restart}]}",
            "would move the daily restart of the gateway to the minute of the deed, for good; set AutoRestartTime",
        ),
        (
            'controller: {kind: ibg, health: "http://h/"}, recovery: {rungs: [{rung: restart}]}',
            "needs the controller's command server",
        ),
        (
            'controller: {kind: ibg, health: "http://h/", port: 1}, recovery: {rungs: [{rung: reconnect_data}]}',
            "is no command of ibg",
        ),
        (f"{IBC}recovery: {{rungs: [{{rung: restart, patience: 1s}}]}}", "5s to 1d"),
        (f"{IBC}recovery: {{rungs: [{{rung: restart}}], quiet_before_restart: 5m}}", "10m to 12h"),
    ],
)
def test_what_cannot_be_is_refused_with_its_cure(rest: str, why: str) -> None:
    assert why in refused(rest)


def test_all_that_does_not_fit_the_controller_is_told_at_once() -> None:
    rungs = "[{rung: reconnect_data}, {rung: restart}, {rung: command, argv: [x]}]"
    told = refused(f'controller: {{kind: ibg, health: "http://h/"}}, recovery: {{rungs: {rungs}}}').splitlines()
    assert len(told) == 2
    assert "reconnect_data is no command of ibg" in told[0]
    assert "restart needs the controller's command server" in told[1]
