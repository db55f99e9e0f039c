"""`/gateways/NAME`: one gateway, with what happened in ninety days."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from html import escape
from typing import Any

from supervisor.core.model.layers import LAYERS
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.web.pages.overview import known
from supervisor.observe.web.pages.shell import moment, plain, row, shell, table

PERIOD = timedelta(days=90)
INCLUDE = "days,sessions,restarts"
REFRESH = 60
"""Seconds, for a browser without scripts: reading ninety days is dearer than reading what is so now."""
ENOUGH = 3600.0
"""Seconds of a day that must have been observed, or its availability says little; static/script/figures.js has more."""


def details(version: str, snapshot: Snapshot, *, may_change: bool) -> str:
    """The page that scripts draw; without scripts it leads to `as_table`."""
    name = snapshot.policy.name
    without = (
        "<meta http-equiv=refresh content='0; url=?table'>"
        f'<div class=plain><h1>{escape(name)}</h1><p><a href="?table">as tables, without scripts</a></p></div>'
    )
    title = f"{name} {snapshot.status.value.replace('_', ' ')} · ib-supervisor"
    return shell(title, without, version=version, may_change=may_change, gateway=name)


def as_table(snapshot: Snapshot, history: Mapping[str, Any]) -> str:
    """The same without scripts, from an answer of `/api/v1/history`."""
    name, status = snapshot.policy.name, snapshot.status.value.replace("_", " ")
    parts = [
        f"<p><a href=/>all gateways</a></p><h1>{escape(name)} is {escape(status)}</h1>",
        "".join(f"<p>{escape(sentence)}</p>" for sentence in known(snapshot)),
        table(("", "now"), _facts(snapshot), "what is known"),
        table(
            ("began", "ended", "seconds", "first broken layer", "planned", "cause"),
            (
                row(
                    o["began"],
                    o["ended"] or "goes on",
                    f"{o['seconds']:.1f}",
                    o["cause"],
                    _yes(o["planned"]),
                    o["words"],
                )
                for o in reversed(history["outages"])
            ),
            "outages of 90 days",
        ),
        table(
            ("day (UTC)", "available", "unplanned", "planned", "not observed"),
            (
                row(
                    day["day"],
                    _part(day),
                    *(f"{day[f'{what}_seconds']:.0f} s" for what in ("unplanned", "planned", "unobserved")),
                )
                for day in reversed(history["gateways"][0]["days"])
            ),
            "availability by day",
        ),
        table(
            ("restart window ended", "result", "what happened"),
            (row(found["time"], found["result"], found["text"]) for found in history["restarts"]),
            "restarts",
        ),
        table(
            ("session ready", "lost", "reason", "server version"),
            (
                row(s["ready"], s["lost"] or "", s["reason"] or "", str(s["server_version"] or ""))
                for s in history["sessions"]
            ),
            "sessions",
        ),
    ]
    return plain(f"{name} {status} · ib-supervisor", "".join(parts), REFRESH)


def _facts(snapshot: Snapshot) -> Iterator[str]:
    policy = snapshot.policy
    yield row("address", policy.address)
    yield row("client id", str(snapshot.client_id))
    yield row("labels", ", ".join(f"{name}={value}" for name, value in policy.labels))
    for layer in LAYERS:
        up = snapshot.layer_up(layer)
        yield row(layer.value, "unknown" if up is None else "up" if up else "not up")
    for farm in snapshot.farms:
        yield row(f"farm {farm.kind}/{farm.name}", f"{farm.state}{'' if farm.required else ', not required'}")
    yield row("login due", moment(snapshot.login.due))


def _part(day: Mapping[str, Any]) -> str:
    if day["availability"] is None or day["observed_seconds"] < ENOUGH:
        return "too little observed"
    return f"{int(day['availability'] * 1e5) / 1e3:.3f} %"


def _yes(planned: bool) -> str:
    return "planned" if planned else "unplanned"
