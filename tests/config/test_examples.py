"""The files of config/ load, and do what they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.config.load import load
from supervisor.core.calendar.windows import WindowKind
from supervisor.core.model.policy import AccountMode, Reauth
from tests.config.loading import FILES, NOW


@pytest.mark.parametrize("file", sorted(FILES.glob("*.yaml")), ids=lambda file: file.name)
def test_every_example_loads_without_any_environment(file: Path) -> None:
    assert load(file, {}, NOW).gateways


@pytest.mark.parametrize("name", ["supervisor.yaml", "paper.yaml", "live-and-paper.yaml"])
def test_no_example_is_warned_of(name: str) -> None:
    assert load(FILES / name, {}, NOW).warnings == ()


def test_paper() -> None:
    (paper,) = load(FILES / "paper.yaml", {}, NOW).gateways
    assert (paper.port, paper.account_mode, paper.reauth) == (4002, AccountMode.PAPER, Reauth.AUTOMATIC)


def test_live_and_paper_do_not_restart_together() -> None:
    live, paper = load(FILES / "live-and-paper.yaml", {}, NOW).gateways
    assert (live.account_mode, paper.account_mode) == (AccountMode.LIVE, AccountMode.PAPER)
    assert live.windows[0] != paper.windows[0]
    assert live.timezone == paper.timezone == "America/New_York"


def test_a_container_is_set_by_its_environment() -> None:
    env = {
        "IB_NAME": "paper-7",
        "IB_HOST": "ib-gateway",
        "IB_PORT": "4004",
        "IB_CLIENT_ID": "77",
        "IB_MODE": "paper",
        "IB_REGION": "none",
        "IB_SUPERVISOR_LISTEN": "[::]:9000",
        "IB_SUPERVISOR_JOURNAL": "/data/journal.db",
        "IB_SUPERVISOR_LOG_LEVEL": "debug",
    }
    config = load(FILES / "container.yaml", env, NOW)
    (gateway,) = config.gateways
    assert (gateway.name, gateway.host, gateway.port, gateway.client_id) == ("paper-7", "ib-gateway", 4004, 77)
    assert gateway.account_mode is AccountMode.PAPER
    assert gateway.windows == ()
    assert (str(config.http.listen), config.journal.path, config.log.level) == (
        "[::]:9000",
        Path("/data/journal.db"),
        "debug",
    )


def test_a_container_that_listens_for_all_is_warned_of_and_has_no_window_that_nobody_named() -> None:
    config = load(FILES / "container.yaml", {}, NOW)
    said = "\n".join(map(str, config.warnings))
    assert 'everybody who reaches "${IB_SUPERVISOR_LISTEN:-0.0.0.0:14000}" can read everything' in said
    assert "no daily_restart" in said
    assert "no region named" in said
    assert {window.kind for window in config.gateways[0].windows} == {WindowKind.SERVER_RESET}, (
        "the weekend's, of all regions"
    )
