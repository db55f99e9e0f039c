"""A page for each alert, of one form, whose links and commands exist."""

import re
from pathlib import Path

import pytest

from supervisor.commands.main import COMMANDS
from tests.deploy.rules import alerts
from tests.deploy.tools import METRICS, RUNBOOKS

PAGES = sorted(RUNBOOKS.glob("*.md"))
HEADINGS = ["What you lose", "See more", "Do", "Do not", "When it ends"]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def test_there_is_one_page_for_each_alert_and_no_other() -> None:
    assert {page.stem for page in PAGES} == {alert.name for alert in alerts()}


@every_page
def test_a_page_says_what_it_means_what_to_do_and_what_not(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    title, _, rest = text.partition("\n")
    assert title == f"# {page.stem}"
    meaning, *parts = re.split(r"^## ", rest, flags=re.MULTILINE)
    assert len(meaning.split()) > 10
    assert [part.partition("\n")[0] for part in parts] == HEADINGS
    assert all(part.partition("\n")[2].strip() for part in parts)


@every_page
def test_a_page_names_only_alerts_metrics_and_commands_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"\bIB[A-Z]\w+", text)) - {"IBKR"} <= {alert.name for alert in alerts()}
    assert set(re.findall(r"`ib-supervisor ([a-z-]+)", text)) <= set(COMMANDS)
    for metric in re.findall(r"\bib_\w+", text):
        assert f'"{metric}"' in METRICS
