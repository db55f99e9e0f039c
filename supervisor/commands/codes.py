"""`ib-supervisor codes`: what a message code means, and what the daemon does with it.

- Everything told here comes from the catalogue in `core`; this file only lays it out.
- A table with colours for a terminal; plain columns, one code a line, for a pipe; JSON for programs.
- docs/codes.md is the output of `python -m supervisor.commands.codes`; a test fails when it is stale.
"""

import json as jsonlib
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from supervisor.commands.printer import say_text
from supervisor.commands.terminal import console as escaping
from supervisor.core.codes.library import LIBRARY
from supervisor.core.codes.requests import REQUESTS
from supervisor.core.codes.system import SYSTEM
from supervisor.core.codes.table import FARM_CODES, KNOWN, Code, Severity, label, lookup

_STYLES: Final = {
    Severity.CRITICAL: "bold red",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "dim",
}

_UNKNOWN: Final = (
    "A code that is not in this catalogue has no effect. It is counted in ib_messages_total as `other` and logged "
    "once per hour with its text: as information if it is between 2100 and 2199, which are notices, else as a "
    "warning."
)

_INTRODUCTION: Final = f"""\
# Message codes

Whatever TWS or IB Gateway has to say arrives as a number and a text. Most of it is no error: it tells of the gateway's
connections. The daemon goes by the number alone. Texts are reworded from version to version and translated into the
gateway's language; they only give names: a farm, a port, a version, a reason.

{_UNKNOWN}

`ib-supervisor codes` prints this list, `ib-supervisor codes 2105` explains one code, `--json` is for programs.

IBKR's own list: <https://www.interactivebrokers.com/docs/tws-api/ref/system-message-codes>, the section "Error
Handling" of the TWS API documentation on IBKR Campus, and the older
<https://interactivebrokers.github.io/tws-api/message_codes.html>. It is neither complete nor in the words that are
really sent, so each entry here tells where it is from.

IBC's exit codes 1100 to 1112 have nothing to do with the message codes 1100 to 1102.
"""

_SECTIONS: Final[tuple[tuple[str, str, Sequence[Code]], ...]] = (
    (
        "The gateway, its upstream and its farms",
        "Told unasked, to every client; and the other codes of the 2100 range.",
        SYSTEM,
    ),
    ("Requests and orders", "Told to the client that asked, about its own request or order.", REQUESTS),
    ("The client library", "Made inside the client's own process. The gateway knows nothing of them.", LIBRARY),
)

_MANY: Final = 5
"""Entries with the same words, from which on the documentation tells those words once."""


def codes_command(
    code: Annotated[int | None, typer.Argument(help="The code to explain; -1 is written as `-- -1`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """List the message codes of TWS and IB Gateway, or explain one: what it means, and what the daemon does with it.

    Exits with 1 for a code that is not in the catalogue, and says what happens with those.
    """
    console = escaping()
    if json:
        say_text(as_json(code))
    elif code is None:
        if console.is_terminal:
            console.print(table(KNOWN.values()))
        else:
            say_text(columns(KNOWN.values()))
    elif console.is_terminal:
        console.print(panel(lookup(code)))
    else:
        say_text(explanation(lookup(code)))
    if code is not None and code not in KNOWN:
        raise typer.Exit(1)


def as_json(number: int | None = None) -> str:
    """The whole catalogue as a JSON list, or one entry as an object."""
    shown: Any = [_record(code) for code in KNOWN.values()] if number is None else _record(lookup(number))
    return jsonlib.dumps(shown, indent=2)


def columns(codes: Iterable[Code]) -> str:
    """Number, severity, scope and title, one code a line, for a pipe."""
    return "\n".join(f"{code.number:>5}  {code.severity:<8}  {code.scope:<14}  {code.title}" for code in codes)


def table(codes: Iterable[Code]) -> Table:
    """The same for a terminal."""
    listed = Table(box=None, pad_edge=False)
    listed.add_column("code", justify="right")
    for heading in ("severity", "scope", "title"):
        listed.add_column(heading)
    for code in codes:
        severity = Text(code.severity, style=_STYLES[code.severity])
        listed.add_row(str(code.number), severity, code.scope, Text(code.title))
    return listed


def explanation(code: Code) -> str:
    """Everything about one code, one fact a line, for a pipe."""
    return "\n".join(f"{name}: {value}" for name, value in _facts(code))


def panel(code: Code) -> Table:
    """The same for a terminal, wrapped to its width."""
    shown = Table(box=None, show_header=False, pad_edge=False)
    shown.add_column(style="bold", no_wrap=True)
    shown.add_column()
    for name, value in _facts(code):
        shown.add_row(name, Text(value, style=_STYLES[code.severity] if name == "severity" else ""))
    return shown


def markdown() -> str:
    """The catalogue as a page of the documentation."""
    return "\n".join([_INTRODUCTION, *(_section(*section) for section in _SECTIONS)])


def _record(code: Code) -> dict[str, Any]:
    """One entry for programs."""
    kind, state = FARM_CODES.get(code.number, (None, None))
    return {
        "number": code.number,
        "known": code.number in KNOWN,
        "label": label(code.number),
        "title": code.title,
        "kind": code.kind,
        "severity": code.severity,
        "scope": code.scope,
        "farm_kind": kind,
        "farm_state": state,
        "meaning": code.meaning,
        "action": code.action,
        "source": code.source,
    }


def _facts(code: Code) -> list[tuple[str, str]]:
    """One entry for people, in the order in which they want to know it."""
    facts = [
        ("code", str(code.number)),
        ("title", code.title),
        ("severity", code.severity),
        ("kind", code.kind),
        ("scope", code.scope),
        ("meaning", code.meaning),
        ("daemon", code.action),
        ("source", code.source),
    ]
    if code.number in FARM_CODES:
        facts.insert(5, ("farm", " ".join(FARM_CODES[code.number])))
    return facts if code.number in KNOWN else [*facts, ("unknown", _UNKNOWN)]


def _section(title: str, words: str, codes: Sequence[Code]) -> str:
    """One part of the catalogue. Entries of which many say the same follow the table in one of their own."""
    uses = Counter(_wording(code) for code in codes)
    lines = [f"## {title}", "", words, "", "| code | title | severity | scope | meaning | the daemon | source |"]
    lines.append("| ---: | --- | --- | --- | --- | --- | --- |")
    for code in codes:
        if uses[_wording(code)] < _MANY:
            cells = (code.title, code.severity, code.scope, code.meaning, code.action, code.source)
            lines.append(f"| {code.number} | {' | '.join(map(_cell, cells))} |")
    for wording, count in uses.items():
        if count >= _MANY:
            meaning, action, source = wording
            lines += ["", f"{meaning} {action} Source: {source}.", "", "| code | title |", "| ---: | --- |"]
            lines += [f"| {code.number} | {_cell(code.title)} |" for code in codes if _wording(code) == wording]
    return "\n".join([*lines, ""])


def _wording(code: Code) -> tuple[str, str, str]:
    return code.meaning, code.action, code.source


def _cell(text: str) -> str:
    """A text that cannot end its cell."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(markdown())
