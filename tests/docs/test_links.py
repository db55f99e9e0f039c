"""Every link of a page, and every page that the code cites, leads somewhere."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/runbooks/*.md")])
FOLDERS = ("supervisor", "tests", "config", "systemd", "deploy")
LINK = re.compile(r"\]\((?!https?://)([^)\s]+)\)")
CITED = re.compile(r"(?<!/)\bdocs/[\w/.-]+\.md(?:#[\w-]+)?")


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that a forge makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def leads_nowhere(link: str, folder: Path) -> bool:
    """Whether there is no such file, or no such heading in it."""
    name, _, anchor = link.partition("#")
    target = folder / name
    return not target.exists() or (bool(anchor) and anchor not in anchors(target))


def sources() -> Iterator[tuple[Path, str]]:
    """The text files in which a page may be cited."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".yaml", ".service", ".conf"}:
                yield path, path.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    own = [link for link in links if link.startswith("#") and link[1:] not in anchors(page)]
    others = [link for link in links if not link.startswith("#") and leads_nowhere(link, page.parent)]
    assert own + others == []


def test_a_page_that_the_code_cites_exists_with_the_section_it_names() -> None:
    lost = {
        f"{path.relative_to(ROOT)}: {cited}"
        for path, text in sources()
        for cited in CITED.findall(text)
        if leads_nowhere(cited, ROOT)
    }
    assert lost == set()
