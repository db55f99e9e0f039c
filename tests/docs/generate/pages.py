"""Which pages are generated, and from what."""

from collections.abc import Callable, Mapping
from pathlib import Path

from supervisor.commands import codes
from supervisor.config.reference import with_tables
from supervisor.core.codes.table import CATALOGUE
from tests.docs.generate import man, metrics, states, statuses
from tests.docs.generate.recovery import with_rungs

DOCS = Path(__file__).parents[3] / "docs"

PAGES: Mapping[str, Callable[[str], str]] = {
    "codes.md": lambda _: codes.markdown(CATALOGUE),
    "configuration.md": with_tables,
    "man/ib-supervisor.1": lambda _: man.page(),
    "man/ib-supervisor.bash": lambda _: man.completion("bash"),
    "man/ib-supervisor.fish": lambda _: man.completion("fish"),
    "man/ib-supervisor.zsh": lambda _: man.completion("zsh"),
    "metrics.md": lambda _: metrics.page(),
    "recovery.md": with_rungs,
    "states.md": lambda _: states.page(),
    "statuses.md": lambda _: statuses.page(),
}
"""For each page, a function from its present text to the text that it should have."""


def path_of(name: str) -> Path:
    """Where the page is."""
    return DOCS / name


def present(name: str) -> str:
    """What the page says now; empty if it does not exist yet."""
    path = path_of(name)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def text_of(name: str) -> str:
    """What the page should say."""
    return PAGES[name](present(name))


def stale() -> list[str]:
    """The pages that differ from what they should say."""
    return [name for name in PAGES if text_of(name) != present(name)]
