"""Lints the chart and renders it with each file of values that a site may have; what comes out goes to a folder.

`python deploy/helm/render.py FOLDER`, with helm-python-sdk from PyPI, which is Helm itself as a library; part of
`make lint-containers`.
"""

import sys
from pathlib import Path

import helm_python

CHART = Path(__file__).parent / "ib-supervisor"
CASES = {
    "default": {},
    "pods": {"monitoring": {"kind": "PodMonitor", "labels": {"release": "stack"}, "rules": True, "dashboards": True}},
    "services": {"monitoring": {"kind": "ServiceMonitor"}, "networkPolicy": {"enabled": False}},
    "own-claim": {
        "history": {"existingClaim": "mine"},
        "env": [{"name": "PASSWORD", "value": "x"}],
        "nodeSelector": {"disk": "ssd"},
        "config": {"gateways": [{"name": "live", "port": 4001, "client_id": 911}], "http": {"listen": "0.0.0.0:14000"}},
    },
}


def main(folder: Path) -> int:
    """The command."""
    said = helm_python.lint(CHART, strict=True)
    print(said)
    for case, values in CASES.items():
        with helm_python.Chart.load(CHART) as chart:
            rendered = chart.render(values, name="ib", namespace="trading")
        for name, text in rendered.items():
            if text.strip() and name.endswith(".yaml"):
                target = folder / case / Path(name).name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
