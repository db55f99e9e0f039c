"""The pytest plugin, as pytest loads it: fixtures, marks, faults as methods, nothing loaded before it is used."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.simulator import Gateway, ScenarioError
from tests.simulator.client import RawClient, refused

ROOT = Path(__file__).parents[2]


def test_loading_the_plugin_loads_nothing_of_the_simulator() -> None:
    said = (
        "import sys, pytest; had = set(sys.modules); import supervisor.simulator.plugin; print(*set(sys.modules) - had)"
    )
    run = subprocess.run([sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == {"supervisor", "supervisor.simulator", "supervisor.simulator.plugin"}


def test_a_gateway_is_there(ib_gateway: Gateway) -> None:
    with RawClient(ib_gateway.port) as client:
        client.ready()
    assert ib_gateway.host == "127.0.0.1"


@pytest.mark.ib_gateway(server_version=187, accounts=["DU1", "DU2"], manual_clock=True)
def test_the_mark_says_what_it_is_like(ib_gateway: Gateway) -> None:
    assert ib_gateway.do("state")["accounts"] == ["DU1", "DU2"]
    ib_gateway.refuse(for_="1h")
    assert refused(ib_gateway.port)
    ib_gateway.advance("1h")
    assert not refused(ib_gateway.port)


def test_every_word_is_a_method_and_nothing_else_is(ib_gateway: Gateway) -> None:
    with RawClient(ib_gateway.port) as client:
        client.ready()
        ib_gateway.notice(code=1100, text="lost")
        assert client.message()[3:5] == ["1100", "lost"]
    with ib_gateway.fault("refuse"):
        assert refused(ib_gateway.port)
    assert not refused(ib_gateway.port)
    with pytest.raises(AttributeError, match="nor a word 'dance'"):
        ib_gateway.dance()


def test_what_is_not_a_scenario_is_refused(ib_gateway_factory: Callable[..., Gateway], tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="did you mean"):
        ib_gateway_factory(account=["DU1"])
    with pytest.raises(TypeError, match="not both"):
        ib_gateway_factory(tmp_path / "story.yaml", seed=3)
    (tmp_path / "story.yaml").write_text("accounts: [DU5]\n")
    assert ib_gateway_factory(tmp_path / "story.yaml").do("state")["accounts"] == ["DU5"]


def test_two_hundred_gateways_take_seconds(ib_gateway_factory: Callable[..., Gateway]) -> None:
    begun = time.monotonic()
    ports = {ib_gateway_factory().port for _ in range(200)}
    assert len(ports) == 200
    assert time.monotonic() - begun < 5


@pytest.mark.ib_gateway("config/scenarios/none.yaml")
def test_the_mark_takes_a_file_without_its_word(request: pytest.FixtureRequest) -> None:
    with pytest.raises(ScenarioError, match=r"none\.yaml: cannot be read"):
        request.getfixturevalue("ib_gateway")


def test_waiting_ends(ib_gateway: Gateway) -> None:
    ib_gateway.wait_until(lambda: True)
    with pytest.raises(AssertionError, match="not within"):
        ib_gateway.wait_until(lambda: False, timeout=0.01)
