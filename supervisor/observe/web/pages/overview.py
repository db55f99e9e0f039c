"""`/`: all gateways."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from supervisor.core.codes.farm_kinds import FarmState
from supervisor.core.explain.causes import explain
from supervisor.core.model.layers import LAYERS
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.status import Status
from supervisor.observe.masking import fit
from supervisor.observe.web.pages.shell import moment, shell, table
from supervisor.observe.web.status_json import instant

REFRESH = 5
"""Seconds, for a browser without scripts."""
SICK_FIRST = tuple(Status(word) for word in ("reauth_required", "down", "degraded", "maintenance", "stopped", "up"))
"""The order of the gateways; static/script/base.js has the same."""


def overview(version: str, now: datetime, snapshots: Sequence[Snapshot], *, may_change: bool) -> str:
    """The whole page."""
    up = sum(snapshot.status == "up" for snapshot in snapshots)
    columns = ("gateway", "status", *LAYERS, "what is known")
    rows = map(_row, sorted(snapshots, key=lambda snapshot: SICK_FIRST.index(snapshot.status)))
    without = (
        f"<meta http-equiv=refresh content={REFRESH}><div class=plain><h1>{up} of {len(snapshots)} up</h1>"
        f"{table(columns, rows, f'known at {instant(now)}')}</div>"
    )
    return shell(f"{up}/{len(snapshots)} up · ib-supervisor", without, version=version, may_change=may_change)


def _row(snapshot: Snapshot) -> str:
    policy, status = snapshot.policy, snapshot.status.value
    marks = "".join(_mark(snapshot.layer_up(layer)) for layer in LAYERS)
    since = f"<br><small>since {moment(snapshot.since)}</small>" if snapshot.since is not None else ""
    labels = "".join(f" · {escape(name)}={escape(value)}" for name, value in policy.labels)
    return (
        f'<tr><th scope=row><a href="/gateways/{policy.name}?table">{escape(policy.name)}</a>'
        f"<br><small>{escape(policy.address)} · client id {snapshot.client_id}{labels}</small></th>"
        f'<td class="{status}">{status.replace("_", " ")}{since}</td>{marks}'
        f"<td>{'<br>'.join(map(escape, known(snapshot)))}</td></tr>"
    )


def _mark(up: bool | None) -> str:
    if up is None:
        return "<td class=mark>?</td>"
    return f'<td class="mark {"yes" if up else "no"}">{"✓" if up else "✗"}</td>'


def known(snapshot: Snapshot) -> Iterable[str]:
    """What is known of it beside its layers, in sentences."""
    if snapshot.cause is not None:
        yield fit(str(explain(snapshot.cause)))
    broken = [f"{farm.kind}/{farm.name}" for farm in snapshot.farms if farm.state is FarmState.BROKEN]
    if broken:
        yield f"broken farms: {', '.join(broken)}"
    for window in snapshot.windows:
        if window.active and window.end is not None:
            yield f"{window.name} until {moment(window.end)}"
    if snapshot.next_attempt is not None:
        yield f"next attempt {moment(snapshot.next_attempt)}"
