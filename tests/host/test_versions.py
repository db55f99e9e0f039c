"""Hosted programs live under every release of `ibapi`, text and protobuf, through a loss."""

import json
import subprocess
from pathlib import Path

import pytest

from supervisor.simulator import Fleet, Scenario, SimulatedGateway
from tests.judges.environments import python_of
from tests.judges.test_judges import IBAPI

ROOT = Path(__file__).parents[2]


@pytest.mark.judges
@pytest.mark.timeout(600)
@pytest.mark.parametrize("client", IBAPI)
def test_a_hosted_program_hears_everything_under_every_release(fleet: Fleet, client: str) -> None:
    python = str(python_of(client))
    with SimulatedGateway(Scenario(server_version=226), fleet=fleet) as gateway:
        command = [python, "-m", "tests.host.drive_host", str(gateway.port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            began = process.stdout.readline()
            if began == "READY\n":
                gateway.do("restart", for_=0.5)
            said, grumbled = process.communicate(timeout=120)
    assert began == "READY\n", grumbled
    assert process.returncode == 0, grumbled
    told = json.loads(said)
    assert (told["raised"], told["complete"], told["summaries"], told["renewed"]) == (3, [True, True], 2, 1)
    assert told["versions"] == [IBAPI[client]] * 2
    assert told["next_ids"] == [1, 3]
    assert len(told["fills"]) == 1
    assert told["told"] >= 2, "once live, and again after the loss"
    assert (told["paced"], told["threads"], told["grumbles"], told["left"]) == (True, 1, [], [])
