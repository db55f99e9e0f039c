"""What all pages have in common: one answer with its style and scripts in it, which then asks its own daemon only.

- What moves is drawn by static/script from the API's answers. A browser without scripts gets tables made here.
- The files of static/script are one script, in the order of `SCRIPTS`. static/vendor has other people's libraries as
  they came, with their licences.
- Style and scripts are allowed by their hashes alone.
"""

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from html import escape
from pathlib import Path

from supervisor.observe.web.control import ASKS

STATIC = Path(__file__).parents[1] / "static"
LIBRARIES = ("preact.umd.js", "hooks.umd.js", "htm.umd.js")
SCRIPTS: tuple[str, ...] = (
    *("base", "times", "icons", "daemon", "figures", "timeline", "days", "outages", "events", "actions"),
    *("cards", "overview", "gateway", "start"),
)


def _text(*path: str) -> str:
    return STATIC.joinpath(*path).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


STYLE = _text("page.css")
VENDOR = "\n".join(
    line for name in LIBRARIES for line in _text("vendor", name).splitlines() if "sourceMapp" not in line
)
SCRIPT = "".join(_text("script", f"{name}.js") for name in SCRIPTS)
ICON = (STATIC / "favicon.svg").read_bytes()
OPENAPI = (STATIC / "openapi.json").read_bytes()
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; "
    f"img-src 'self'; script-src {_hash(VENDOR)} {_hash(SCRIPT)}; style-src {_hash(STYLE)}; "
    "require-trusted-types-for 'script'"
)
"""Content-Security-Policy: this page's own style and scripts, questions to its own daemon, and nothing else."""


def shell(title: str, without_scripts: str, *, version: str, may_change: bool, gateway: str | None = None) -> str:
    """A page that is drawn by scripts, or shows this without them."""
    told = {"version": version, "gateway": gateway, "asks": " ".join(ASKS) if may_change else ""}
    data = "".join(f' data-{name}="{escape(value)}"' for name, value in told.items() if value is not None)
    return (
        f"{_head(title)}<body{data}><div id=app></div><noscript>{without_scripts}</noscript>"
        f"<script>{VENDOR}</script><script type=module>{SCRIPT}</script></body></html>\n"
    )


def plain(title: str, body: str, refresh: int) -> str:
    """A page without scripts, which asks for itself again after so many seconds."""
    return f"{_head(title)}<meta http-equiv=refresh content={refresh}></head><body class=plain>{body}</body></html>\n"


def _head(title: str) -> str:
    return (
        '<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f"<title>{escape(title)}</title><link rel=icon href=/favicon.svg><style>{STYLE}</style>"
    )


def table(columns: Iterable[str], rows: Iterable[str], caption: str) -> str:
    """A table of rows that are markup already."""
    head = "".join(f"<th scope=col>{escape(word)}</th>" for word in columns)
    body = "".join(rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def row(first: str, *cells: str) -> str:
    """A row of texts, its first one a heading."""
    return f"<tr><th scope=row>{escape(first)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def moment(at: datetime | None) -> str:
    """`2026-11-23 15:00:00Z`; empty for None."""
    return f"{at:%Y-%m-%d %H:%M:%S}Z" if at is not None else ""
