"""What the docs site does to a page, as a hook of mkdocs: it says whom the page is for, and names what lies outside.

The audience of each page is in the tables of docs/index.md, its one place. A link from docs/ into the rest of the
repository leads nowhere on a site, so there it becomes the name of the file.
"""

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
_ROW = re.compile(r"^\| .* \| \[[^\]]*\]\((?P<page>[^)#]+)(?:#[^)]*)?\) \| (?P<audience>[^|]+) \|$", re.M)
_OUTSIDE = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<up>(?:\.\./)+)(?P<path>[^)]+)\)")
_INSIDE = ("man/", "examples/")
"""Folders of docs/ that the site leaves out."""


def audiences() -> dict[str, str]:
    """Whom each page is for, by its path in docs/."""
    return {found["page"]: found["audience"].strip() for found in _ROW.finditer((DOCS / "index.md").read_text())}


def on_page_markdown(markdown: str, /, *, page: Any, **others: Any) -> str:
    """The text of a page as the site has it."""
    place = str(page.file.src_uri)
    markdown = _OUTSIDE.sub(lambda found: _named(found, place), markdown)
    markdown = re.sub(rf"\[([^\]]*)\]\((?:{'|'.join(_INSIDE)})[^)]*\)", r"\1", markdown)
    audience = audiences().get(place)
    if audience is None:
        return markdown
    heading, _, rest = markdown.partition("\n")
    return f"{heading}\n\n*For {audience}.*\n{rest}"


def _named(found: re.Match[str], place: str) -> str:
    """A link that leaves docs/ as the name of what it led to; others as they are."""
    depth = place.count("/")
    if found["up"].count("../") <= depth:
        return found[0]
    text, path = found["text"], found["path"]
    return text if path.partition("#")[0] in text else f"{text} (`{path}`)"
