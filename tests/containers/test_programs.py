"""Gate and kernel in containers: files on shared volumes, HTTP by a name, one network namespace or two."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.engine import Engine
from tests.containers.images import GATEWAY, IMAGE
from tests.lab.machine import REPOSITORY
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.timeout(500)]

CONFIG = """
gateways:
  - {name: paper, host: HOST, port: PORT, client_id: ID, kernel: KERNEL, server_reset: none, timing: {settle: 2s}}
gate: {directory: /run/ib-gate}
http: {listen: "0.0.0.0:14000", names: [ib-supervisor]}
log: {format: json}
"""
READER = "from supervisor.host import Gate; check = Gate('/run/ib-gate/paper.json').check(); print(check.state)"
ASK = """
import sys, urllib.request as r, urllib.error as e
try: print(r.urlopen('http://' + sys.argv[1], timeout=5).status)
except e.HTTPError as error: print(error.status)
"""


@pytest.fixture(scope="module")
def gateway(engine: Engine) -> Iterator[str]:
    network, name = f"{engine.name}-programs", f"{engine.name}-programs-gateway"
    engine.podman("network", "create", network)
    engine.podman("run", "--detach", "--name", name, "--network", network, "--network-alias", "gateway", GATEWAY)
    engine.steady(network)
    yield name
    engine.tried("podman", "rm", "--force", "--volumes", "--time", "0", name)


def started(engine: Engine, folder: Path, word: str, network: list[str], host: str, port: int, kernel: str) -> str:
    """A supervisor with a config of its own, and the folder of its gate on a volume."""
    config = folder / f"{word}.yaml"
    config.write_text(
        CONFIG.replace("HOST", host)
        .replace("PORT", str(port))
        .replace("KERNEL", kernel)
        .replace("ID", str(900 + len(word)))
    )
    name = f"{engine.name}-{word}"
    options = ["--read-only", "--cap-drop", "ALL", *network]
    options += ["--volume", f"{config}:/etc/ib-supervisor/supervisor.yaml:ro"]
    options += ["--volume", f"{engine.name}-{word}-gate:/run/ib-gate:U"]
    engine.podman("run", "--detach", "--name", name, *options, IMAGE)
    wait_until(lambda: engine.status(name).get("status") == "up", 30, every=0.2, what="a gateway that is up")
    return name


@pytest.fixture
def supervisor(engine: Engine, gateway: str, tmp_path: Path) -> Iterator[str]:
    network = ["--network", f"{engine.name}-programs", "--network-alias", "ib-supervisor", "--network-alias", "other"]
    name = started(engine, tmp_path, "gated", network, "gateway", 4004, "true")
    yield name
    engine.tried("podman", "rm", "--force", "--volumes", "--time", "0", name)


@pytest.fixture
def program(engine: Engine, supervisor: str) -> Iterator[str]:
    """A trading program's container: it reads the folder, and changes nothing."""
    name = f"{engine.name}-program"
    options = ["--network", f"{engine.name}-programs", "--volume", f"{engine.name}-gated-gate:/run/ib-gate:ro"]
    engine.podman("run", "--detach", "--name", name, *options, "--entrypoint", "sleep", IMAGE, "600")
    yield name
    engine.tried("podman", "rm", "--force", "--volumes", "--time", "0", name)


def test_a_gate_file_on_a_shared_volume_opens_closes_and_dies_with_its_writer(
    engine: Engine, gateway: str, supervisor: str, program: str
) -> None:
    def read() -> str:
        return engine.inside(program, "python", "-c", READER).said.strip()

    wait_until(lambda: read() == "open", 20, every=0.2, what="an open gate")
    engine.order(gateway, do="notice", code=1100, text="Connectivity between IBKR and TWS has been lost.")
    wait_until(lambda: read() == "closed", 20, every=0.2)
    engine.order(gateway, do="notice", code=1102, text="Connectivity has been restored - data maintained.")
    wait_until(lambda: read() == "open", 40, every=0.2)
    engine.podman("kill", "--signal", "STOP", supervisor)
    wait_until(lambda: read() == "unknown", 20, every=0.2, what="the end of the lease")
    engine.podman("kill", "--signal", "CONT", supervisor)
    wait_until(lambda: read() == "open", 40, every=0.2)
    engine.podman("stop", "--time", "5", supervisor)
    assert read() == "unknown", "removed at the end"


@pytest.fixture
def trader(engine: Engine, gateway: str, supervisor: str) -> Iterator[str]:
    """The example of an order a minute, hosted, in a container of its own: it reads one gate and writes another."""
    name = f"{engine.name}-trader"
    options = [
        "--read-only",
        "--cap-drop",
        "ALL",
        "--network",
        f"{engine.name}-programs",
        "--tmpfs",
        "/state:mode=1777",
    ]
    options += ["--volume", f"{REPOSITORY}/docs/examples:/examples:ro"]
    options += ["--volume", f"{engine.name}-gated-gate:/run/ib-gate:ro"]
    options += ["--volume", f"{engine.name}-trader-gate:/run/program-gate:U", "--entrypoint", "python"]
    command = ["/examples/order_a_minute.py", "4004", "/state/orders", "0.5", "--host", "gateway"]
    command += ["--daemon-gate", "/run/ib-gate/paper.json", "--gate-directory", "/run/program-gate"]
    engine.podman("run", "--detach", "--name", name, *options, IMAGE, *command)
    yield name
    engine.tried("podman", "rm", "--force", "--volumes", "--time", "0", name)


def test_a_hosted_program_heeds_the_supervisors_gate_and_shows_its_own_to_a_third_container(
    engine: Engine, gateway: str, supervisor: str, trader: str
) -> None:
    def shown() -> str:
        """The trader's gate, as a container without any network reads it."""
        volume = f"{engine.name}-trader-gate:/run/ib-gate:ro"
        script = READER.replace("paper", "trader")
        options = ["--network", "none", "--volume", volume, "--entrypoint", "python"]
        return engine.podman("run", "--rm", *options, IMAGE, "-c", script).splitlines()[-1]

    def said(words: str) -> int:
        return engine.logs(trader).count(words)

    wait_until(lambda: said("fill ") > 1, 30, every=0.3, what="orders that were sent and filled")
    assert shown() == "open"
    engine.order(gateway, do="notice", code=1100, text="Connectivity between IBKR and TWS has been lost.")
    wait_until(lambda: shown() == "closed", 20, every=0.2)
    wait_until(lambda: said("not now: upstream") > 0, 20, every=0.2)
    engine.order(gateway, do="notice", code=1102, text="Connectivity has been restored - data maintained.")
    wait_until(lambda: shown() == "open", 40, every=0.2)
    fills = said("fill ")
    wait_until(lambda: said("fill ") > fills, 40, every=0.3)
    engine.podman("kill", "--signal", "STOP", supervisor)
    wait_until(lambda: said("its lease is over, no daemon renews it") > 0, 20, every=0.2)
    engine.podman("kill", "--signal", "CONT", supervisor)
    fills = said("fill ")
    wait_until(lambda: said("fill ") > fills, 40, every=0.3)
    engine.podman("kill", "--signal", "KILL", trader)
    wait_until(lambda: shown() == "unknown", 20, every=0.2, what="the end of the trader's lease")


def test_the_gate_is_asked_over_http_by_the_services_name_and_by_no_other(
    engine: Engine, supervisor: str, program: str
) -> None:
    def asked(place: str) -> str:
        return engine.inside(program, "python", "-c", ASK, f"{place}:14000/api/v1/gates/paper").said.strip()

    wait_until(lambda: asked("ib-supervisor") == "200", 20, every=0.3)
    assert asked("other") not in ("200", "503"), "a name that `http.names` does not have"


def facts(engine: Engine, name: str) -> list[str]:
    """What /metrics says of the gateway's sockets."""
    return [line for line in engine.get(name, "/metrics")[1].splitlines() if line.startswith("ib_gateway_sockets{")]


def test_what_another_network_namespace_hides_is_absent_and_not_zero(
    engine: Engine, supervisor: str, gateway: str, tmp_path: Path
) -> None:
    assert facts(engine, supervisor) == []
    beside = started(engine, tmp_path, "beside", ["--network", f"container:{gateway}"], "127.0.0.1", 4002, "null")
    try:
        wait_until(lambda: facts(engine, beside), 20, every=0.3, what="the kernel's word")
        assert any('state="established"' in line for line in facts(engine, beside)), json.dumps(facts(engine, beside))
    finally:
        engine.tried("podman", "rm", "--force", "--volumes", "--time", "0", beside)
