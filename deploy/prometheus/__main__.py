"""Writes the rules, and Alertmanager's inhibitions, from the table of pages and a site's settings.

    python -m deploy.prometheus                                    the shipped files, in place
    python -m deploy.prometheus --config mine.yaml --out FOLDER    yours

The settings are in deploy/prometheus/settings.py. Run it at the repository's root, in
an environment with ib-supervisor.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

from deploy.prometheus import alerts, records
from deploy.prometheus.settings import Settings, SettingsError, duration, load
from supervisor.core.model.pages import Severity

DEPLOY = Path(__file__).parents[1]
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
KUBERNETES_HEAD = """\
# For the Prometheus operator. Written by `python -m deploy.prometheus`.
#
# The operator's Prometheus has no --web.user-assets: put the pages of ../runbooks on a web server, and its address in
# `runbook_url` of your settings.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ib-supervisor
  labels:
    app.kubernetes.io/name: ib-supervisor
    # kube-prometheus-stack takes only objects with its own release's name:
    # release: kube-prometheus-stack
spec:
  groups:
"""
BEGIN, END = "inhibit_rules:\n", "# -- end of what is written\n"


def texts(settings: Settings) -> Mapping[str, str]:
    """The files, by their names."""
    rules = records.markets(settings) + alerts.alerts(settings)
    availability = records.records(settings)
    return {
        "alerts.yaml": alerts.HEAD + rules,
        "records.yaml": records.HEAD + availability,
        "prometheusrule.yaml": KUBERNETES_HEAD + indent(rules + availability, "  "),
        "groups.yaml": "# Written by `python -m deploy.prometheus`.\n" + dedent(rules + availability),
        "alertmanager.yml": alertmanager(settings),
    }


def alertmanager(settings: Settings) -> str:
    """Alertmanager's file, with the settings' inhibitions and waits instead of those that stand there."""
    before, _, rest = ALERTMANAGER.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    for severity in (Severity.CRITICAL, Severity.WARNING):
        mark = f"# {severity}: again while it goes on\n"
        lines = [
            f"{line[: len(line) - len(line.lstrip())]}repeat_interval: {duration(settings.repeated[severity])}  {mark}"
            if line.endswith(mark)
            else line
            for line in before.splitlines(keepends=True)
        ]
        before = "".join(lines)
    return before + BEGIN + "".join(alerts.inhibitions(settings)) + END + after


def places(out: Path | None) -> Mapping[str, Path]:
    """Where each file goes."""
    shipped = {
        "alerts.yaml": DEPLOY / "prometheus" / "alerts.yaml",
        "records.yaml": DEPLOY / "prometheus" / "records.yaml",
        "prometheusrule.yaml": DEPLOY / "kubernetes" / "prometheusrule.yaml",
        "groups.yaml": DEPLOY / "helm" / "ib-supervisor" / "files" / "groups.yaml",
        "alertmanager.yml": ALERTMANAGER,
    }
    return shipped if out is None else {name: out / name for name in shipped}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.prometheus", description=__doc__.split("\n\n")[0])
    parser.add_argument("--config", type=Path, help="your settings; the defaults without it")
    parser.add_argument("--out", type=Path, help="the folder for the files; the shipped files without it")
    asked = parser.parse_args()
    try:
        settings = load(asked.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if asked.config is not None and asked.out is None:
        parser.error("with --config, say where to: --out FOLDER")
    for name, path in places(asked.out).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts(settings)[name], encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
