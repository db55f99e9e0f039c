"""The status page: one answer with its style and script in it, which then asks its own daemon and nobody else.

- What moves is drawn by static/page.js from the API's answers; a browser without scripts gets a table that is made
  here, and made again every few seconds.
- Style and script are allowed by their hashes alone.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from supervisor.core.codes.farm_kinds import FarmState
from supervisor.core.explain.causes import explain
from supervisor.core.model.layers import LAYERS
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.masking import fit
from supervisor.observe.web.status_json import instant

REFRESH = 5
"""Seconds, for a browser without scripts."""
STATIC = Path(__file__).parent / "static"
STYLE, SCRIPT, BODY = ((STATIC / name).read_text("utf-8") for name in ("page.css", "page.js", "page.html"))
ICON = (STATIC / "favicon.svg").read_bytes()
OPENAPI = (STATIC / "openapi.json").read_bytes()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; "
    f"img-src 'self'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; require-trusted-types-for 'script'"
)
"""Content-Security-Policy: this page's own style and script, questions to its own daemon, and nothing else."""
LINKS = (
    ("/metrics", "metrics"),
    ("/api/v1/status", "status as JSON"),
    ("/api/v1/events", "events as JSON"),
    ("/api/v1/history", "history as JSON"),
    ("/api/v1/openapi.json", "OpenAPI"),
    ("/-/ready", "ready?"),
    ("/-/healthy", "healthy?"),
)


def page(version: str, now: datetime, snapshots: Sequence[Snapshot]) -> str:
    """The whole page."""
    up = sum(snapshot.status == "up" for snapshot in snapshots)
    head = "".join(f"<th scope=col>{word}</th>" for word in ("gateway", "status", *LAYERS, "what is known"))
    rows = "".join(map(_row, snapshots))
    links = "".join(f'<a href="{address}">{words}</a> ' for address, words in LINKS)
    return (
        '<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f"<title>{up}/{len(snapshots)} up · ib-supervisor</title><link rel=icon href=/favicon.svg>"
        f"<noscript><meta http-equiv=refresh content={REFRESH}></noscript><style>{STYLE}</style></head><body>{BODY}"
        f"<noscript><h1>{up}/{len(snapshots)} up at {instant(now)}</h1>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></noscript>"
        f"<footer><nav aria-label=more>{links}</nav><span id=version>version {escape(version)}</span></footer>"
        f"<script type=module>{SCRIPT}</script></body></html>\n"
    )


def _row(snapshot: Snapshot) -> str:
    status = snapshot.status.value
    marks = "".join(_mark(snapshot.layer_up(layer)) for layer in LAYERS)
    since = f"<br><small>since {_moment(snapshot.since)}</small>" if snapshot.since is not None else ""
    policy = snapshot.policy
    return (
        f"<tr><th scope=row>{escape(policy.name)}<br><small>{escape(policy.address)}</small></th>"
        f'<td class="{status}">{status.replace("_", " ")}{since}</td>{marks}'
        f"<td>{'<br>'.join(_known(snapshot))}</td></tr>"
    )


def _mark(up: bool | None) -> str:
    if up is None:
        return "<td class=mark>?</td>"
    return f'<td class="mark {"yes" if up else "no"}">{"✓" if up else "✗"}</td>'


def _known(snapshot: Snapshot) -> Iterable[str]:
    if snapshot.cause is not None:
        yield escape(fit(str(explain(snapshot.cause))))
    broken = [f"{farm.kind}/{farm.name}" for farm in snapshot.farms if farm.state is FarmState.BROKEN]
    if broken:
        yield escape(f"broken farms: {', '.join(broken)}")
    for window in snapshot.windows:
        if window.active and window.end is not None:
            yield escape(f"{window.name} until {_moment(window.end)}")
    if snapshot.next_attempt is not None:
        yield f"next attempt {_moment(snapshot.next_attempt)}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
