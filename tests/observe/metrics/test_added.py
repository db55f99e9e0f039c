"""A metric is added by its entry alone: it is served in both formats, documented, and promised from then on."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from supervisor.observe.metrics.entries import gauge
from supervisor.observe.metrics.exposition import Exposition
from supervisor.observe.metrics.gateway import GATEWAY
from tests.docs.generate import metrics
from tests.observe.contract import CONTRACT, OPENMETRICS, played, promised
from tests.observe.stage import INTERNALS

ENTRY = gauge("ib_made_seconds", "Made up for this test.", lambda snapshot: snapshot.epoch, query="ib_made_seconds > 7")
TABLE = (*GATEWAY, ENTRY)


@pytest.mark.parametrize("accept", [None, OPENMETRICS])
def test_it_is_on_the_page_for_every_gateway(accept: str | None) -> None:
    page, _ = Exposition(played, lambda: INTERNALS, families=TABLE).page(accept)
    for snapshot in played():
        assert f'ib_made_seconds{{gateway="{snapshot.policy.name}"}} {float(snapshot.epoch)}\n' in page.decode()
    assert b"# HELP ib_made_seconds Made up for this test.\n" in page


def test_nothing_else_on_the_page_changes() -> None:
    page, before = (
        {family.name: family for family in parse_text(exposition.page(None)[0].decode())}
        for exposition in (Exposition(played, lambda: INTERNALS, families=TABLE), Exposition(played, lambda: INTERNALS))
    )
    assert page.keys() - before.keys() == {"ib_made_seconds"}
    assert {name: page[name] for name in before} == before


def test_it_is_documented_and_thereby_promised() -> None:
    page = metrics.page(TABLE)
    assert "| `ib_made_seconds` | gauge | `gateway` | s | Made up for this test. | `ib_made_seconds > 7` |" in page
    assert promised(page) == {**CONTRACT, "ib_made_seconds": ("gauge", ("gateway",))}
