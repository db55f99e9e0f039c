"""The user's program, as the factory made it: an `EClient` on our connection, whose requests pass through us.

- The object stays the user's own. Its class is replaced by a subclass of it with `Seams` and the requests in front.
- A request is every method by which `EClient` asks for something. It goes if the session lives. If not, it raises
  `NotSent` or does what `when_down` says. What `ibapi` swallowed on the way is raised again.
- Nothing else of the program is touched: overriding, `super()` and `isinstance` work as before.
"""

import operator
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol

from ibapi.client import EClient

from supervisor.core.program.pacing import Priority
from supervisor.gateway.client import Seams
from supervisor.gateway.hosted.connection import Asking, ThreadContext
from supervisor.gateway.hosted.errors import BadProgram, NotSent, Why

_REQUEST = re.compile(
    r"(req|cancel|place|exercise|subscribe|unsubscribe|query|update|verify|calculate|replace)[A-Z]\w*"
)
_ORDERS = {"placeOrder": Priority.ORDER, "cancelOrder": Priority.CANCEL, "exerciseOptions": Priority.ORDER}
_GLOBAL_CANCEL = "reqGlobalCancel"
_TIME = "reqCurrentTime"
_OPEN_ORDERS = frozenset({"reqOpenOrders", "reqAllOpenOrders", "reqAutoOpenOrders"})
_PROTOBUF = "ProtoBuf"


class Owner(Protocol):
    """The session, as a program's requests see it."""

    @property
    def desk(self) -> ThreadContext: ...

    def connected(self) -> bool:
        """Whether requests go."""
        ...

    def knows(self, order_id: int) -> bool:
        """Whether the gateway may know an order of this id."""
        ...

    def sends(self, order_id: int) -> None:
        """An order with this id is about to go."""
        ...

    def ask_time(self) -> None:
        """The program wants the gateway's time."""
        ...

    def asks_open_orders(self) -> None:
        """The program asks for open orders; their end is for it, too."""
        ...

    def down(self, name: str, args: tuple[Any, ...], named: dict[str, Any], *, order: bool) -> Any:
        """A request came while no session lives: what `when_down` says. Raises NotSent."""
        ...

    def leave(self) -> None:
        """The program wants to end."""
        ...

    def interrupted(self) -> None:
        """An exception that is to end the process is being handled."""
        ...

    def is_own_thread(self) -> bool:
        """Whether `ibapi` itself calls, on the session's thread and outside of every callback."""
        ...


@dataclass(slots=True)
class Program:
    """What the factory made."""

    made: object
    """What it returned."""
    client: Any
    """The `EClient` in it."""
    wrapper: Any
    """The `EWrapper` in it: often the same object."""
    used: bool = False
    """It has had a session."""


def program_of(made: object) -> Program:
    """Take what a factory returned: one object, or a client and its wrapper.

    Raises:
        BadProgram: there is no `EClient` in it, or it cannot be hosted.
    """
    parts = made if isinstance(made, tuple | list) else (made,)
    client = next((part for part in parts if isinstance(part, EClient)), None)
    if client is None:
        raise BadProgram(f"the factory made {type(made).__name__}, and there is no ibapi EClient in it")
    if "wrapper" not in vars(client) or "msg_queue" not in vars(client):
        raise BadProgram(f"{type(client).__name__}.__init__ does not call EClient.__init__(self, wrapper)")
    if client.conn is not None:
        raise BadProgram(f"{type(client).__name__} is connected already: leave connect() and run() to the host")
    wrapper = vars(client)["wrapper"]
    return Program(made, client, wrapper)


def adopt(program: Program, owner: Owner, ears: object) -> None:
    """Put the program on a session of ours. Called anew for each attempt with the same object."""
    client = program.client
    if not isinstance(client, Hosted):
        try:
            client.__class__ = _hosted_class(type(client))
        except TypeError as error:
            raise BadProgram(f"{type(client).__name__} cannot be hosted: {error}") from error
    client._ib_supervisor_owner = owner
    client._ib_supervisor_ears = ears


class Hosted(Seams):
    """What is put in front of the user's class."""

    _ib_supervisor_owner: Owner
    _ib_supervisor_ears: object

    @property
    def wrapper(self) -> object:
        """What `ibapi` calls: our ears, which pass everything on."""
        return self._ib_supervisor_ears

    def connect(self, *_: Any, **__: Any) -> None:
        """Raises RuntimeError: the host connects."""
        raise RuntimeError(
            "a hosted program does not call connect(): the host has done so, and does so after each loss"
        )

    def run(self) -> None:
        """Raises RuntimeError: the host runs it."""
        raise RuntimeError("a hosted program does not call run(): the host runs it")

    def disconnect(self) -> None:
        """Called by the program: end its session and the host. Called by `ibapi`: close the connection."""
        if self._ib_supervisor_owner.is_own_thread():
            EClient.disconnect(self)
        else:
            self._ib_supervisor_owner.leave()

    def keyboardInterrupt(self) -> None:
        """Ctrl-C or `sys.exit()` in a callback ends the host, and is raised again there."""
        self._ib_supervisor_owner.interrupted()


_classes: dict[type, type] = {}
_making = threading.Lock()


def _hosted_class(cls: type) -> type:
    """The subclass of a user's class. There is one for each class, however many sessions it has."""
    with _making:
        found = _classes.get(cls)
        if found is None:
            names = {name for name in dir(EClient) if _REQUEST.fullmatch(name)} | {"setServerLogLevel"}
            requests = {
                name: _request(name, getattr(cls, name)) for name in names if callable(getattr(cls, name, None))
            }
            found = _classes[cls] = type(cls.__name__, (Hosted, cls), {"__module__": cls.__module__, **requests})
        return found


def _request(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """The method of a request, with us in front."""
    plain = name.removesuffix(_PROTOBUF)
    kind = Priority.CANCEL if plain == _GLOBAL_CANCEL else _ORDERS.get(plain, Priority.REQUEST)

    @wraps(original)
    def request(self: Any, *args: Any, **named: Any) -> Any:
        owner: Owner = self._ib_supervisor_owner
        desk = owner.desk
        if desk.asking is not None or desk.ours:
            return original(self, *args, **named)  # one request makes another, or the host asks
        if not owner.connected():
            return owner.down(name, args, named, order=kind is not Priority.REQUEST)
        if plain == _TIME:
            owner.ask_time()
            return None
        if plain in _OPEN_ORDERS:
            owner.asks_open_orders()
        order_id = None
        if kind is not Priority.REQUEST and plain not in (_GLOBAL_CANCEL, "exerciseOptions"):
            order_id = _order_id(args, named)
        known = order_id is not None and owner.knows(order_id)
        if plain == "placeOrder" and order_id is not None:
            owner.sends(order_id)
        asking = Asking(name, kind, order_id, plain == _GLOBAL_CANCEL, known)
        desk.asking = asking
        try:
            found = original(self, *args, **named)
        except NotSent:
            raise
        except Exception as error:
            if owner.connected():
                raise
            raise NotSent(name, Why.DOWN, "the session is over") from error
        finally:
            desk.asking = None
        if asking.failed is not None:
            raise asking.failed
        if asking.said and not owner.connected():
            raise NotSent(name, Why.DOWN, "the session is over")
        return found

    return request


def _order_id(args: tuple[Any, ...], named: dict[str, Any]) -> int | None:
    """The order id among the arguments; of a protobuf request its field."""
    first = args[0] if args else next(iter(named.values()), None)
    found: Any = named.get("orderId", first)
    found = getattr(found, "orderId", found)
    try:
        return operator.index(found)  # also of a number of numpy
    except TypeError:
        return None
