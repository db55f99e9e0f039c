"""Writes ../kubernetes/prometheusrule.yaml: the rules of this folder as the Prometheus operator wants them.

`python deploy/prometheus/to_kubernetes.py`; a test compares the file with what this makes.
"""

from pathlib import Path
from textwrap import indent

HERE = Path(__file__).parent
TARGET = HERE.parent / "kubernetes" / "prometheusrule.yaml"
HEAD = """\
# For the Prometheus operator. Made of ../prometheus/alerts.yaml and records.yaml by ../prometheus/to_kubernetes.py.
#
# The operator's Prometheus has no --web.user-assets: put the pages of ../runbooks on a web server of yours, and that
# address for `{{ $externalURL }}/user/ib-supervisor` here.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ib-supervisor
  labels:
    app.kubernetes.io/name: ib-supervisor
spec:
  groups:
"""


def prometheus_rule() -> str:
    """The text of the file."""
    groups = (
        (HERE / name).read_text(encoding="utf-8").split("\ngroups:\n")[1] for name in ("alerts.yaml", "records.yaml")
    )
    return HEAD + "".join(indent(text, "  ") for text in groups)


if __name__ == "__main__":
    TARGET.write_text(prometheus_rule(), encoding="utf-8")
