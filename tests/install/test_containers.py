"""The files for Docker and Kubernetes, as far as they can be judged where neither runs."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from supervisor.config.load import load
from supervisor.core.calendar.rules import Daily
from supervisor.core.calendar.windows import WindowKind

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"


def parsed(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text())


# -- Docker -----------------------------------------------------------------------------------------------------------


def test_the_image_runs_as_nobody_and_is_healthy_as_long_as_its_own_loop_turns() -> None:
    text = (DEPLOY / "docker/Dockerfile").read_text()
    assert re.search(r"^USER 65532:65532$", text, re.M)
    check = re.search(r"^HEALTHCHECK (.*\n.*)", text, re.M)
    assert check is not None
    assert "/-/healthy" in check[1]
    assert not re.search(r"^RUN .*(curl|apt-get)", text, re.M)


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    folder = DEPLOY / "docker"
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (folder / "Dockerfile").read_text(), re.M)
    kept = [line[1:] for line in (folder / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in " ".join(copied).split():
        assert (DEPLOY.parent / name).exists()
        assert any(
            Path(name).match(each) or each.startswith(f"{name}/") or name.startswith(f"{each}/") for each in kept
        ), name


def test_every_published_port_is_on_loopback() -> None:
    services = parsed(DEPLOY / "docker/compose.yaml")["services"]
    assert set(services) == {"gateway", "supervisor", "prometheus", "alertmanager", "grafana"}
    ports = [port for service in services.values() for port in service["ports"]]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_health_check_restarts_a_gateway_and_nothing_waits_for_it() -> None:
    services = parsed(DEPLOY / "docker/compose.yaml")["services"]
    assert "healthcheck" not in services["gateway"]
    assert all("depends_on" not in service for service in services.values())


def test_the_composed_supervisor_needs_no_privilege() -> None:
    supervisor = parsed(DEPLOY / "docker/compose.yaml")["services"]["supervisor"]
    assert supervisor["read_only"] is True
    assert supervisor["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in supervisor["security_opt"]


def test_files_that_compose_mounts_are_in_the_repository() -> None:
    for service in parsed(DEPLOY / "docker/compose.yaml")["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (DEPLOY / "docker" / source).exists(), source


def test_every_secret_is_a_file_that_the_compose_file_tells_to_make() -> None:
    text = (DEPLOY / "docker/compose.yaml").read_text()
    made = re.search(r"touch (.*)", text)
    assert made is not None
    expanded = subprocess.run(
        ["bash", "-c", f"echo {made[1]}"], capture_output=True, text=True, check=True
    ).stdout.split()
    secrets = parsed(DEPLOY / "docker/compose.yaml")["secrets"].values()
    assert {f"./{name}" for name in expanded} == {secret["file"] for secret in secrets}


def test_the_composed_config_is_valid_and_names_the_gateways_own_clock_and_restart() -> None:
    gateway = parsed(DEPLOY / "docker/compose.yaml")["services"]["gateway"]
    (policy,) = load(DEPLOY / "docker/supervisor.yaml", {}).gateways
    assert (policy.host, policy.port) == ("gateway", 4004)
    assert policy.timezone == gateway["environment"]["TZ"] == gateway["environment"]["IBC_TIME_ZONE"]
    restart = next(window.rule for window in policy.windows if window.kind is WindowKind.DAILY_RESTART)
    assert isinstance(restart, Daily)
    assert f"{restart.time:%I:%M %p}" == gateway["environment"]["IBC_AUTO_RESTART_TIME"]
    assert "127.0.0.1:4002:4004" in gateway["ports"]


def test_a_gateway_has_90_seconds_to_stop_and_an_image_that_does_not_change() -> None:
    gateway = parsed(DEPLOY / "docker/compose.yaml")["services"]["gateway"]
    assert gateway["stop_grace_period"] == "90s"
    assert gateway["image"].startswith("ghcr.io/gnzsnz/ib-gateway:${IB_GATEWAY_TAG:?")
    unit = (DEPLOY.parent / "systemd/examples/ib-gateway.service").read_text()
    assert "\nTimeoutStopSec=90\n" in unit


SECRETS = ("slack-url", "webhook-url", "pagerduty-key", "telegram-token", "smtp-password", "heartbeat-url")


def alertmanager(folder: Path, secrets: tuple[str, ...], **environment: str) -> subprocess.CompletedProcess[str]:
    """The composed Alertmanager's start, up to its config, with these secrets written and the others empty."""
    for name in SECRETS:
        (folder / name).write_text("https://example.com/x" if name in secrets else "")
    script, shipped = DEPLOY / "docker/alertmanager.sh", DEPLOY / "alertmanager/alertmanager.yml"
    words = ["sh", str(script), str(shipped), str(folder), str(folder / "written.yml")]
    return subprocess.run(
        words, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, timeout=20
    )


@pytest.mark.parametrize("secrets", [(), ("heartbeat-url",), ("telegram-token",)])
def test_the_composed_alertmanager_refuses_to_start_if_nobody_would_be_told(
    tmp_path: Path, secrets: tuple[str, ...]
) -> None:
    done = alertmanager(tmp_path, secrets)
    assert done.returncode == 1
    assert "nobody would be told" in done.stderr


@pytest.mark.parametrize(
    ("secrets", "environment", "kinds"),
    [
        (("slack-url", "heartbeat-url"), {}, {"slack_configs"}),
        (("webhook-url", "pagerduty-key"), {}, {"webhook_configs", "pagerduty_configs"}),
        (("telegram-token",), {"ALERT_TELEGRAM": "123"}, {"telegram_configs"}),
        (("smtp-password",), {"ALERT_EMAIL": "a@example.com", "SMTP_HOST": "mail:587"}, {"email_configs"}),
    ],
)
def test_whoever_is_named_is_told_and_the_routes_stay(
    tmp_path: Path, secrets: tuple[str, ...], environment: dict[str, str], kinds: set[str]
) -> None:
    done = alertmanager(tmp_path, secrets, **environment)
    assert done.returncode == 0, done.stderr
    assert ("heartbeat-url" in done.stderr) is ("heartbeat-url" not in secrets)
    written, shipped = parsed(tmp_path / "written.yml"), parsed(DEPLOY / "alertmanager/alertmanager.yml")
    receivers = {receiver.pop("name"): receiver for receiver in written["receivers"]}
    assert receivers["people"].keys() == kinds
    assert written["inhibit_rules"] == shipped["inhibit_rules"]
    assert [written["route"]["receiver"], *(route["receiver"] for route in written["route"]["routes"])] == [
        "people",
        "heartbeat",
        "people",
        "record",
    ]
    if shutil.which("amtool") and not {"telegram-token", "webhook-url", "heartbeat-url"} & set(
        secrets
    ):  # 0.25: no such files
        subprocess.run(
            ["amtool", "check-config", tmp_path / "written.yml"], check=True, timeout=20, capture_output=True
        )


def test_the_bill_of_materials_is_that_of_the_lock_file() -> None:
    locked = (DEPLOY / "docker/requirements.lock").read_text()
    pinned = {(name, version) for name, version in re.findall(r"^([a-zA-Z0-9._-]+)==([^ ;\\]+)", locked, re.M)}
    bill = json.loads((DEPLOY / "docker/sbom.cdx.json").read_text())
    assert {(part["name"], part["version"]) for part in bill["components"]} == pinned, "run `make sbom`"


# -- Kubernetes -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    """The pod that the deployment makes."""
    spec: dict[str, Any] = parsed(KUBERNETES / "deployment.yaml")["spec"]["template"]["spec"]
    return spec


def test_there_are_never_two_of_them() -> None:
    spec = parsed(KUBERNETES / "deployment.yaml")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_probes_ask_for_the_supervisor_and_not_for_a_gateway(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/-/healthy", "liveness": "/-/healthy", "readiness": "/-/ready"}


def test_the_pod_is_restricted(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    inside = container["securityContext"]
    assert inside == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_what_is_mounted_exists_and_the_history_is_on_a_claim_for_one_node(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    claim = parsed(KUBERNETES / "persistentvolumeclaim.yaml")
    assert volumes["history"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_the_base_has_every_file_and_every_file_is_in_the_base() -> None:
    base = parsed(KUBERNETES / "kustomization.yaml")
    (generator,) = base["configMapGenerator"]
    named = {"kustomization.yaml", *base["resources"], *generator["files"]}
    assert named == {path.name for path in KUBERNETES.glob("*.yaml")} - {"servicemonitor.yaml"}, (
        "one monitor of the two"
    )


def test_labels_and_ports_fit_each_other(pod: dict[str, Any]) -> None:
    label = {"app.kubernetes.io/name": "ib-supervisor"}
    deployment = parsed(KUBERNETES / "deployment.yaml")["spec"]
    assert deployment["template"]["metadata"]["labels"] == deployment["selector"]["matchLabels"] == label
    assert parsed(KUBERNETES / "service.yaml")["spec"]["selector"] == label
    assert parsed(KUBERNETES / "networkpolicy.yaml")["spec"]["podSelector"]["matchLabels"] == label
    monitor = parsed(KUBERNETES / "podmonitor.yaml")["spec"]
    assert monitor["selector"]["matchLabels"] == label
    assert monitor["podMetricsEndpoints"][0]["port"] == pod["containers"][0]["ports"][0]["name"]


@pytest.mark.parametrize("kind", ["pod", "service"])
def test_a_gateway_stays_one_series_whichever_pod_watches_it(kind: str) -> None:
    spec = parsed(KUBERNETES / f"{kind}monitor.yaml")["spec"]
    (endpoint,) = spec["podMetricsEndpoints" if kind == "pod" else "endpoints"]
    stable, dropped = endpoint["relabelings"]
    assert (stable["targetLabel"], stable["sourceLabels"]) == ("instance", ["namespace"])
    assert re.fullmatch(dropped["regex"], "pod")


def test_the_chart_has_the_config_that_the_image_takes_and_the_version_of_the_project() -> None:
    chart = DEPLOY / "helm/ib-supervisor"
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    assert parsed(chart / "Chart.yaml")["appVersion"] == project["version"]
    values = parsed(chart / "values.yaml")
    assert values["config"]["http"]["listen"] == "0.0.0.0:14000"
    assert "serviceAccount" not in (chart / "templates/deployment.yaml").read_text().replace(
        "automountServiceAccountToken", ""
    )


def test_the_charts_dashboards_are_the_shipped_ones() -> None:
    for board in (DEPLOY / "grafana/dashboards").glob("*.json"):
        assert (DEPLOY / "helm/ib-supervisor/files" / board.name).read_bytes() == board.read_bytes()


def test_the_charts_config_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "supervisor.yaml"
    file.write_text(yaml.safe_dump(parsed(DEPLOY / "helm/ib-supervisor/values.yaml")["config"]))
    (policy,) = load(file, {}).gateways
    assert policy.windows[0].kind is WindowKind.SERVER_RESET, "the weekend's: no other window is guessed"


def test_programs_may_ask_the_api_under_the_services_name() -> None:
    """Without users, a name that is not listed is refused."""
    service = parsed(KUBERNETES / "service.yaml")["metadata"]["name"]
    namespace = parsed(KUBERNETES / "namespace.yaml")["metadata"]["name"]
    assert {service, f"{service}.{namespace}"} <= set(load(KUBERNETES / "supervisor.yaml", {}).http.names)
    assert "supervisor" in load(DEPLOY / "docker/supervisor.yaml", {}).http.names


def test_the_pods_config_is_valid_and_its_gateways_ports_are_allowed() -> None:
    config = load(KUBERNETES / "supervisor.yaml", {})
    egress = parsed(KUBERNETES / "networkpolicy.yaml")["spec"]["egress"]
    allowed = [
        range(port["port"], port["endPort"] + 1) for rule in egress for port in rule["ports"] if "endPort" in port
    ]
    assert all(any(policy.port in ports for ports in allowed) for policy in config.gateways)
    assert config.http.listen.port == 14000
