"""/api/v1/openapi.json: it names every address and nothing else, and schemathesis finds nothing that is not so."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from supervisor.observe.journal.journal import Journal
from supervisor.observe.metrics.exposition import Exposition
from supervisor.observe.web.access.guard import Guard
from supervisor.observe.web.app import Site
from supervisor.observe.web.protocol import LIMITS
from tests.observe import rich
from tests.observe.journal_help import told
from tests.observe.played import BEGIN
from tests.observe.stage import Stage, served

ROOT = Path(__file__).parents[3]
SCHEMATHESIS = "schemathesis==4.32.5"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder, "journal.db"))
        journal.open()
        stage = Stage(rich.snapshots(), journal=journal.place)
        stage.events.append("live", BEGIN, told("something", "status", code=1))
        with served(stage) as server:
            yield f"http://127.0.0.1:{server.port}"
        journal.close(5.0)


def document(address: str) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = httpx.get(f"{address}/api/v1/openapi.json").json()
    return found


def routes() -> dict[str, set[str]]:
    async def made() -> Guard:
        guard = Site(Stage(), Exposition(lambda: (), lambda: Stage().own), LIMITS).app()
        assert isinstance(guard, Guard)
        return guard

    app = asyncio.run(made())._app
    assert isinstance(app, Starlette)
    return {route.path: set(route.methods or ()) for route in app.routes}  # type: ignore[attr-defined]


def test_it_names_every_address_with_its_methods_and_no_other(address: str) -> None:
    said = {path: {method.upper() for method in methods} for path, methods in document(address)["paths"].items()}
    assert said == routes()


def environment() -> Path:
    """The judge, in a virtual environment of its own, made on first use."""
    folder = ROOT / ".venvs" / "schemathesis"
    judge = folder / "bin" / "schemathesis"
    if not judge.exists():
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS],
        ):
            made = subprocess.run(command, capture_output=True, text=True, timeout=110)
            if made.returncode:
                pytest.skip(f"schemathesis could not be installed: {made.stderr[-200:]}")
    return judge


@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing(address: str, tmp_path: Path) -> None:
    command = [
        str(environment()),
        "run",
        f"{address}/api/v1/openapi.json",
        "--checks=all",
        "--exclude-checks=positive_data_acceptance",  # a sentence refuses what no pattern can: an unknown gateway
        "--exclude-path=/api/v1/events/stream",  # it does not end
        "--exclude-path=/api/v1/gates/{name}",  # it takes a closed gate, 503, for a defect
        "--phases=examples,coverage,fuzzing",
        "--max-examples=20",
        "--seed=7",
        "--request-timeout=10",
        "--continue-on-failure",
        "--no-color",
    ]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280)
    assert said.returncode == 0, said.stdout[-6000:]


def test_a_stream_is_as_it_says(address: str) -> None:
    with httpx.stream("GET", f"{address}/api/v1/events/stream?since=0") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        data = next(line for line in answer.iter_lines() if line.startswith("data: "))
    event = document(address)["components"]["schemas"]["Event"]
    assert set(json.loads(data.removeprefix("data: "))) == set(event["required"])  # type: ignore[index]
