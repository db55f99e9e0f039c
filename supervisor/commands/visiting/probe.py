"""`ib-supervisor probe`: one visit to a gateway. It needs no daemon and does not use the daemon's client id."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text

from supervisor.commands.shared.printer import say, say_json
from supervisor.commands.shared.table import Row, folded, lay_out
from supervisor.commands.shared.terminal import show, width
from supervisor.config.values.readers import Endpoint, endpoint
from supervisor.core.codes import notices
from supervisor.core.codes import table as codes
from supervisor.core.codes.farm_kinds import FarmState
from supervisor.core.explain.causes import Explanation, explain
from supervisor.core.model.cause import Cause, CauseKey, Message
from supervisor.core.model.events import Ending, MessageUndecodable, NextIdReceived, NoticeReceived
from supervisor.core.model.vocabulary import Failure
from supervisor.core.parts import diagnosis, farms
from supervisor.frozen import dataclass
from supervisor.gateway.strangers import named
from supervisor.gateway.visit import Visit, VisitEvent, visit
from supervisor.gateway.wrapper import SummaryEnd, SummaryRow
from supervisor.observe.masking import clean, fit, mask_whole

CLIENT_ID = 912
"""An id that the daemon does not use."""


class Rung(StrEnum):
    """The layers that a visit can see."""

    PORT = "port"
    HANDSHAKE = "handshake"
    SESSION = "session"
    HEARTBEAT = "heartbeat"
    UPSTREAM = "upstream"
    FARMS = "farms"


def probe(
    gateway: Annotated[str, typer.Argument(metavar="HOST:PORT", help="The address of the gateway's API.")],
    require: Annotated[
        Rung, typer.Option(metavar="LAYER", help="The layer that decides between exit status 0 and 1.")
    ] = Rung.SESSION,
    account_summary: Annotated[
        bool, typer.Option(help="Print each row of the account summary, as IBKR's hello-world does.")
    ] = False,
    client_id: Annotated[
        int, typer.Option(min=0, max=2147483647, metavar="N", help="An id that no other program uses.")
    ] = CLIENT_ID,
    show_accounts: Annotated[bool, typer.Option(help="Print account numbers in full.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Connect once, print layer by layer what works, and leave.

    Exits with 0 if the required layer works, 1 if it does not.
    """
    try:
        place = endpoint(lowest_port=1, example=4001)(gateway)
    except ValueError as error:
        raise typer.BadParameter(f"{gateway!r} {error}", param_hint="HOST:PORT") from None

    name, words = (str, clean) if show_accounts else (mask_whole, fit)
    seen = visit(
        place.host,
        place.port,
        client_id,
        account_summary=account_summary,
        on_event=(lambda event: None) if json else (lambda event: _tell(event, name, words)),
    )
    layers = layers_of(seen)
    found = verdict(seen, layers, require, place, client_id)
    if json:
        say_json(_as_json(seen, layers, found, name, words, account_summary))
    else:
        _report(seen, layers, found, [name(account) for account in seen.accounts])
    raise typer.Exit(0 if found.ok else 1)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a visit comes to."""

    ok: bool
    """Whether the required layer works."""
    words: str
    why: Explanation | None
    """The likely cause of the lowest broken layer, and its cure."""


def verdict(seen: Visit, layers: dict[Rung, bool], require: Rung, place: Endpoint, client_id: int) -> ProbeResult:
    """What the visit comes to, in one line, and why."""
    ok = layers[require]
    broken = next((rung for rung, up in layers.items() if not up), None)
    if broken is None:
        return ProbeResult(ok, f"ok: all works at {place}", None)
    words = f"ok: {require} works, but {broken} does not" if ok else f"not ok: {broken} does not work"
    return ProbeResult(ok, f"{words} at {place}", explain(_cause(broken, seen, place, client_id)))


def _cause(broken: Rung, seen: Visit, place: Endpoint, client_id: int) -> Cause:
    match broken:
        case Rung.HEARTBEAT:
            return Cause(CauseKey.HEARTBEAT_LOST, place.host, place.port)
        case Rung.UPSTREAM:
            return Cause(CauseKey.UPSTREAM_LOST, place.host, place.port)
        case Rung.FARMS:
            names = tuple(farm for farm, state in farms_of(seen.notices).items() if state is FarmState.BROKEN)
            return Cause(CauseKey.FARM_BROKEN, place.host, place.port, farms=names)
        case _:
            return cause_of(seen, place, client_id)


def layers_of(seen: Visit) -> dict[Rung, bool]:
    """The layers as one visit saw them. A layer is up only if all below it are."""
    broken = FarmState.BROKEN in farms_of(seen.notices).values()
    holds = (seen.port, seen.handshake, seen.session, seen.heartbeat, _upstream(seen), not broken)
    return {rung: all(holds[: height + 1]) for height, rung in enumerate(Rung)}


def farms_of(heard: Sequence[NoticeReceived]) -> dict[str, FarmState]:
    """The farms that the notices named, by `kind/name`, judged by the daemon's own rules."""
    found, wall = farms.Farms(), datetime.now(UTC)
    for notice in heard:
        match codes.read(notice.code, notice.text):
            case notices.FarmNotice(kind=kind, name=str(farm), state=state):
                found = farms.heard(found, (kind, farm), state, wall, planned=False)
            case notices.UpstreamRestored(connected=connected, not_connected=not_connected):
                found = farms.listed(found, connected, not_connected, wall)
            case _:
                pass
    return {f"{kind}/{name}": farm.state for (kind, name), farm in found.known.items()}


def lost_by(heard: Sequence[NoticeReceived]) -> int | None:
    """The code of a loss of IBKR that the gateway reported and that has not ended. None without one."""
    code = None
    for notice in heard:
        match codes.read(notice.code, notice.text):
            case notices.UpstreamLost(code=lost):
                code = lost
            case notices.UpstreamRestored():
                code = None
            case _:
                pass
    return code


def cause_of(seen: Visit, place: Endpoint, client_id: int) -> Cause:
    """Why there was no session, by the daemon's own table. A port that says nothing is asked who else it may be."""
    reason = next((Message(n.code, n.text) for n in seen.notices if diagnosis.names_a_reason(n.code, n.text)), None)
    failure = diagnosis.failure_of(seen.ending, opened=seen.port, greeted=seen.handshake)
    if any(notice.code == 326 for notice in seen.notices):
        failure = Failure.CLIENT_ID_IN_USE
    other = named(place.host, place.port, 2.0) if seen.port and not seen.handshake and not seen.what else ""
    if other:
        return Cause(CauseKey.PROTOCOL, place.host, place.port, client_id, what=f"it speaks {other}")
    known = seen.key or (CauseKey.CALLBACK if seen.ending is Ending.CALLBACK else None)
    key = known or diagnosis.of_failure(
        failure, greeted=seen.handshake, said=reason is not None, logging_in=seen.logging_in
    )
    message = reason if key is CauseKey.GATEWAY_SAID else None
    tried = f"{seen.tried} ({failure.value.replace('_', ' ')})" if seen.port and seen.tried else seen.tried
    return Cause(key, place.host, place.port, client_id, message=message, what=seen.what, tried=tried)


def _upstream(seen: Visit) -> bool:
    """If the gateway says that IBKR is away, an answer proves nothing. It may come from a cache."""
    return bool(seen.upstream) and lost_by(seen.notices) is None


def _tell(event: VisitEvent, name: Callable[[str], str], words: Callable[[str], str]) -> None:
    match event:
        case NextIdReceived(order_id=order_id):
            say(f"connection ready, next valid order id {order_id}")
        case NoticeReceived(code=code, text=text, request_id=request):
            about = f" (request {request})" if request > 0 else ""
            say(f"notice {code}{about}: {words(notices.summary(text))}  [{codes.lookup(code).title}]")
        case MessageUndecodable(number=number, name=called, library=library, error=error):
            say(words(f"{library} cannot decode message {number}{f' ({called})' if called else ''}, dropped: {error}"))
        case SummaryRow(account=account, tag=tag, value=value, currency=currency):
            say(f"account {name(account)}  {words(tag)}: {words(value)} {words(currency)}".rstrip())
        case SummaryEnd():
            say("account summary: end")
        case _:
            pass


def _report(seen: Visit, layers: dict[Rung, bool], found: ProbeResult, accounts: list[str]) -> None:
    columns = width()
    rows = [Row(["ok" if up else "--", rung], _detail(rung, seen, accounts)) for rung, up in layers.items()]
    show("", folded(Text(found.words, "green" if found.ok else "bold red"), columns), lay_out(["", ""], rows, columns))
    if found.why is not None:
        said = (f"({seen.detail})",) if seen.detail and seen.key is not CauseKey.NAME_UNKNOWN else ()
        show("", *(folded(fit(line), columns) for line in (found.why.words, found.why.cure, *said)))


def _detail(rung: Rung, seen: Visit, accounts: list[str]) -> str:
    match rung:
        case Rung.HANDSHAKE if seen.server_version is not None:
            return f"server version {seen.server_version}, its clock says {seen.clock}"
        case Rung.SESSION if seen.session:
            return f"accounts {', '.join(accounts)}; next order id {seen.next_order_id}"
        case Rung.HEARTBEAT if seen.heartbeat_seconds is not None:
            return f"answered in {seen.heartbeat_seconds * 1000:.1f} ms"
        case Rung.UPSTREAM if (code := lost_by(seen.notices)) is not None:
            return f"the gateway says that it has lost IBKR's servers ({code})"
        case Rung.UPSTREAM if seen.session:
            return "IBKR's servers answered" if seen.upstream else "no answer that needs IBKR's servers"
        case Rung.FARMS:
            return ", ".join(f"{farm} {state}" for farm, state in farms_of(seen.notices).items())
        case _:
            return ""


def _as_json(
    seen: Visit,
    layers: dict[Rung, bool],
    found: ProbeResult,
    name: Callable[[str], str],
    words: Callable[[str], str],
    summary: bool,
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ok": found.ok,
        "verdict": fit(found.words),
        "cause": fit(found.why.words) if found.why is not None else None,
        "cure": fit(found.why.cure) if found.why is not None else None,
        "layers": {rung.value: up for rung, up in layers.items()},
        "server_version": seen.server_version,
        "clock": None if seen.clock is None else words(seen.clock),
        "accounts": [name(account) for account in seen.accounts],
        "next_order_id": seen.next_order_id,
        "heartbeat_seconds": seen.heartbeat_seconds,
        "farms": {farm: state.value for farm, state in farms_of(seen.notices).items()},
        "notices": [
            {"code": n.code, "request": n.request_id, "text": words(notices.summary(n.text))} for n in seen.notices
        ],
        "ending": seen.ending.value,
        "detail": fit(seen.detail),
    }
    if summary:
        told["account_summary"] = [
            {
                "account": name(row.account),
                "tag": words(row.tag),
                "value": words(row.value),
                "currency": words(row.currency),
            }
            for row in seen.summary
        ]
    return told
