"""What the file and the API say of one gate: the same fields, in the same order.

The lease ends `LEASE` after the decision that the snapshot was made by. Nobody who passes it on makes it longer.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from supervisor.core.explain.gates import why_closed
from supervisor.core.model.gate import LEASE
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.masking import fit


def left(snapshot: Snapshot, boot: float) -> float:
    """Seconds for which the decision still holds; 0 or less if it holds no more. `boot`: CLOCK_BOOTTIME now."""
    return snapshot.at.boot + LEASE - boot


def body(snapshot: Snapshot, boot: float) -> dict[str, Any]:
    """The fields. A lease that is over is never `open`; account numbers are masked, whatever the config says."""
    gate, at = snapshot.gate, snapshot.at
    lasts = left(snapshot, boot)
    until = at.wall + timedelta(seconds=LEASE)
    return {
        "gateway": snapshot.policy.name,
        "open": gate.open and lasts > 0,
        "epoch": gate.epoch,
        "valid_until": _instant(until),
        "valid_until_realtime": round(until.timestamp(), 6),
        "valid_until_boottime": round(at.boot + LEASE, 6),
        "valid_for": round(max(0.0, lasts), 3),
        "next_restart": _instant(gate.next_restart) if gate.next_restart is not None else None,
        "reasons": [{"reason": reason.value, "text": fit(text)} for reason, text in why_closed(snapshot)],
    }


def written(fields: dict[str, Any]) -> bytes:
    """The file: JSON with each field on a line of its own, so that a shell can read it too."""
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items())
    return ("{" + ",\n ".join(lines) + "}\n").encode()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
