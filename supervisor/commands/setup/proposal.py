"""What `init` proposes: from what a visit saw to the text of a config.

- A name, a mode and a zone are proposed from the handshake and the accounts. Paper accounts begin with D.
- The time of the daily restart cannot be seen from outside. Without it, the line is there and commented out.
- The clock of the handshake tells an offset and no zone, and its zone's name may lie. The zone of this machine is taken
  if it has that offset now, else that of New York, else none.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from supervisor.config.values.readers import Endpoint
from supervisor.core.calendar.gateway_clock import offset_in, offset_of, offset_text
from supervisor.frozen import dataclass, replace
from supervisor.gateway.visit import Visit

NEW_YORK = "America/New_York"
USUAL = {4001: "live", 4002: "paper", 7496: "tws-live", 7497: "tws-paper"}
"""The port that each program has by default, and what such a gateway is called here."""
CLIENT_ID = 911
PAPER_REGION = "north_america"
"""Where paper accounts are."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One gateway of the config to be."""

    place: Endpoint
    name: str
    mode: str
    """`live`, `paper` or `any`."""
    zone: str | None
    seen: str
    """What is known of it, for a comment."""
    daily_restart: str | None = None
    region: str | None = None


def proposal(place: Endpoint, seen: Visit, why: str, local: str | None, now: datetime) -> Proposal:
    """What to propose for a gateway. `why` says why there was no session, `local` is this machine's zone."""
    usual = USUAL.get(place.port, "gateway")
    if not seen.session:
        guess = "paper" if "paper" in usual else "live" if "live" in usual else "any"
        return Proposal(place, usual, guess, None, f"not seen at work: {why}")
    paper = {account.startswith("D") for account in seen.accounts}
    mode = "any" if len(paper) > 1 else "paper" if paper == {True} else "live"
    name = usual if mode == "any" or mode in usual else f"tws-{mode}" if usual.startswith("tws") else mode
    offset = offset_of(seen.clock or "", now)
    zones = [zone for zone in (local, NEW_YORK) if zone is not None and offset_in(zone, now) == offset]
    clock = f", its clock runs at {offset_text(offset)}" if offset is not None else ""
    region = PAPER_REGION if mode == "paper" else None
    seen_as = f"server version {seen.server_version}{clock}"
    return Proposal(place, name, mode, zones[0] if zones else None, seen_as, region=region)


def with_own_names(proposals: Iterable[Proposal]) -> list[Proposal]:
    """The same, each with a name that no other has."""
    found: list[Proposal] = []
    for each in proposals:
        taken = {other.name for other in found}
        names = [each.name, *(f"{each.name}-{number}" for number in range(2, len(taken) + 3))]
        found.append(replace(each, name=next(name for name in names if name not in taken)))
    return found


def config_of(proposals: Sequence[Proposal]) -> str:
    """The text of the config."""
    lines = [
        "# Written by `ib-supervisor init`. Every key: docs/configuration.md, or `ib-supervisor files config DIR`.",
        "# See what it does: ib-supervisor check-config FILE. Run it: ib-supervisor run --config FILE",
        "gateways:",
    ]
    for each in proposals:
        lines += [
            f"  # {each.seen}",
            f"  - name: {each.name}",
            f"    host: {json.dumps(each.place.host)}",
            f"    port: {each.place.port}",
            f"    client_id: {CLIENT_ID}  # of the daemon itself; no program of yours may use it",
            f"    account_mode: {each.mode}",
            *_restart(each),
            f"    server_reset: {each.region}"
            if each.region is not None
            else "    # server_reset: north_america  # or europe, asia_pacific: whose servers your account is on",
        ]
    return "\n".join([*lines, ""])


def _restart(each: Proposal) -> list[str]:
    zone = each.zone or "ZONE/OF_ITS_MACHINE"
    line = f'daily_restart: {{time: "{each.daily_restart or "23:45"}", timezone: {zone}}}'
    if each.daily_restart is not None and each.zone is not None:
        return [f"    {line}"]
    return [f"    # {line}  # the time under Lock and Exit; without it every restart counts as unplanned"]
