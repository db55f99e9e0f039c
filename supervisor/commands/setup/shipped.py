"""The files that come with the package: rules, dashboards, runbooks, units, examples.

In a wheel they are `supervisor/files`, put there by the build (`force-include` in pyproject.toml). In a checkout they
are where the repository has them. A test builds a wheel and compares both.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from supervisor.frozen import dataclass

PACKAGE: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Topic:
    """What one word stands for."""

    folder: str
    """Where the repository has it."""
    names: tuple[str, ...]
    """Files and folders in that folder; none for all of it."""
    meaning: str

    def sources(self, topic: str) -> Iterator[tuple[str, str]]:
        """Each path of the repository, and the path in the package that it is put at."""
        if not self.names:
            yield self.folder, f"supervisor/files/{topic}"
        for name in self.names:
            yield f"{self.folder}/{name}", f"supervisor/files/{topic}/{name}"


TOPICS: Final[Mapping[str, Topic]] = MappingProxyType(
    {
        "alertmanager": Topic("deploy/alertmanager", (), "routes and inhibitions for Alertmanager"),
        "config": Topic("config", (), "the commented reference of every key, and examples"),
        "grafana": Topic("deploy/grafana", ("dashboards", "provisioning"), "dashboards, and how Grafana finds them"),
        "helm": Topic("deploy/helm", ("ib-supervisor",), "the Helm chart"),
        "kubernetes": Topic("deploy/kubernetes", (), "objects for kubectl apply -k"),
        "prometheus": Topic(
            "deploy/prometheus",
            ("alerts.yaml", "records.yaml", "prometheus.yml", "scrape"),
            "alerts, recording rules, scrape configs",
        ),
        "runbooks": Topic("deploy/runbooks", (), "what to do about each alert"),
        "systemd": Topic(
            "systemd",
            ("ib-supervisor.service", "ib-supervisor@.service", "50-systemd-254.conf", "supervisor.yaml", "examples"),
            "units, and examples for gateways and programs",
        ),
    }
)


def files_of(topic: str, package: Path = PACKAGE) -> dict[str, Path]:
    """The files of a topic by the path that they get below the chosen folder."""
    shipped = package / "files" / topic
    if shipped.is_dir():
        return _below(shipped, shipped)
    about = TOPICS[topic]
    folder = package.parent / about.folder
    found: dict[str, Path] = {}
    for source, _ in about.sources(topic):
        path = package.parent / source
        found |= {path.name: path} if path.is_file() else _below(path, folder)
    return found


def _below(path: Path, folder: Path) -> dict[str, Path]:
    found = (file for file in sorted(path.rglob("*")) if file.is_file() and file.suffix != ".pyc")
    return {file.relative_to(folder).as_posix(): file for file in found}
