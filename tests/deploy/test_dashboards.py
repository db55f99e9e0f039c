"""The dashboards: as generated, and by the rules that good dashboards follow. The lab runs their queries."""

import re
import runpy
import sys
from typing import Any

import promql_parser
import pytest
import yaml

from tests.deploy.dashboards import FILES, GRAFANA, Query, load, queries
from tests.deploy.tools import METRICS

every_query = pytest.mark.parametrize("query", queries(), ids=lambda query: query.where)
every_board = pytest.mark.parametrize("name", [file.name for file in FILES])
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


# Version 1 of the schema on purpose: every Grafana from 9 on reads it from files.
@pytest.mark.filterwarnings("ignore:Prefer using dashboardv2:DeprecationWarning")
def test_the_committed_dashboards_are_the_generated_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("grafana_foundation_sdk")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(GRAFANA)
    texts = runpy.run_path(str(GRAFANA / "generate.py"))["texts"]()
    assert texts.keys() == {file.name for file in FILES} == {"fleet.json", "gateway.json", "supervisor.json"}
    for name, text in texts.items():
        assert (GRAFANA / "dashboards" / name).read_text(encoding="utf-8") == text, "run deploy/grafana/generate.py"


@every_board
def test_a_dashboard_lets_choose_datasource_job_and_instance(name: str) -> None:
    board = load(name)
    assert "id" not in board
    assert board["uid"].startswith("ib-")
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert list(variables)[:3] == ["datasource", "job", "instance"]
    assert variables["datasource"]["query"] == "prometheus"
    for variable in list(variables.values())[1:]:
        assert variable["datasource"] == DATASOURCE
        assert variable["multi"]
        assert variable["allValue"] == ".*", "an alert that nobody is there has no instance"


def panels() -> list[Any]:
    return [
        pytest.param(panel, id=f"{file.stem}: {panel['title']}")
        for file in FILES
        for panel in load(file.name)["panels"]
    ]


@pytest.mark.parametrize("panel", panels())
def test_a_panel_has_a_title_a_text_a_unit_and_the_chosen_datasource(panel: Any) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == DATASOURCE
    assert all(target["datasource"] == DATASOURCE for target in panel["targets"])
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@every_board
def test_panels_have_numbers_of_their_own_and_do_not_overlap(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    board = load(name)
    assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken
        taken |= cells


@every_query
def test_a_query_is_promql_and_limited_to_what_was_chosen(query: Query) -> None:
    promql_parser.parse(query.sent)
    selectors = re.findall(r"\{([^{}]*)\}", query.expr)
    if "variable" not in query.where:
        assert selectors
        for selector in selectors:
            assert 'job=~"$job"' in selector
            assert 'instance=~"$instance"' in selector
    for span in re.findall(r"\[([^]]*)\]", query.expr):
        assert span in {"$__rate_interval", "$__range", "1h", "1d"}


@every_query
def test_what_is_summed_keeps_apart_what_two_hosts_call_the_same(query: Query) -> None:
    for labels in re.findall(r"(?:sum|max|min|count|avg) by \(([^)]*)\)", query.expr):
        kept = re.split(r",\s*", labels)
        assert kept[:2] == ["job", "instance"]
        assert kept[2:3] == ["gateway"] or "supervisor:" in query.where or "fleet: " in query.where


@pytest.mark.parametrize("panel", panels())
def test_a_timeline_shows_the_worst_of_each_step_and_a_table_no_number_that_says_nothing(panel: Any) -> None:
    for target in panel["targets"]:
        if panel["type"] == "state-timeline":
            assert re.search(r"(min|max)_over_time\(\w+\{[^}]*\}\[\$__rate_interval\]\)", target["expr"])
    for transformation in panel.get("transformations", ()):
        assert transformation["options"].get("renameByName", {}).get("Value") != "value"


def test_the_fleet_leads_to_the_gateway_and_to_its_supervisors_page() -> None:
    (panel,) = (each for each in load("fleet.json")["panels"] if each["title"] == "Gateways")
    urls = [link["url"] for link in panel["fieldConfig"]["defaults"]["links"]]
    assert urls[0].startswith("/d/ib-gateway?")
    assert urls[1] == "http://${__field.labels.instance}/"


def test_the_fleet_tells_of_what_is_not_there() -> None:
    titles = {panel["title"] for panel in load("fleet.json")["panels"]}
    assert {"Supervisors lost", "Gateways not watched"} <= titles


@every_query
def test_a_query_asks_only_for_metrics_that_exist(query: Query) -> None:
    for metric in re.findall(r"(?<![\w:])ib_\w+(?=\{)", query.expr):
        assert re.sub(r"_(bucket|count|sum)$", "", metric) in METRICS
    for recorded in re.findall(r"gateway:ib_\w+:\w+", query.expr):
        assert f"record: {recorded}\n" in (GRAFANA.parent / "prometheus" / "records.yaml").read_text(encoding="utf-8")


@every_board
def test_dashboards_link_to_each_other(name: str) -> None:
    (link,) = load(name)["links"]
    assert link["tags"] == ["ib-supervisor"] == load(name)["tags"]


def test_provisioning_brings_the_datasource_and_the_folder_of_dashboards() -> None:
    folder = GRAFANA / "provisioning"
    source = yaml.safe_load((folder / "datasources" / "ib-supervisor.yaml").read_text(encoding="utf-8"))
    assert source["datasources"][0]["type"] == "prometheus"
    assert source["datasources"][0]["jsonData"]["timeInterval"] == "15s"
    boards = yaml.safe_load((folder / "dashboards" / "ib-supervisor.yaml").read_text(encoding="utf-8"))
    assert boards["providers"][0]["type"] == "file"
