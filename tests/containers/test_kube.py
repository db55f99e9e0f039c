"""The Kubernetes objects through `podman kube play`: those of the base, and those that the Helm chart renders.

What podman does not do is done here in the place of Kubernetes, and said so: the generator's ConfigMap is put together
by this test, the Secret is made as podman 4 keeps one, the probes are asked by it (podman would ask them with a curl in
the container, and the image has none), and `Recreate` is played by hand. The network policy and the objects of the
Prometheus operator are left out.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.containers.engine import Engine
from tests.containers.images import GATEWAY, IMAGE
from tests.lab.machine import REPOSITORY
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.timeout(500)]

BASE = REPOSITORY / "deploy/kubernetes"
CLIENT_ID = 911
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
Objects = dict[str, dict[str, Any]]


def of_the_base(_: Path) -> Objects:
    """What kustomize would make of deploy/kubernetes, as far as podman takes it."""
    (generator,) = yaml.safe_load((BASE / "kustomization.yaml").read_text())["configMapGenerator"]
    data = {name: (BASE / name).read_text() for name in generator["files"]}
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data}
    found = [yaml.safe_load((BASE / name).read_text()) for name in ("deployment.yaml", "persistentvolumeclaim.yaml")]
    return {each["kind"]: each for each in (made, *found)}


def of_the_chart(folder: Path) -> Objects:
    """What Helm, as a library, renders of the chart."""
    python = REPOSITORY / ".venvs/lint/bin/python"
    render = [str(python), str(REPOSITORY / "deploy/helm/render.py"), str(folder)]
    subprocess.run(render, check=True, timeout=120, capture_output=True)
    texts = [path.read_text() for path in (folder / "default").glob("*.yaml")]
    found = [each for text in texts for each in yaml.safe_load_all(text) if each]
    return {
        each["kind"]: each for each in found if each["kind"] in ("ConfigMap", "Deployment", "PersistentVolumeClaim")
    }


class Played:
    """A Deployment as one pod of podman's."""

    def __init__(self, engine: Engine, objects: Objects, folder: Path, name: str) -> None:
        self.engine = engine
        self.name = f"{engine.name}-{name}"
        self.folder = folder
        self.objects = objects
        self.network = f"{self.name}-net"
        self.claim = f"{self.name}-history"
        """Named as the lab names things, so that it is found and removed."""
        template = objects["Deployment"]["spec"]["template"]
        (self.container,) = template["spec"]["containers"]
        self.probes = {probe: self.container.pop(probe)["httpGet"]["path"] for probe in PROBES}
        self.container["image"] = IMAGE
        del self.container["ports"]  # podman would publish them on the host
        (volume,) = (each for each in template["spec"]["volumes"] if "persistentVolumeClaim" in each)
        volume["persistentVolumeClaim"]["claimName"] = self.claim
        objects["PersistentVolumeClaim"]["metadata"]["name"] = self.claim
        self.secret = f"{self.name}-ids"
        reference = {"secretKeyRef": {"name": self.secret, "key": "client-id"}}
        self.container["env"] = [*(self.container.get("env") or ()), {"name": "LAB_CLIENT_ID", "valueFrom": reference}]
        kept = folder / "secret.json"
        kept.write_text(json.dumps({"client-id": base64.b64encode(str(CLIENT_ID).encode()).decode()}))
        engine.podman("secret", "create", self.secret, str(kept))
        data = objects["ConfigMap"]["data"]
        objects["ConfigMap"]["metadata"]["name"] = f"{self.name}-config"  # podman makes a volume of this name, too
        for each in template["spec"]["volumes"]:
            if "configMap" in each:
                each["configMap"]["name"] = f"{self.name}-config"
        config = yaml.safe_load(data["supervisor.yaml"])
        config["gateways"] = [{"name": "paper", "host": "ib-gateway", "port": 4004, "client_id": "${LAB_CLIENT_ID}"}]
        data["supervisor.yaml"] = yaml.safe_dump(config)

    def play(self, name: str) -> str:
        """Start a pod of this name; the name of its container."""
        objects = deepcopy(self.objects)
        deployment = objects["Deployment"]
        deployment["metadata"]["name"] = f"{self.name}-{name}"
        spec = deployment["spec"]["template"]["spec"]
        for each in (*spec["volumes"], *spec["containers"][0]["volumeMounts"]):
            each["name"] = f"{self.name}-{name}-{each['name']}"  # podman makes a volume of this name of each
        if self.engine.tried("podman", "volume", "exists", self.claim).status == 0:
            del objects["PersistentVolumeClaim"]  # podman would make it again
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump_all(objects.values()))
        self.engine.podman("kube", "play", "--network", self.network, str(path))
        return f"{self.name}-{name}-pod-0-{self.container['name']}"

    def down(self, name: str) -> None:
        """End such a pod; the claim stays."""
        self.engine.podman("pod", "rm", "--force", "--time", "5", f"{self.name}-{name}-pod-0")


@pytest.fixture(params=[of_the_base, of_the_chart], ids=["kustomize", "helm"])
def played(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Played]:
    make: Callable[[Path], Objects] = request.param
    found = Played(engine, make(tmp_path / "rendered"), tmp_path, "kube0" if make is of_the_base else "kube1")
    engine.podman("network", "create", found.network)
    gateway = f"{found.name}-gateway"
    options = ("--network", found.network, "--network-alias", "ib-gateway")
    engine.podman("run", "--detach", "--name", gateway, *options, GATEWAY)
    engine.steady(found.network)
    try:
        yield found
    finally:
        for pod in engine.tried("podman", "pod", "ls", "--format", "{{.Name}}").said.split():
            if pod.startswith(found.name):
                engine.tried("podman", "pod", "rm", "--force", "--time", "0", pod)
        engine.tried("podman", "rm", "--force", "--volumes", "--time", "0", gateway)
        shutil.rmtree(tmp_path / "rendered", ignore_errors=True)


def test_a_pod_answers_its_probes_and_a_second_waits_for_the_journal_of_the_first(played: Played) -> None:
    engine = played.engine
    first = played.play("first")
    wait_until(lambda: engine.status(first).get("status") == "up", 60, every=0.3, what="a gateway that is up")
    assert [engine.get(first, played.probes[probe])[0] for probe in PROBES] == [200, 200, 200]
    assert engine.status(first)["client_id"] == CLIENT_ID, "of the Secret"
    host = engine.inspect(first)["HostConfig"]
    assert (host["ReadonlyRootfs"], host["Memory"]) == (True, 512 << 20)
    status = engine.inside(first, "cat", "/proc/1/status").said
    assert "Uid:\t65532" in status
    assert "CapEff:\t0000000000000000" in status

    second = played.play("second")
    wait_until(lambda: "another ib-supervisor writes the journal" in engine.logs(second), 60, every=0.3)
    assert engine.status(first)["status"] == "up", "the first is not disturbed"
    played.down("first")

    def up() -> bool:
        """Kubernetes starts what has ended again and again; podman 4 gives up."""
        if engine.exit_status(second) is not None:
            engine.tried("podman", "start", second)
        return engine.status(second).get("status") == "up"

    wait_until(up, 60, every=0.5, what="the second pod up")
