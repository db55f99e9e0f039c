"""`/api/v1/status`: what is known of every gateway, as JSON.

Instants are RFC 3339 in UTC, durations seconds; unknown is null. No account number is in it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from supervisor.core.explain.causes import explain
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.layers import LAYERS
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.gate.body import body
from supervisor.observe.gate.reader import since_boot
from supervisor.observe.masking import fit
from supervisor.observe.web.recovery_json import recovery


def status(version: str, now: datetime, snapshots: Sequence[Snapshot]) -> dict[str, Any]:
    """The whole answer, ready to be written as JSON."""
    return {"version": version, "now": instant(now), "gateways": [gateway(snapshot) for snapshot in snapshots]}


def gateway(snapshot: Snapshot) -> dict[str, Any]:
    """One gateway."""
    cause = explain(snapshot.cause) if snapshot.cause is not None else None
    return {
        "name": snapshot.policy.name,
        "status": snapshot.status.value,
        "since": instant(snapshot.since),
        "phase": snapshot.phase.value,
        "epoch": snapshot.epoch,
        "layers": {layer.value: snapshot.layer_up(layer) for layer in LAYERS},
        "farms": [
            {
                "kind": farm.kind.value,
                "name": farm.name,
                "state": farm.state.value,
                "since": instant(farm.since),
                "required": farm.required,
            }
            for farm in snapshot.farms
        ],
        "upstream": {
            "up": snapshot.upstream_up,
            "since": instant(snapshot.upstream_since),
            "evidence": snapshot.upstream_evidence.value if snapshot.upstream_evidence is not None else None,
        },
        "heartbeat_seconds": snapshot.heartbeat_seconds,
        "last_message": instant(snapshot.last_message),
        "server_version": snapshot.server_version,
        "account_mode": snapshot.policy.account_mode.value,
        "windows": [
            {
                "name": window.name,
                "active": window.active,
                "start": instant(window.start),
                "at": instant(window.at),
                "end": instant(window.end),
            }
            for window in snapshot.windows
        ],
        "host": snapshot.policy.host,
        "port": snapshot.port,
        "client_id": snapshot.client_id,
        "labels": dict(snapshot.policy.labels),
        "paused_until": instant(snapshot.pause.until) if snapshot.pause is not None else None,
        "suspect": snapshot.suspect,
        "gate": body(snapshot, since_boot()),
        "login_state": snapshot.seen.login_state if snapshot.seen is not None else None,
        "login_state_since": instant(snapshot.seen.since) if snapshot.seen is not None else None,
        "kernel": _kernel(snapshot),
        "canary": _canary(snapshot),
        "reauth": {
            "due": instant(snapshot.login.due),
            "required": snapshot.login.required,
            "assumed": snapshot.login.assumed,
        },
        "cause": fit(cause.words) if cause is not None else None,
        "cure": fit(cause.cure) if cause is not None else None,
        "next_attempt": instant(snapshot.next_attempt),
        "recovery": recovery(snapshot.recovery),
    }


def _canary(snapshot: Snapshot) -> list[dict[str, Any]] | None:
    if snapshot.canary is None:
        return None
    return [
        {
            "name": view.name,
            "state": view.state.value,
            "why": view.why.value if view.why is not None else None,
            "since": instant(view.since),
            "last_update": instant(view.last_update),
            "data_type": view.data_type.value if view.data_type is not None else None,
        }
        for view in snapshot.canary
    ]


def _kernel(snapshot: Snapshot) -> str | None:
    """What the sockets say of a ping that is not answered in time."""
    if snapshot.kernel is None:
        return None
    policy = snapshot.policy
    return fit(explain(Cause(CauseKey.HEARTBEAT_LOST, policy.host, snapshot.port, kernel=snapshot.kernel)).words)


def instant(moment: datetime | None) -> str | None:
    """`2026-11-23T15:00:00.250Z`, or None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
