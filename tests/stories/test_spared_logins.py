"""Logins that recovery spares, where the rules of other watchdogs cost one."""

import json
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.model.recovery.rules import NeedsLogin, Result, Rung
from supervisor.simulator import SimulatedGateway
from tests.daemon.running import Running, running
from tests.daemon.test_recovery import config, controller, recovery, said
from tests.stories.doctors import (
    AWAY,
    FARM,
    FAULTS,
    HANGS,
    NIGHTLY,
    STALLS,
    Fault,
    watchdog_of_ib_async,
    watchdog_of_ibc2,
)
from tests.stories.doctors import recovery as on_a_virtual_clock
from tests.waiting import wait_until


def test_a_hang_is_cured_by_one_restart_that_keeps_the_login_while_others_would_have_ended_the_process() -> None:
    done = on_a_virtual_clock(HANGS)
    assert [rung for rung, _ in done.deeds] == [Rung.RESTART]
    assert done.deeds[0][1] == pytest.approx(129, abs=5), "it is known to hang after 8.5 s, and then has two minutes"
    assert done.results == {(Rung.RESTART, Result.PROVED): 1}
    assert (watchdog_of_ib_async(HANGS), watchdog_of_ibc2(HANGS)) == (24.0, 600.0)


@pytest.mark.parametrize("fault", [STALLS, AWAY, FARM, NIGHTLY], ids=lambda fault: fault.name)
def test_a_restart_is_never_asked_for_where_it_cures_nothing(fault: Fault) -> None:
    done = on_a_virtual_clock(fault)
    assert not {rung for rung, _ in done.deeds} & {Rung.RESTART, Rung.COMMAND}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_what_is_done_without_a_person_never_surely_costs_a_login(fault: Fault) -> None:
    assert NeedsLogin.YES not in on_a_virtual_clock(fault).costs


def test_the_others_end_a_process_for_faults_that_end_by_themselves() -> None:
    assert [watchdog_of_ib_async(fault) for fault in (STALLS, AWAY, NIGHTLY, FARM)] == [24.0, 0.0, 0.0, None]
    assert [watchdog_of_ibc2(fault) for fault in (STALLS, AWAY, NIGHTLY, FARM)] == [None] * 4


def test_a_real_daemon_cures_a_hang_of_a_gateway_by_one_restart_of_its_controller(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, controller() as (port, heard):
        text = config(gateway, port, "rungs: [{rung: restart, patience: 5s, unattended: true}]")
        with running(tmp_path, text) as daemon:
            daemon.wait_up()
            before = daemon.status()["epoch"]
            gateway.do("freeze")
            wait_until(lambda: daemon.metric("ib_recovery_approval_pending", rung="restart") == 1, 40)
            assert said(daemon, "approve", "live").exit_code == 0  # its process cannot be told, so a person is asked
            wait_until(lambda: heard == [b"RESTART\n"])
            gateway.do("heal")
            gateway.do("restart", for_=2)
            wait_until(lambda: recovery(daemon)["deed"]["result"] == "proved", 30)
            daemon.wait_up()
            assert daemon.status()["epoch"] > before
            assert heard == [b"RESTART\n"]
            wait_until(lambda: deeds(daemon)[0]["result"] == "proved", what="the proof in the journal")
            (deed,) = deeds(daemon)
            assert (deed["rung"], deed["by"]) == ("restart", "loopback")


def deeds(daemon: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(daemon.get("/api/v1/history"))["deeds"]
    return found
