"""The scrape example for TLS and a password, between the real Prometheus and the real daemon."""

from pathlib import Path

import yaml

from supervisor.simulator import SimulatedGateway
from tests.config.web_files import PASSWORD, TLS, USERS, a_web_file
from tests.deploy.lab import write
from tests.deploy.ports import QuietDaemon
from tests.deploy.programs import Prometheus
from tests.deploy.tools import DEPLOY, needs, run
from tests.waiting import wait_until

pytestmark = needs("prometheus", "promtool")


def test_the_example_for_tls_and_a_password_scrapes_a_daemon_that_asks_for_both(tmp_path: Path) -> None:
    run("promtool", "check", "web-config", a_web_file(tmp_path, TLS + USERS))
    password = tmp_path / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    with SimulatedGateway() as gateway:
        entry = {"name": "live", "port": gateway.port, "client_id": 911, "server_reset": "none"}
        with QuietDaemon(tmp_path, yaml.safe_dump({"gateways": [entry]})) as daemon:
            example = (DEPLOY / "prometheus" / "scrape" / "tls-basic-auth.yaml").read_text(encoding="utf-8")
            config = yaml.safe_load(
                example.replace("/etc/prometheus/ib-supervisor-password", str(password))
                .replace("/etc/prometheus/ib-supervisor-ca.crt", str(tmp_path / "tls.crt"))
                .replace("trading-1.example.com:14000", f"127.0.0.1:{daemon.port}")
            )
            config["global"] = {"scrape_interval": "1s"}
            with Prometheus(tmp_path, write(tmp_path / "prometheus.yml", config)) as prometheus:
                wait_until(
                    lambda: prometheus.value('ib_up{job="ib-supervisor", gateway="live"}') == 1,
                    40,
                    every=0.2,
                    what=f"to be scraped; targets: {prometheus.get('/api/v1/targets')}, log: {daemon.log}",
                )
                password.write_text("a wrong one", encoding="utf-8")
                wait_until(lambda: prometheus.value("up") == 0, 20, every=0.2)
