"""The status page: a table that needs no script and asks nobody else for anything."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from supervisor.core.farm_words import FarmState
from supervisor.core.layers import LADDER
from supervisor.core.snapshot import Snapshot
from supervisor.observe.masking import mask
from supervisor.observe.status_json import instant

REFRESH = 5
"""Seconds."""
STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #8886; }
td.mark { text-align: center; }
.up, .yes { color: #17803d; }
.down, .reauth_required, .no { color: #c62828; font-weight: 600; }
.degraded, .maintenance { color: #a05a00; font-weight: 600; }
.stopped, small { opacity: .75; }
"""
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""Content-Security-Policy: this page's own style, and nothing else."""
LINKS = (
    ("/metrics", "metrics"),
    ("/api/v1/status", "status as JSON"),
    ("/api/v1/events", "events as JSON"),
    ("/-/ready", "ready?"),
    ("/-/healthy", "healthy?"),
)


def page(version: str, now: datetime, snapshots: Sequence[Snapshot]) -> str:
    """The whole page."""
    up = sum(snapshot.status == "up" for snapshot in snapshots)
    head = "".join(f"<th scope=col>{word}</th>" for word in ("gateway", "status", *LADDER, "what is known"))
    rows = "".join(map(_row, snapshots))
    links = " · ".join(f'<a href="{address}">{words}</a>' for address, words in LINKS)
    return (
        '<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f'<meta http-equiv=refresh content="{REFRESH}"><title>{up}/{len(snapshots)} up · ib-supervisor</title>'
        f"<style>{STYLE}</style></head><body><h1>ib-supervisor: {up}/{len(snapshots)} up</h1>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{links}</p><p><small>version {escape(version)}, {instant(now)}</small></p></body></html>\n"
    )


def _row(snapshot: Snapshot) -> str:
    status = snapshot.status.value
    marks = "".join(_mark(snapshot.layer_up(layer)) for layer in LADDER)
    since = f"<br><small>since {_moment(snapshot.since)}</small>" if snapshot.since is not None else ""
    policy = snapshot.policy
    return (
        f"<tr><th scope=row>{escape(policy.name)}<br><small>{escape(policy.address)}</small></th>"
        f'<td class="{status}">{status.replace("_", " ")}{since}</td>{marks}'
        f"<td>{'<br>'.join(_known(snapshot))}</td></tr>"
    )


def _mark(up: bool) -> str:
    return f'<td class="mark {"yes" if up else "no"}">{"✓" if up else "✗"}</td>'


def _known(snapshot: Snapshot) -> Iterable[str]:
    if snapshot.cause is not None:
        yield escape(mask(f"{snapshot.cause.words} {snapshot.cause.cure}"))
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
