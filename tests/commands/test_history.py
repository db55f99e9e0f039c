"""`history` against the real daemon, and against the journal that it left."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, free_port, gateways, quick, running


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One gateway that was lost once, and one that was never there."""
    with Fleet() as fleet, SimulatedGateway(fleet=fleet) as live:
        config = gateways(quick(live.port, "live"), quick(free_port(), "paper"))
        with running(tmp_path_factory.mktemp("history"), config) as found:
            found.wait_up(gateway="live")
            live.do("rst")
            found.until(lambda: json.loads(found.get("/api/v1/history"))["outages"])
            found.wait_up(gateway="live")
            found.until(lambda: closed_in_the_journal(found))
            yield found


def closed_in_the_journal(daemon: Running) -> int:
    with closing(sqlite3.connect(f"file:{daemon.file.parent / 'journal.db'}?mode=ro", uri=True)) as journal:
        return int(journal.execute("SELECT count(*) FROM outages").fetchone()[0])


def said(*words: str, columns: int | None = 160) -> Result:
    environment = {"IB_SUPERVISOR_URL": "", "COLUMNS": str(columns) if columns else "", "TZ": "UTC"}
    return CliRunner().invoke(app, ["history", *words], env=environment)


def test_the_outages_and_what_they_cost_are_two_tables(daemon: Running) -> None:
    result = said("--url", daemon.url)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("2 unplanned and 0 planned outages (1 going on), ")
    assert "closed the session without a word" in result.stdout
    assert "goes on" in result.stdout
    totals = result.stdout[result.stdout.index("AVAILABLE") :]
    assert "live" in totals
    assert "paper" in totals
    assert "\x1b[" not in result.stdout


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_explanation_is_lost(columns: int, daemon: Running) -> None:
    output = said("--url", daemon.url, columns=columns).stdout
    assert max(map(len, output.splitlines())) <= columns
    words = " ".join(output.split())
    assert "unplanned" in words
    assert "closed the session without a word" in words


def test_json_is_what_the_api_answers_and_csv_has_a_line_for_each_outage(daemon: Running) -> None:
    answer = json.loads(said("--json", "--url", daemon.url).stdout)
    assert [gateway["name"] for gateway in answer["gateways"]] == ["live", "paper"]
    rows = list(csv.DictReader(said("--csv", "--url", daemon.url).stdout.splitlines()))
    assert {row["gateway"] for row in rows} == {"live", "paper"}
    assert {row["planned"] for row in rows} == {"false"}
    assert next(row for row in rows if row["gateway"] == "paper")["ended"] == ""


def test_one_gateway_alone_and_an_unknown_one(daemon: Running) -> None:
    answer = json.loads(said("--json", "--gateway", "paper", "--url", daemon.url).stdout)
    assert {outage["gateway"] for outage in answer["outages"]} == {"paper"}
    result = said("--gateway", "nobody", "--url", daemon.url)
    assert (result.exit_code, result.output) == (2, "there is no gateway 'nobody'\n")


def test_the_journal_is_read_offline_or_when_no_daemon_answers_and_that_is_said(daemon: Running) -> None:
    for words in (["--offline"], ["--url", "127.0.0.1:1"]):
        result = said(*words, "--config", str(daemon.file))
        assert result.exit_code == 0, result.output
        assert "journal.db, not from a daemon" in result.output
        assert "closed the session" in result.output


def test_an_unknown_gateway_is_wrong_usage_without_a_daemon_too(daemon: Running) -> None:
    result = said("--offline", "--config", str(daemon.file), "--gateway", "nobody")
    assert (result.exit_code, result.output) == (2, "there is no gateway 'nobody'\n")
    assert said("--offline", "--config", str(daemon.file), "--gateway", "paper").exit_code == 0


def test_without_daemon_and_config_nothing_is_known(tmp_path: Path) -> None:
    assert said("--url", "127.0.0.1:1").exit_code == 1
    assert said("--offline").exit_code == 2
    assert said("--offline", "--config", str(tmp_path / "none.yaml")).exit_code == 78
    (tmp_path / "new.yaml").write_text(gateways(quick(4001)))
    result = said("--offline", "--config", str(tmp_path / "new.yaml"))
    assert (result.exit_code, "there is no journal" in result.output) == (1, True)


@pytest.mark.parametrize("words", [["--since", "soon"], ["--json", "--csv"], ["--since", "1h", "--until", "2h"]])
def test_what_makes_no_sense_is_wrong_usage(words: list[str]) -> None:
    assert said(*words).exit_code == 2


def test_the_api_refuses_a_period_that_makes_no_sense(daemon: Running) -> None:
    with pytest.raises(OSError, match="400"):
        daemon.get("/api/v1/history?since=soon")
