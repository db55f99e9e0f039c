"""The words that are done at once: said to clients, endings of connections, the port, orders, prices.

Rules
- Each is a function of the gateway and the word's arguments, and returns what the word tells (mostly nothing).
- What cannot be done (an order that is not there, a contract that is not known) raises `ScenarioError`.
"""

from collections.abc import Mapping

from supervisor.simulator.behaviour.badbytes import exact_read, garbage, oversize
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.engine.server import Act, Arguments, Result, Server, seconds, whole
from supervisor.simulator.scenario.files import ScenarioError
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import Key
from supervisor.simulator.state.prices import Pin
from supervisor.simulator.wire.ids import OLDEST_VERSION

PORT_CHANGED = 1300
_PORT_TEXT = (
    "Socket port has been reset and this connection is being dropped.\nPlease reconnect on the new port -{port}"
)


def _notice(server: Server, arguments: Arguments) -> Result:
    text = str(arguments["text"])
    return {"clients": server.notice(whole(arguments, "request"), whole(arguments, "code"), text)}


def _garbage(server: Server, arguments: Arguments) -> None:
    for session in server.started:
        session.link.send(garbage(str(arguments["mode"]), session.server_version or OLDEST_VERSION))


def _oversize(server: Server, arguments: Arguments) -> None:
    for session in server.started:
        version = session.server_version or OLDEST_VERSION
        session.link.send(oversize(whole(arguments, "size"), version, server.moment().millis))


def _burst(server: Server, arguments: Arguments) -> Result:
    frames = 0
    for session in server.started:
        burst, frames = exact_read(session.server_version or OLDEST_VERSION, server.moment().millis)
        session.link.send(burst)
        session.link.hold(seconds(arguments, "quiet"))
    return {"frames": frames}


def _accept_again(server: Server, _: Arguments) -> None:
    server.end(Fault.REFUSE)


def _thaw(server: Server, _: Arguments) -> None:
    server.end(Fault.FREEZE)


def _move(server: Server, arguments: Arguments) -> Result:
    """Tell code 1300, end the sessions, listen elsewhere; the old port stays ours and refuses."""
    port = whole(arguments, "port")
    kept = [listener for listener in server.listeners if listener.port == port]
    moved = kept[0] if kept else server.listen(port)
    server.use(moved)
    server.notice(-1, PORT_CHANGED, _PORT_TEXT.format(port=moved.port))
    _finish(server, arguments)
    return {"port": moved.port}


def _restart(server: Server, arguments: Arguments) -> None:
    then = arguments["then"]

    def up_again() -> None:
        if then is not None:
            server.begin(Fault(str(then)), {"for": arguments["then_for"], "how": "fin"})

    server.begin(Fault.REFUSE, {"for": arguments["for"], "sessions": "drop"}, up_again)


def _reset(server: Server, _: Arguments) -> None:
    server.reset_all()


def _finish(server: Server, _: Arguments) -> None:
    for session in server.sessions:
        session.link.finish()


def _half_open(server: Server, _: Arguments) -> None:
    for session in server.sessions:
        session.go_deaf()


def _heal(server: Server, _: Arguments) -> None:
    server.go_home()


def _key(server: Server, arguments: Arguments) -> Key:
    """The order that is meant: of the client named, or of the only one that has such an id."""
    order_id, client_id = whole(arguments, "order"), arguments.get("client")
    found = [
        key for key in server.world.exchange.keys if key.order_id == order_id and client_id in (None, key.client_id)
    ]
    if len(found) != 1:
        raise ScenarioError([f"order: {len(found)} clients have an order {order_id}; name one by client"])
    return found[0]


def _number(arguments: Arguments, name: str) -> float | None:
    value = arguments.get(name)
    return float(value) if isinstance(value, int | float) else None


def _fill(server: Server, arguments: Arguments) -> None:
    key, quantity, price = _key(server, arguments), _number(arguments, "quantity"), _number(arguments, "price")
    try:
        events = server.world.exchange.fill(key, quantity, price, server.clock.wall())
    except ValueError as error:
        raise ScenarioError([str(error)]) from None
    server.broker.from_ibkr(events)


def _cancel_order(server: Server, arguments: Arguments) -> None:
    key, reason = _key(server, arguments), str(arguments["reason"])
    server.broker.from_ibkr(server.world.exchange.cancel(key, server.clock.wall(), reason))


def _row(server: Server, arguments: Arguments) -> Instrument:
    named = arguments["contract"]
    row = server.world.named(named) if isinstance(named, int | str) else None
    if row is None:
        raise ScenarioError([f"contract: {named!r} is not known"])
    return row


def _price(server: Server, arguments: Arguments) -> None:
    """Put a price where it stays; without one, let it go."""
    row, last = _row(server, arguments), _number(arguments, "last")
    bid, ask = _number(arguments, "bid"), _number(arguments, "ask")
    middle = last if last is not None else bid if bid is not None else ask
    pin = None if middle is None else Pin(server.clock.wall(), middle, bid, ask)
    server.world.prices.pin(row.con_id, pin)
    server.broker.pulse()


def _position(server: Server, arguments: Arguments) -> None:
    """Put a position into an account, as if it had always been there."""
    row, account = _row(server, arguments), str(arguments["account"]) or server.settings.accounts[0]
    quantity = _number(arguments, "quantity") or 0.0
    server.world.hold(row.con_id, quantity, _number(arguments, "cost"), account, server.clock.wall())


ACTS: Mapping[str, Act] = {
    "notice": _notice,
    "garbage": _garbage,
    "oversize": _oversize,
    "burst_4096": _burst,
    "accept_again": _accept_again,
    "thaw": _thaw,
    "port_changed": _move,
    "restart": _restart,
    "rst": _reset,
    "fin": _finish,
    "half_open": _half_open,
    "heal": _heal,
    "fill": _fill,
    "cancel_order": _cancel_order,
    "price": _price,
    "position": _position,
}
"""Every such word."""
