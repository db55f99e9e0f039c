"""From a typed record to a sentence with its level and its public fields.

- One function: each record has its case, and a record without one is a type error.
- Kinds and the names of fields are public: the journal, the stream and people's scripts rest on them.
- Whether a record is told again is the narrator's matter (`supervisor.core.explain.narrator`).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import assert_never

from supervisor.core.calendar.gateway_clock import offset_text
from supervisor.core.calendar.rules import zone_of
from supervisor.core.codes.entry import Severity
from supervisor.core.codes.notices import summary
from supervisor.core.codes.table import KNOWN, lookup
from supervisor.core.explain import recovery
from supervisor.core.explain.canaries import canary_words
from supervisor.core.explain.causes import explain, sentence
from supervisor.core.explain.report import Level, Report
from supervisor.core.explain.sightings import login_words
from supervisor.core.model import records
from supervisor.core.model.behind.canary import CanaryBlind, CanaryChanged
from supervisor.core.model.behind.sight import LoginStateChanged
from supervisor.core.model.cause import Cause
from supervisor.core.model.gate import TOLD, GateClosed, GateOpened, GateReason, GateReasonsChanged, IdsKnown
from supervisor.core.model.layers import layers_up
from supervisor.core.model.recovery import records as deeds
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Data, Planning, RestartResult

_LOUD = frozenset({Severity.CRITICAL, Severity.ERROR, Severity.WARNING})
_CALM = frozenset({Status.UP, Status.MAINTENANCE, Status.STOPPED})
_RESTARTS: Mapping[RestartResult, str] = {
    RestartResult.IN_TIME: "the gateway restarted as scheduled and is back",
    RestartResult.OVERDUE: "the gateway did not come back from its restart in time; it most likely waits for a login",
    RestartResult.NOT_SEEN: "the gateway did not restart at its time",
}
_TOLD_BY_THE_GATE = frozenset({GateReason.RESTART_SOON, *TOLD})
_IGNORED = (
    "the gateway ignored three pings within ten minutes, though it works: another program asks it for the time too, or "
    "it is busy. Raise heartbeat_interval a little"
)
_FARMS_NAMED = 12
"""Farms named in one line; the others are counted."""


def report_of(record: records.Record, *, explained: bool = False) -> Report | None:
    """The record in words; None for one that is only counted. `explained`: its cause was told a moment ago."""
    match record:
        case records.SessionReady(epoch=epoch, server_version=version, client_id=client_id):
            text = f"session ready: server version {version}, client id {client_id}"
            return Report(Level.INFO, "session_ready", text, {"epoch": epoch, "server_version": version})
        case records.SessionHolds(epoch=epoch, short_lived=count):
            text = f"the session holds, after {count} in a row that were granted and lost at once"
            return Report(Level.INFO, "session_holds", text, {"epoch": epoch, "short_lived": count})
        case records.SessionLost():
            return _session_lost(record, explained)
        case records.AttemptFailed():
            text = f"cannot connect ({record.reason}{_detail(record.detail)}), keeps trying."
            text += _because(record.cause, explained)
            fields = {"reason": record.reason.value, "epoch": record.epoch}
            return Report(_unless_planned(record.planning), "attempt_failed", text, fields)
        case records.HeartbeatMissed():
            return Report(Level.WARNING, "heartbeat", "the gateway does not answer; asking once more")
        case records.SuspectChanged(suspect=suspect):
            text = "suspect: a ping is not answered in time" if suspect else "no longer suspect: it answered"
            return Report(Level.DEBUG, "suspect", text, {"suspect": suspect})
        case records.PingIgnored(often=often):
            return Report(Level.WARNING, "ping_ignored", _IGNORED) if often else None
        case records.CallbackRaised(callback=callback, error=error):
            return Report(Level.ERROR, "callback_error", f"exception in {callback}: {error}")
        case records.MessageDropped(number=number, name=name, library=library, error=error):
            called = f" ({name})" if name else ""
            text = f"{library} cannot decode message {number}{called}, which is not needed and was dropped: {error}"
            return Report(Level.WARNING, "undecodable", text, {"message": name or str(number)})
        case records.PortChanged(port=port, cause=cause):
            return Report(Level.WARNING, "port_changed", str(explain(cause)), {"new_port": port})
        case records.OrderIdWentBack(order_id=order_id, highest=highest, cause=cause):
            text = f"next order id {order_id} is lower than {highest}, seen earlier. {explain(cause)}"
            return Report(Level.WARNING, "order_id_back", text, {"order_id": order_id, "highest": highest})
        case records.NoticeHeard():
            return _notice(record)
        case records.UpstreamLost(code=code, planning=planning, cause=cause):
            text = f"upstream lost ({code}).{_because(cause, explained)}"
            fields = {"code": code, "planned": planning is Planning.PLANNED}
            return Report(_unless_planned(planning), "upstream_lost", text, fields)
        case records.UpstreamUnknown(evidence=evidence):
            text = f"IBKR is not known to be connected ({evidence}); waiting for evidence"
            return Report(Level.WARNING, "upstream_lost", text)
        case records.UpstreamRestored():
            return _upstream_restored(record)
        case records.FarmChanged(kind=kind, name=name, state=state):
            text = f"farm {kind}/{name} is {state}"
            return Report(Level.DEBUG, "farm", text, {"farm": name, "farm_kind": kind.value})
        case records.FarmsSettled():
            return _farms_settled(record)
        case records.FarmsNeverSeen(farms=farms):
            text = f"required farms never seen in a day: {', '.join(farms)}. Are they misspelt?"
            return Report(Level.WARNING, "farms_missing", text)
        case records.WindowTurned(window=window, active=active):
            text = f"window {window} {'opens' if active else 'is over'}"
            return Report(Level.INFO, "window", text, {"window": window, "active": active})
        case records.RestartJudged(window=window, at=at, result=result):
            level = Level.INFO if result is RestartResult.IN_TIME else Level.WARNING
            text = f"{window} of {at:%Y-%m-%d %H:%M}Z: {_RESTARTS[result]}"
            return Report(level, "restart", text, {"result": result.value})
        case records.RestartOver():
            return Report(Level.INFO, "restart", "the gateway is back from its restart")
        case records.RestartMoved():
            return _restart_moved(record)
        case records.LoginProven(assumed=assumed):
            why = (
                "a restart was scheduled since the token expired, and the gateway is up; the login itself was not seen"
            )
            word = f"assumed: {why}" if assumed else "proven"
            return Report(Level.INFO, "login", f"weekly login {word}", {"assumed": assumed})
        case records.LoginStated(accepted=True):
            return Report(Level.INFO, "login", "weekly login confirmed by the operator")
        case records.LoginStated():
            text = "too early to confirm: tokens expire once more when the clock goes back"
            return Report(Level.WARNING, "login", text)
        case records.LoginRequired(cause=cause):
            return Report(Level.ERROR, "reauth_required", f"re-authentication required.{_because(cause, explained)}")
        case LoginStateChanged():
            return login_words(record)
        case CanaryChanged() | CanaryBlind():
            return canary_words(record)
        case records.ZoneDiffers():
            return _zone_differs(record)
        case records.ClockWrong(clock=clock):
            return Report(Level.WARNING, "timezone_mismatch", f"the gateway's clock is wrong: it says {summary(clock)}")
        case GateClosed(reasons=reasons):
            return _gate(f"gate closed: {', '.join(reasons)}", reasons, open=False)
        case GateReasonsChanged(reasons=reasons):
            return _gate(f"gate still closed: {', '.join(reasons)}", reasons, open=False)
        case GateOpened(reasons=reasons, after=after):
            return _gate(f"gate open, after {lasted(after)} ({', '.join(reasons)})", reasons, open=True)
        case IdsKnown(needed=True):
            return Report(Level.INFO, "order_ids", "the operator knows that the order ids went back")
        case IdsKnown():
            return Report(Level.INFO, "order_ids", "nothing to confirm: no order ids went back")
        case records.Paused(until=until, by=by):
            end = f" until {until:%Y-%m-%d %H:%M}Z" if until is not None else ""
            text = f"paused by {by or 'the operator'}{end}: the client id is released, nothing is tried"
            return Report(Level.INFO, "paused", text)
        case records.Resumed():
            return Report(Level.INFO, "resumed", "resumed: connecting")
        case records.MaintenanceBegan(until=ends, reason=reason):
            text = f"maintenance until {ends:%Y-%m-%d %H:%M}Z{f': {reason}' if reason else ''}"
            return Report(Level.INFO, "maintenance", text)
        case records.MaintenanceEnded():
            return Report(Level.INFO, "maintenance", "maintenance ended by the operator")
        case records.Suspended(seconds=seconds):
            return Report(Level.WARNING, "slept", f"the machine was asleep for {seconds:.0f} s: not observed")
        case records.StatusChanged():
            return _status(record)
        case records.LayersChanged(broken=broken):
            layers = ",".join(layers_up(broken))
            return Report(Level.DEBUG, "layers", f"layers up: {layers or 'none'}", {"layers": layers})
        case records.OutageClosed():
            return _outage_closed(record)
        case (
            deeds.RecoveryProposed()
            | deeds.RecoveryWithdrawn()
            | deeds.RecoveryApproved()
            | deeds.RecoveryRefused()
            | deeds.RecoveryStarted()
            | deeds.RecoveryAnswered()
            | deeds.RecoveryProved()
            | deeds.RecoveryFailed()
        ):
            return recovery.report_of(record)
        case _:
            assert_never(record)


def _because(cause: Cause, explained: bool) -> str:
    """The cause and its cure, but not twice in a row."""
    return "" if explained else f" {explain(cause)}"


def _session_lost(record: records.SessionLost, explained: bool) -> Report:
    because = f".{_because(record.cause, explained)}" if record.cause is not None else ""
    if record.short_lived > 1:
        because = f"; {record.short_lived} sessions in a row were granted and lost at once{because}"
    text = f"session lost ({record.reason}{_detail(record.detail)}) after {lasted(record.lasted)}{because}"
    planned = record.planning is Planning.PLANNED
    fields = {"reason": record.reason.value, "planned": planned, "epoch": record.epoch}
    return Report(_unless_planned(record.planning), "session_lost", text, fields)


def _notice(record: records.NoticeHeard) -> Report | None:
    """A code that changes nothing is worth a line if it is unknown, explained, or bad by itself."""
    loud = lookup(record.code).severity in _LOUD
    if not record.told or not (record.cause is not None or record.code not in KNOWN or loud):
        return None
    text = f"{record.code}: {summary(record.text)}"
    if record.cause is not None:
        text = f"{sentence(text)} {explain(record.cause)}"
    fields = {"code": record.code, "request_id": record.request_id}
    return Report(Level.WARNING if loud else Level.INFO, "notice", text, fields)


def _upstream_restored(record: records.UpstreamRestored) -> Report:
    if record.outstanding:
        after = f" after {lasted(record.lasted)}" if record.lasted is not None else ""
        again = f", told {record.repeats + 1} times" if record.repeats else ""
        text = f"IBKR is connected again ({record.evidence}){after}{again}"
    else:
        text = f"IBKR was connected again ({record.evidence})"
    lost_data = record.data is Data.LOST
    if lost_data:
        text += "; subscriptions are lost and must be made again"
    fields = {"evidence": record.evidence.value, "data": record.data.value}
    return Report(Level.WARNING if lost_data else Level.INFO, "upstream_restored", text, fields)


def _farms_settled(record: records.FarmsSettled) -> Report:
    parts = (
        ("broken", record.broken),
        ("back", record.back),
        ("broke and healed within 5 s", record.blinked),
    )
    text = "; ".join(f"{words}: {_named(farms)}" for words, farms in parts if farms)
    level = _unless_planned(record.planning) if record.broken else Level.INFO
    return Report(level, "farms", f"farms {text}")


def _gate(text: str, reasons: tuple[GateReason, ...], *, open: bool) -> Report:
    """Most reasons have a line of their own, so that the gate's is one too many but for whoever follows the gate."""
    level = Level.INFO if _TOLD_BY_THE_GATE.intersection(reasons) else Level.DEBUG
    return Report(level, "gate", text, {"open": open, "reasons": "" if open else ",".join(reasons)})


def _restart_moved(record: records.RestartMoved) -> Report:
    zone = record.zone
    local = record.minute.astimezone(zone_of(zone)) if zone is not None else record.minute
    return Report(
        Level.WARNING,
        "restart_moved",
        f"restart moved to {local:%H:%M}? The gateway did not restart at its time, but was away for a moment at "
        f"{local:%H:%M} {zone or 'UTC'}. Compare the time under Lock and Exit with daily_restart",
    )


def _zone_differs(record: records.ZoneDiffers) -> Report:
    return Report(
        Level.WARNING,
        "timezone_mismatch",
        f"the gateway's clock runs at {offset_text(record.offset)}, but its restart is configured in {record.zone} "
        f"({offset_text(record.configured)}): set `timezone` to that of the gateway's machine or container, or the "
        "restart will come as a surprise",
    )


def _status(record: records.StatusChanged) -> Report:
    broken, status = record.broken, record.status
    layer = f" ({broken} broken)" if broken is not None and status is not Status.STOPPED else ""
    if record.farms:
        layer = f" ({_named(record.farms)} {'broken' if broken is not None else 'back'})"
    return Report(
        Level.INFO if status in _CALM else Level.WARNING,
        "status",
        f"{record.before} -> {status}{layer}",
        {"status": status.value, "before": record.before.value, "layers": ",".join(layers_up(broken))},
    )


def _outage_closed(record: records.OutageClosed) -> Report:
    planned = record.planning is Planning.PLANNED
    again = f", broken again {record.flaps} times" if record.flaps else ""
    return Report(
        Level.INFO,
        "outage_closed",
        f"outage of {record.began:%H:%M:%S}Z closed: {'planned' if planned else 'unplanned'}, "
        f"{record.seconds:.1f} s without {record.layer}{again}",
        {
            "began": record.began.isoformat(),
            "ended": record.ended.isoformat(),
            "cause": record.layer.value,
            "planned": planned,
            "seconds": record.seconds,
            "recovered": record.recovered,
            "flaps": record.flaps,
        },
    )


def lasted(seconds: float) -> str:
    """`3.2 s`, `4 min 10 s`, `15 h 2 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = timedelta(seconds=round(seconds))
    hours, rest = divmod(whole.seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts: Mapping[str, int] = {"d": whole.days, "h": hours, "min": minutes, "s": rest}
    return " ".join([f"{amount} {unit}" for unit, amount in parts.items() if amount][:2])


def _detail(detail: str) -> str:
    return f": {detail}" if detail else ""


def _unless_planned(planning: Planning) -> Level:
    return Level.INFO if planning is Planning.PLANNED else Level.WARNING


def _named(farms: tuple[str, ...]) -> str:
    more = f" and {len(farms) - _FARMS_NAMED} more" if len(farms) > _FARMS_NAMED else ""
    return ", ".join(farms[:_FARMS_NAMED]) + more
