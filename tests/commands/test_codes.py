"""`ib-supervisor codes`."""

import io
import json
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from supervisor.commands import codes
from supervisor.commands.shared.table import Laid
from supervisor.commands.shared.terminal import show
from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.notices import FarmNotice
from supervisor.core.codes.parsers import farm
from supervisor.core.codes.table import CATALOGUE, KNOWN, Catalogue, Code, CodeKind, Scope, Section, Severity, lookup

PAGE = Path(__file__).parents[2] / "docs" / "codes.md"

app = typer.Typer()
app.command("codes")(codes.codes_command)


@pytest.fixture(autouse=True)
def no_forced_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine that runs the tests wants of colours is not what they are about."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> tuple[int, str]:
    """Exit status and output of the command in a pipe."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def on_terminal(shown: Laid) -> str:
    """What a terminal of 100 columns shows."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with console.capture() as captured:
        show(shown, to=console)
    return captured.get()


def test_all_codes_are_listed_one_a_line() -> None:
    status, output = run()
    lines = output.splitlines()
    assert status == 0
    assert lines[0].split() == ["CODE", "SEVERITY", "SCOPE", "TITLE"]
    assert [int(line.split()[0]) for line in lines[1:]] == list(KNOWN)
    assert " 2105  warning   farm            HMDS data farm connection is broken" in lines


def test_one_code_is_explained() -> None:
    status, output = run("2105")
    assert status == 0
    assert "title     HMDS data farm connection is broken" in output
    assert "farm      historical broken" in output
    assert lookup(2105).meaning in output
    assert lookup(2105).action in output
    assert f"you       {lookup(2105).cure}" in output
    assert "unknown   " not in output


def test_what_a_code_does_not_have_is_left_out() -> None:
    _, output = run("2102")
    assert "farm    " not in output
    assert "you       " not in output


def test_the_disclaimer_that_waits_on_the_screen_is_explained() -> None:
    status, output = run("10141")
    assert status == 0
    assert "you       Accept the disclaimer on the gateway's screen" in output


def test_a_code_below_zero_is_explained() -> None:
    status, output = run("--", "-1")
    assert status == 0
    assert "code      -1" in output


@pytest.mark.parametrize(("number", "severity"), [("2199", "info"), ("4711", "warning")])
def test_an_unknown_code_is_not_found_but_what_happens_with_it_is_told(number: str, severity: str) -> None:
    status, output = run(number)
    assert status == 1
    assert f"severity  {severity}" in output
    assert "counted in ib_messages_total as `other`" in output


def test_what_is_no_number_is_wrong_usage() -> None:
    assert run("usfarm")[0] == 2


def test_the_list_as_json() -> None:
    status, output = run("--json")
    records = json.loads(output)
    assert status == 0
    assert [record["number"] for record in records] == list(KNOWN)
    assert all(record["known"] and record["label"] == str(record["number"]) for record in records)


def test_one_code_as_json() -> None:
    status, output = run("2105", "--json")
    entry = lookup(2105)
    assert status == 0
    assert json.loads(output) == {
        "number": 2105,
        "known": True,
        "label": "2105",
        "title": entry.title,
        "kind": "notice",
        "severity": "warning",
        "scope": "farm",
        "farm_kind": "historical",
        "farm_state": "broken",
        "meaning": entry.meaning,
        "action": entry.action,
        "cure": entry.cure,
        "source": entry.source,
        "counted_from_start": True,
    }


def test_an_unknown_code_as_json() -> None:
    status, output = run("4711", "--json")
    record = json.loads(output)
    assert status == 1
    assert (record["known"], record["label"], record["farm_kind"]) == (False, "other", None)


def test_a_terminal_gets_a_table() -> None:
    shown = on_terminal(codes.table(KNOWN.values(), 100))
    assert "SEVERITY" in shown.splitlines()[0]
    assert "Connectivity restored, data maintained" in shown
    assert "\x1b[" in shown


def test_a_terminal_gets_an_explanation_wrapped_to_its_width() -> None:
    shown = on_terminal(codes.explanation(CATALOGUE, 1100, 100))
    assert "critical" in shown
    assert len(shown.splitlines()) > len(codes.explanation(CATALOGUE, 1100, None).rows)


@pytest.mark.parametrize(("argument", "words"), [([], "SEVERITY"), (["1100"], "upstream")])
def test_the_command_knows_a_terminal_when_it_writes_to_one(
    argument: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    status, output = run(*argument)
    assert status == 0
    assert words in output
    assert "\x1b[" in output


def test_the_page_of_the_documentation_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == codes.markdown(CATALOGUE), (
        "run: python -m supervisor.commands.codes > docs/codes.md"
    )


def test_the_page_has_every_code_once() -> None:
    rows = [line.split("|")[1].strip() for line in codes.markdown(CATALOGUE).splitlines() if line.startswith("| ")]
    numbers = [int(cell) for cell in rows if cell.lstrip("-").isdigit()]
    assert sorted(numbers) == list(KNOWN)


class TestAnAddedCode:
    """A code is added by its entry alone: it is labelled, read, counted, listed, explained and documented."""

    entry = Code(
        2198,
        "Option data farm connection is broken",
        CodeKind.NOTICE,
        Severity.WARNING,
        Scope.FARM,
        meaning="Made up for this test.",
        action="Marks the farm broken.",
        cure="Remove it.",
        source="nowhere",
        reads=farm(FarmKind.MARKET_DATA, FarmState.BROKEN),
        counted=True,
    )
    catalogue = Catalogue((*CATALOGUE.sections, Section("More", "One more.", (entry,))))

    def test_it_is_unknown_before(self) -> None:
        assert CATALOGUE.label(2198) == "other"

    def test_it_is_labelled_and_counted_from_the_start(self) -> None:
        assert self.catalogue.label(2198) == "2198"
        assert 2198 in self.catalogue.counted_from_start

    def test_it_is_read(self) -> None:
        notice = self.catalogue.read(2198, "Option data farm connection is broken:usopt")
        assert notice == FarmNotice(FarmKind.MARKET_DATA, FarmState.BROKEN, "usopt")

    def test_it_is_listed(self) -> None:
        assert (
            f" 2198  warning   farm            {self.entry.title}"
            in codes.table(self.catalogue.known.values(), None).text().plain
        )
        assert 2198 in [record["number"] for record in json.loads(codes.as_json(self.catalogue))]

    def test_it_is_explained(self) -> None:
        shown = codes.explanation(self.catalogue, 2198, None).text().plain
        assert "farm      market_data broken" in shown
        assert "you       Remove it." in shown
        assert "unknown   " not in shown

    def test_it_is_documented(self) -> None:
        page = codes.markdown(self.catalogue)
        assert "## More" in page
        assert "| 2198 | Option data farm connection is broken | warning | farm | Made up for this test. |" in page
        assert ", 2198 exist" in page
