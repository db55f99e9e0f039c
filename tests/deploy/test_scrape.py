"""Scrape examples and the Prometheus operator's objects: accepted, and in agreement with the alerts."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.rules import document
from tests.deploy.tools import ALERTS, DEPLOY, RECORDS, needs, run

SCRAPE = sorted((DEPLOY / "prometheus" / "scrape").glob("*.yaml"))
JOB = "ib-supervisor"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@needs("promtool")
@pytest.mark.parametrize("file", [DEPLOY / "prometheus" / "prometheus.yml", *SCRAPE], ids=lambda file: file.stem)
def test_promtool_accepts_every_config(file: Path) -> None:
    assert "SUCCESS" in run("promtool", "check", "config", "--syntax-only", file)


@pytest.mark.parametrize("file", [DEPLOY / "prometheus" / "prometheus.yml", *SCRAPE], ids=lambda file: file.stem)
def test_every_config_gives_the_job_that_the_alerts_know(file: Path) -> None:
    assert [job["job_name"] for job in read(file)["scrape_configs"]] == [JOB]


def test_prometheus_scrapes_and_evaluates_as_often_as_the_promise_presumes() -> None:
    assert read(DEPLOY / "prometheus" / "prometheus.yml")["global"] == {
        "scrape_interval": "15s",
        "evaluation_interval": "15s",
    }


def test_telegraf_reads_the_metrics_page() -> None:
    config = tomllib.loads((DEPLOY / "prometheus" / "scrape" / "telegraf.conf").read_text(encoding="utf-8"))
    (source,) = config["inputs"]["prometheus"]
    assert source["urls"] == ["http://127.0.0.1:14000/metrics"]


def test_the_prometheus_rule_is_made_of_the_rule_files() -> None:
    target = DEPLOY / "kubernetes" / "prometheusrule.yaml"
    assert read(target)["spec"]["groups"] == document(ALERTS)["groups"] + document(RECORDS)["groups"]


def test_the_pod_monitor_gives_the_job_that_the_alerts_know() -> None:
    monitor = read(DEPLOY / "kubernetes" / "podmonitor.yaml")
    label = monitor["spec"]["jobLabel"]
    assert monitor["spec"]["selector"]["matchLabels"][label] == JOB
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["path"], endpoint["interval"]) == ("/metrics", "15s")
