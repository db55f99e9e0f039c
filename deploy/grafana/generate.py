"""Writes dashboards/*.json: fleet, gateway, supervisor.

    pip install grafana-foundation-sdk==0.0.21      # the pin matters: newest by number is an old release line
    python deploy/grafana/generate.py

The files are committed; a test compares them with what this makes.
"""

import json
from pathlib import Path

from board_fleet import fleet
from board_gateway import gateway
from board_supervisor import supervisor
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

TARGET = Path(__file__).parent / "dashboards"


def text_of(board: Dashboard) -> str:
    """The file of a dashboard; its panels numbered in their order."""
    made = board.build()
    for number, panel in enumerate(made.panels or (), 1):
        panel.id_val = number  # type: ignore[union-attr]  # none of ours is a row
    return json.dumps(made, cls=JSONEncoder, sort_keys=True, indent=1) + "\n"


def texts() -> dict[str, str]:
    """The files: name to text."""
    return {
        "fleet.json": text_of(fleet()),
        "gateway.json": text_of(gateway()),
        "supervisor.json": text_of(supervisor()),
    }


if __name__ == "__main__":
    for name, text in texts().items():
        (TARGET / name).write_text(text, encoding="utf-8")
