"""The real Dockerfile, built by buildah and run by podman as docs/containers.md says."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import bcrypt
import pytest

from tests.containers.engine import Engine
from tests.containers.images import BASE, GATEWAY, IMAGE
from tests.lab.machine import REPOSITORY
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.timeout(500)]

SAFE = ("--read-only", "--cap-drop", "ALL", "--user", "65532:65532", "--security-opt", "no-new-privileges")
CLIENT_IDS = count(920)
LIMITS = ("--memory", "512m", "--pids-limit", "512")
LOAD = """
import sys, threading, time, urllib.request as r
ended, count = time.monotonic() + 10, [0]
def ask():
    while time.monotonic() < ended:
        for path in ('/metrics', '/api/v1/status', '/'):
            r.urlopen('http://' + sys.argv[1] + path, timeout=10).read()
            count[0] += 1
threads = [threading.Thread(target=ask) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(count[0])
"""
"""Eight readers that never pause, for ten seconds."""


@pytest.fixture(scope="module")
def network(engine: Engine) -> str:
    name = f"{engine.name}-image"
    engine.podman("network", "create", name)
    return name


@contextmanager
def container(
    engine: Engine, word: str, *options: str, image: str = IMAGE, command: tuple[str, ...] = ()
) -> Iterator[str]:
    name = f"{engine.name}-{word}"
    engine.podman("run", "--detach", "--name", name, *options, image, *command)
    try:
        yield name
    finally:
        engine.tried("podman", "rm", "--force", "--volumes", "--time", "0", name)


@contextmanager
def supervisor(engine: Engine, word: str, network: str, *options: str) -> Iterator[str]:
    where = ("-e", "IB_HOST=gateway", "-e", "IB_PORT=4004", "-e", f"IB_CLIENT_ID={next(CLIENT_IDS)}")
    with container(engine, word, *SAFE, *LIMITS, "--network", network, *where, *options) as name:
        yield name


@pytest.fixture(scope="module")
def gateway(engine: Engine, network: str) -> Iterator[str]:
    with container(engine, "gateway", "--network", network, "--network-alias", "gateway", image=GATEWAY) as name:
        engine.steady(network)
        yield name


@pytest.fixture(scope="module")
def running(engine: Engine, network: str, gateway: str) -> Iterator[str]:
    with supervisor(engine, "supervisor", network, "-e", "IB_MODE=paper") as name:
        wait_until(lambda: engine.status(name).get("status") == "up", 30, every=0.2, what="a gateway that is up")
        yield name


def healthy(engine: Engine, name: str) -> bool:
    return engine.tried("podman", "healthcheck", "run", name).status == 0


def test_it_runs_as_nobody_read_only_and_within_its_limits(engine: Engine, running: str) -> None:
    state = engine.inspect(running)
    assert state["HostConfig"]["ReadonlyRootfs"] is True
    assert (state["HostConfig"]["Memory"], state["HostConfig"]["PidsLimit"]) == (512 << 20, 512)
    status = engine.inside(running, "cat", "/proc/1/status").said
    assert "Uid:\t65532\t65532\t65532\t65532" in status
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert engine.inside(running, "touch", "/etc/x").status != 0
    assert engine.inside(running, "test", "-s", "/var/lib/ib-supervisor/journal.db").status == 0


def test_variables_alone_make_its_config_and_no_window_is_invented(engine: Engine, running: str) -> None:
    config = ("--config", "/etc/ib-supervisor/supervisor.yaml", "--days", "14", "--json")
    windows = json.loads(engine.inside(running, "ib-supervisor", "schedule", *config).said)
    assert {window["window"] for window in windows} == {"server_reset"}, "the weekend's, which is IBKR's own"
    status = engine.status(running)
    assert (status["name"], status["status"]) == ("gateway", "up")


def test_the_log_is_json_a_line_each(engine: Engine, running: str) -> None:
    lines = [json.loads(line) for line in engine.logs(running).splitlines()]
    assert any("supervises gateway" in line["text"] for line in lines)
    assert all({"level", "text"} <= line.keys() for line in lines)


def test_it_stays_healthy_without_its_gateway_and_is_unhealthy_if_its_loop_stands(
    engine: Engine, running: str, gateway: str
) -> None:
    assert healthy(engine, running)
    engine.order(gateway, do="refuse")
    wait_until(lambda: engine.status(running)["status"] != "up", 20, every=0.2)
    layers = engine.status(running)["layers"]
    assert (layers["port"], layers["handshake"]) == (True, False), "the relay accepts, and nobody is behind it"
    assert healthy(engine, running)
    engine.order(gateway, do="heal")
    wait_until(lambda: engine.status(running)["status"] == "up", 20, every=0.2)
    engine.podman("kill", "--signal", "STOP", running)
    assert not healthy(engine, running)
    engine.podman("kill", "--signal", "CONT", running)
    wait_until(lambda: healthy(engine, running), 20, every=0.5)


def test_sigterm_ends_it_within_two_seconds_and_its_log_is_whole(engine: Engine, network: str, gateway: str) -> None:
    with supervisor(engine, "ending", network) as name:
        wait_until(lambda: engine.status(name).get("status") == "up", 30, every=0.2)
        began = time.monotonic()
        engine.podman("kill", "--signal", "TERM", name)
        engine.podman("wait", "--interval", "50ms", name)
        took = time.monotonic() - began
        assert engine.exit_status(name) == 0
        assert took < 2.5, "its 2 s, and what the engine needs"
        assert "ib-supervisor ends" in engine.logs(name).splitlines()[-1]


def test_a_secret_is_a_file_that_its_user_can_read_or_the_start_is_refused(
    engine: Engine, network: str, gateway: str
) -> None:
    hashed = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
    web = engine.folder / "web.yml"
    web.write_text(f"basic_auth_users:\n  anna: {hashed}\n")
    secret = f"{engine.name}-web"
    engine.podman("secret", "create", secret, str(web))
    # The engine makes the secret's file in /run/secrets, which it cannot on a read-only file system.
    options = ("--tmpfs", "/run/secrets:mode=0755", "-e", "IB_SUPERVISOR_WEB_CONFIG=/run/secrets/web.yml")
    readable = f"{secret},target=web.yml,uid=65532,gid=65532,mode=0400"
    with supervisor(engine, "secret", network, *options, "--secret", readable) as name:
        wait_until(lambda: engine.get(name, "/api/v1/status")[0] == 401, 30, every=0.2)
        assert engine.get(name, "/api/v1/status", "anna:open sesame")[0] == 200
        assert "open sesame" not in engine.logs(name)
    with supervisor(engine, "closed", network, *options, "--secret", f"{secret},target=web.yml,mode=0400") as name:
        wait_until(lambda: engine.exit_status(name) is not None, 30, every=0.2)
        assert engine.exit_status(name) == 78
        assert "/run/secrets/web.yml" in engine.logs(name)
        assert "ermission denied" in engine.logs(name)


def test_a_second_one_on_the_same_volume_does_not_start_and_names_the_first(
    engine: Engine, network: str, gateway: str
) -> None:
    volume = ("--volume", f"{engine.name}-shared:/var/lib/ib-supervisor")
    with supervisor(engine, "first", network, *volume) as first:
        wait_until(lambda: engine.status(first).get("status") == "up", 30, every=0.2)
        with supervisor(engine, "second", network, *volume) as second:
            wait_until(lambda: engine.exit_status(second) is not None, 30, every=0.2)
            assert engine.exit_status(second) == 1
            assert "another ib-supervisor writes the journal" in engine.logs(second)
            engine.podman("stop", "--time", "5", first)
            engine.podman("start", second)
            wait_until(lambda: engine.status(second).get("status") == "up", 30, every=0.2)


def test_it_lives_under_load_far_within_its_memory(
    engine: Engine, network: str, running: str, gateway: str, capsys: pytest.CaptureFixture[str]
) -> None:
    address = engine.inspect(running)["NetworkSettings"]["Networks"][network]["IPAddress"]
    asked = engine.inside(gateway, "/opt/ib-supervisor/bin/python", "-c", LOAD, f"{address}:14000").said.strip()
    status = engine.inside(running, "cat", "/proc/1/status").said
    (peak,) = (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    with capsys.disabled():
        print(f"\n{asked} requests in 10 s: {peak:.0f} MB at most")
    assert int(asked) > 100
    assert peak < 256, "half of its limit"
    assert engine.status(running)["status"] == "up"


def test_beyond_its_memory_the_kernel_ends_it_and_no_history_is_lost(
    engine: Engine, network: str, gateway: str
) -> None:
    volume = ("--volume", f"{engine.name}-memory:/var/lib/ib-supervisor")

    def outages(name: str) -> list[str]:
        told = json.loads(engine.inside(name, "ib-supervisor", "history", "--json").said)
        return [each["began"] for each in told["outages"]]

    with supervisor(engine, "enough", network, *volume) as name:
        wait_until(lambda: engine.status(name).get("status") == "up", 30, every=0.2)
        engine.order(gateway, do="rst")
        wait_until(lambda: outages(name), 30, every=0.3)
        before = outages(name)
    with supervisor(engine, "little", network, *volume, "--memory", "32m", "--memory-swap", "32m") as name:
        wait_until(lambda: engine.exit_status(name) is not None, 60, every=0.2)
        assert engine.exit_status(name) == 137, "SIGKILL, after which `restart: unless-stopped` starts it again"
    with supervisor(engine, "again", network, *volume) as name:
        wait_until(lambda: engine.status(name).get("status") == "up", 30, every=0.2)
        assert outages(name)[: len(before)] == before


def test_it_holds_what_is_locked_and_no_tools_of_a_build(engine: Engine, running: str) -> None:
    bill = json.loads(engine.inside(running, "cat", "/usr/share/doc/ib-supervisor/sbom.cdx.json").said)
    listed = {(part["name"].lower(), part["version"]) for part in bill["components"]}
    script = (
        "from importlib import metadata as m; "
        "print(*(f'{d.metadata[\"Name\"]}=={d.version}' for d in m.distributions()), sep='\\n')"
    )
    installed = {
        tuple(line.lower().split("==")) for line in engine.inside(running, "python", "-c", script).said.split()
    }
    own = {pair for pair in installed if pair[0] == "ib-supervisor"}
    assert len(own) == 1
    assert {(name.replace("_", "-"), version) for name, version in installed - own} <= {
        (name.replace("_", "-"), version) for name, version in listed
    }
    for tool in ("pip", "gcc", "cc", "make"):
        assert engine.inside(running, "sh", "-c", f"test ! -e /opt/ib-supervisor/bin/{tool}").status == 0
        assert engine.inside(running, "sh", "-c", f"command -v {tool}").status != 0 or tool == "pip"
    assert engine.inside(running, "sh", "-c", "ls -d /root/.cache /tmp/pip* 2>/dev/null").said == ""
    (image,) = json.loads(engine.podman("image", "inspect", IMAGE))
    assert image["Labels"]["org.opencontainers.image.licenses"] == "MIT"


def test_its_own_layers_come_last_so_that_an_upgrade_brings_little(engine: Engine) -> None:
    history = json.loads(engine.podman("history", "--format", "json", IMAGE))
    copies = [(row["CreatedBy"], row["size"]) for row in history if "COPY" in row.get("CreatedBy", "")]
    ours, theirs = copies[0], copies[-1]
    assert ours[1] < theirs[1] / 3, (ours, theirs)


def test_size_and_start_beside_a_plain_python(
    engine: Engine, network: str, gateway: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {name: json.loads(engine.podman("image", "inspect", name))[0]["Size"] for name in (BASE, IMAGE)}
    began = time.monotonic()
    engine.podman("run", "--rm", "--network", "none", "--user", "65532", BASE, "python3", "-c", "print('hello')")
    hello = time.monotonic() - began
    began = time.monotonic()
    with supervisor(engine, "soon", network) as name:
        wait_until(lambda: engine.status(name).get("status") == "up", 30, every=0.05)
        up = time.monotonic() - began
    with capsys.disabled():
        print(f"\nimage {(sizes[IMAGE] - sizes[BASE]) / 1e6:.0f} MB more than its base of {sizes[BASE] / 1e6:.0f} MB; "
              f"hello {hello:.2f} s, a gateway up {up:.2f} s")  # fmt: skip
    assert sizes[IMAGE] - sizes[BASE] < 90e6
    assert up < 10


def test_the_base_that_stands_in_has_the_name_that_the_dockerfile_asks_for() -> None:
    asked = next(
        line.removeprefix("ARG BASE=").partition("@")[0]
        for line in (REPOSITORY / "deploy/docker/Dockerfile").read_text().splitlines()
        if line.startswith("ARG BASE=")
    )
    assert f"docker.io/library/{asked}" == BASE
