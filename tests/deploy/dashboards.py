"""The committed dashboards as data: panels, and queries as Grafana would send them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.deploy.tools import DEPLOY

GRAFANA = DEPLOY / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$job": ".+", "$instance": ".+", "$gateway": ".+"}


@dataclass(frozen=True)
class Query:
    """One query of a dashboard: the name of where it is, and its PromQL as written."""

    where: str
    expr: str

    @property
    def sent(self) -> str:
        """With the variables as they are when everything is chosen."""
        text = self.expr
        for name, value in VARIABLES.items():
            text = text.replace(name, value)
        return text


def load(name: str) -> Any:
    """A dashboard by its file's name."""
    return json.loads((GRAFANA / "dashboards" / name).read_text(encoding="utf-8"))


def queries() -> list[Query]:
    """Every query of panels and annotations; variables' queries as the series whose labels they list."""
    return list(_queries())


def _queries() -> Iterator[Query]:
    for file in FILES:
        board = load(file.name)
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield Query(f"{file.stem}: {panel['title']} {target['refId']}", target["expr"])
        for annotation in board["annotations"].get("list", ()):
            yield Query(f"{file.stem}: annotation {annotation['name']}", annotation["expr"])
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                inside = variable["query"]["query"].removeprefix("label_values(").rpartition(",")[0]
                yield Query(f"{file.stem}: variable {variable['name']}", inside)
