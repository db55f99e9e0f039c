"""`ib-supervisor codes`: what a message code means, what the daemon does with it, and what you can do.

- Everything said here comes from the catalogue in `core`; this file only lays it out.
- A table for people, which in a pipe has one code a line; JSON for programs.
- docs/codes.md is the output of `python -m supervisor.commands.codes`; a test fails when it is stale.
"""

import json as jsonlib
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from supervisor.commands.shared.printer import say_text
from supervisor.commands.shared.table import Laid, Row, lay_out
from supervisor.commands.shared.terminal import show, width
from supervisor.core.codes.notices import FarmNotice
from supervisor.core.codes.table import CATALOGUE, Catalogue, Code, Section, Severity

_STYLES: Final = {
    Severity.CRITICAL: "bold red",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "dim",
}

_UNKNOWN: Final = (
    "A code that is not in this catalogue has no effect. It is counted in ib_messages_total as `other` and logged with "
    "its text once an hour: as information if it is between 2100 and 2199, which are notices, otherwise as a warning."
)

_INTRODUCTION: Final = f"""\
# Message codes

Whatever TWS or IB Gateway has to say arrives as a number and a text. Most of it is no error: it tells of the gateway's
connections. The daemon goes by the number. Texts are reworded from version to version and translated into the gateway's
language; they only give names: a farm, a port, a version, a reason.

Every code is counted in ib_messages_total; the counters of {{counted}} exist from the
first scrape. Where the column "the daemon" says no more than that, a code whose severity is warning or worse is also
logged, at most once an hour.

{_UNKNOWN}

`ib-supervisor codes` prints this list, `ib-supervisor codes 2105` explains one code, `--json` is for programs.

IBKR's own list: <https://www.interactivebrokers.com/docs/tws-api/ref/system-message-codes>, the section "Error
Handling" of the TWS API documentation on IBKR Campus, and the older
<https://interactivebrokers.github.io/tws-api/message_codes.html>. It is neither complete nor in the words that are
really sent, so each entry here says where it is from.

IBC's exit codes 1100 to 1112 have nothing to do with the message codes 1100 to 1102.
"""

_MANY: Final = 5
"""From this number of entries with the same words on, the page says those words once."""


def codes_command(
    code: Annotated[
        int | None, typer.Argument(metavar="CODE", help="The code to explain; -1 is written as `-- -1`.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """List the message codes of TWS and IB Gateway, or explain one: what it means, and what the daemon does with it.

    Exits with 1 for a code that is not in the catalogue, and says what happens with those.
    """
    if json:
        say_text(as_json(CATALOGUE, code))
    elif code is None:
        show(table(CATALOGUE.known.values(), width()))
    else:
        show(explanation(CATALOGUE, code, width()))
    if code is not None and code not in CATALOGUE.known:
        raise typer.Exit(1)


def as_json(catalogue: Catalogue, number: int | None = None) -> str:
    """The whole catalogue as a JSON list, or one entry as an object."""
    shown: Any = (
        [_record(catalogue, known) for known in catalogue.known] if number is None else _record(catalogue, number)
    )
    return jsonlib.dumps(shown, indent=2, ensure_ascii=False)


def table(codes: Iterable[Code], width: int | None) -> Laid:
    """Number, severity, scope and title of each."""
    rows = [
        Row([str(code.number), Text(code.severity, _STYLES[code.severity]), code.scope], code.title) for code in codes
    ]
    return lay_out(("CODE", "SEVERITY", "SCOPE"), rows, width, words="TITLE", right=("CODE",))


def explanation(catalogue: Catalogue, number: int, width: int | None) -> Laid:
    """Everything about one code, one fact a row."""
    style = _STYLES[catalogue.lookup(number).severity]
    rows = [
        Row([Text(name, "bold")], Text(value, style if name == "severity" else ""))
        for name, value in _facts(catalogue, number)
    ]
    return lay_out([""], rows, width)


def markdown(catalogue: Catalogue) -> str:
    """The catalogue as a page of the documentation."""
    counted = ", ".join(map(str, catalogue.counted_from_start))
    return "\n".join([_INTRODUCTION.format(counted=counted), *map(_section, catalogue.sections)])


def _record(catalogue: Catalogue, number: int) -> dict[str, Any]:
    """One entry for programs."""
    code = catalogue.lookup(number)
    kind, state = _farm(code) or (None, None)
    return {
        "number": code.number,
        "known": number in catalogue.known,
        "label": catalogue.label(number),
        "title": code.title,
        "kind": code.kind,
        "severity": code.severity,
        "scope": code.scope,
        "farm_kind": kind,
        "farm_state": state,
        "meaning": code.meaning,
        "action": code.action,
        "cure": code.cure,
        "source": code.source,
        "counted_from_start": code.counted,
    }


def _facts(catalogue: Catalogue, number: int) -> list[tuple[str, str]]:
    """One entry for people, in the order in which they want to know it."""
    code = catalogue.lookup(number)
    facts = (
        ("code", str(code.number)),
        ("title", code.title),
        ("severity", code.severity),
        ("kind", code.kind),
        ("scope", code.scope),
        ("farm", " ".join(_farm(code) or ())),
        ("meaning", code.meaning),
        ("daemon", code.action),
        ("you", code.cure),
        ("source", code.source),
        ("unknown", "" if number in catalogue.known else _UNKNOWN),
    )
    return [(name, value) for name, value in facts if value]


def _farm(code: Code) -> tuple[str, str] | None:
    """Kind and state of the farm, if the code tells of one."""
    match code.reads(""):
        case FarmNotice(kind=kind, state=state):
            return kind, state
        case _:
            return None


def _section(section: Section) -> str:
    """One part of the catalogue. If many entries say the same, a table of their own follows."""
    uses = Counter(map(_wording, section.codes))
    lines = [f"## {section.title}", "", section.about, ""]
    lines.append("| code | title | severity | scope | meaning | the daemon | you | source |")
    lines.append("| ---: | --- | --- | --- | --- | --- | --- | --- |")
    for code in section.codes:
        if uses[_wording(code)] < _MANY:
            cells = (code.title, code.severity, code.scope, code.meaning, code.action, code.cure, code.source)
            lines.append(f"| {code.number} | {' | '.join(map(_cell, cells))} |")
    for wording, count in uses.items():
        if count >= _MANY:
            *words, source = wording
            lines += [
                "",
                f"{' '.join(filter(None, words))} Source: {source}.",
                "",
                "| code | title |",
                "| ---: | --- |",
            ]
            lines += [f"| {code.number} | {_cell(code.title)} |" for code in section.codes if _wording(code) == wording]
    return "\n".join([*lines, ""])


def _wording(code: Code) -> tuple[str, str, str, str]:
    return code.meaning, code.action, code.cure, code.source


def _cell(text: str) -> str:
    """A text that cannot end its cell."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(markdown(CATALOGUE))
