"""A frozen process and a cut cable look the same to a program; the kernel tells them apart within 3 s."""

import time
from pathlib import Path

import pytest

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.network.link import Link, why_not

pytestmark = [pytest.mark.root, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

WITHIN = 3.0
FROZEN = "has taken our request, and nothing there has answered"
CUT = "is silent: the machine there has not acknowledged our request"


def said_within(daemon: Running, words: str, began: float) -> None:
    daemon.until(lambda: words in (daemon.status()["kernel"] or ""), WITHIN + 5, what=words)
    assert time.monotonic() - began < WITHIN


@pytest.mark.parametrize(("fault", "words"), [("frozen", FROZEN), ("cut", CUT)])
def test_a_frozen_process_is_told_from_a_cut_cable(tmp_path: Path, fault: str, words: str) -> None:
    with Link() as link, Fleet() as fleet:
        fleet.call(link.enter)
        with SimulatedGateway(fleet=fleet, host=link.far) as gateway:
            keys = quick(gateway.port, host=link.far, kernel="true", timing="heartbeat_interval: 1500ms")
            with running(tmp_path, gateways(keys)) as daemon:
                daemon.wait_up()
                began = time.monotonic()
                if fault == "cut":
                    link.cut = True
                else:
                    gateway.do("freeze")
                said_within(daemon, words, began)
                daemon.until(lambda: words in (daemon.status()["cause"] or ""), 10.0)
                link.cut = False
                gateway.do("heal")
                daemon.wait_up(40.0)
