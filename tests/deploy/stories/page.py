"""The two tables of docs/alerts.md: the policy, and what comes of each story. `python -m tests.deploy.stories`."""

import re
from pathlib import Path

from supervisor.core.model.pages import PAGES, REPEATED, Page, Severity
from tests.deploy.stories.measure import Told
from tests.deploy.stories.stories import Story

PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"
HOW_OFTEN = {severity: f"every {hours // 3600} h" for severity, hours in REPEATED.items()}


def span(seconds: int) -> str:
    """A duration for people."""
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.3g} h"


def policy_row(page: Page) -> str:
    """One row of the table of pages."""
    severity = str(page.severity)
    severity += ", paper: " + page.paper if page.paper else ""
    severity += ", market closed: " + page.closed if page.closed else ""
    after = span(page.after) if page.after else "at once"
    again = HOW_OFTEN.get(page.severity, "never" if page.severity is Severity.INFO else "")
    again = "every minute" if page.name == "IBDeadMansSwitch" else again
    silences = ", ".join(f"`{name}`" for name in page.explains) if page.explains != ("*",) else "all that it told"
    return (
        f"| `{page.name}` | {severity} | {after} | {again} | {span(page.held) if page.held else 'never'} | {silences} |"
    )


def story_row(story: Story, told: list[Told]) -> str:
    """One row of the table of stories."""
    if not told:
        return f"| {story.what} | nothing | | |"
    names = "<br>".join(f"{message.severity} `{message.name}`" for message in told)
    after = "<br>".join(_after(message.after) for message in told)
    ends = "<br>".join(_end(message) for message in told)
    return f"| {story.what} | {names} | {after} | {ends} |"


def _end(message: Told) -> str:
    if message.ends_unheard:
        return "not told"
    return "goes on" if message.ends is None else _after(message.ends)


def _after(seconds: int) -> str:
    return span(seconds) if seconds >= 0 else f"{span(-seconds)} before"


def policy_table() -> str:
    """The table of pages."""
    return "\n".join(
        (
            "| pattern | severity | told after | again | its end is told after | silences meanwhile |",
            "| --- | --- | --- | --- | --- | --- |",
            *map(policy_row, PAGES),
        )
    )


def story_table(rows: list[str]) -> str:
    """The table of stories."""
    return "\n".join(("| what happens | what is told | after | its end |", "| --- | --- | --- | --- |", *rows))


def put(text: str, name: str, table: str) -> str:
    """The page with this table between its marks."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    return re.sub(f"{begin}.*?{end}", lambda _: f"{begin}{table}\n{end}", text, flags=re.DOTALL)
