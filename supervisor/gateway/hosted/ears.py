"""What `ibapi` calls instead of the user's wrapper: everything is passed on, and some of it is heard on the way.

- Each callback of the program is guarded: one that raises is told, counted, and costs nothing else. Which one is
  running is known at every moment.
- The answers to the host's own questions are not the program's: the heartbeat's time, the probe's contract, and the end
  of the executions. The fills themselves are passed on as if the gateway had told them unasked.
- Callbacks are never held back.
"""

import inspect
from collections.abc import Callable
from typing import Any, Protocol

from ibapi.wrapper import EWrapper

from supervisor.gateway.hosted.errors import NotSent
from supervisor.gateway.wrapper import Callbacks, error_arguments

OWN_REQUESTS = 2_000_000_000
"""Request ids from here on are the host's own."""
UNASKED = -1
_TIMED_ERRORS = "errorTime" in inspect.signature(EWrapper.error).parameters
ENDS_THE_PROCESS = (KeyboardInterrupt, SystemExit)
"""What else a program raises costs it nothing: cancellations and what test tools raise are no `Exception` either."""
_OF_OUR_SIDE = frozenset({502, 504})
_BAD_MESSAGE = 506


class Owner(Protocol):
    """The session, as the ears need it."""

    asked_time: int
    """How often the program asked for the time and was not answered."""
    running: str
    """The callback of the program that runs."""

    def callback_failed(self, name: str, error: BaseException) -> None:
        """A callback raised."""
        ...

    def refused_quietly(self, name: str, error: NotSent) -> None:
        """A callback asked for something while its session died."""
        ...

    def is_asking(self) -> bool:
        """Whether this thread sends something of the host's own."""
        ...

    def said_of_request(self, text: str) -> bool | None:
        """`ibapi` says something while this thread makes a request of the program: whether it did not go.

        None if this thread makes none.
        """
        ...

    def closed(self) -> None:
        """The connection is closed."""
        ...

    def id_told(self, order_id: int) -> None:
        """`nextValidId` came."""
        ...

    def order_seen(self, client_id: int, order_id: int) -> None:
        """The gateway told of an order."""
        ...

    def open_orders_end(self) -> bool:
        """The end of open orders came: whether the program asked for it."""
        ...

    def executions_end(self, request_id: int) -> None:
        """The end of the executions of a question of ours."""
        ...

    def question_refused(self, request_id: int, code: int, text: str) -> None:
        """The gateway told an error about a question of ours."""
        ...

    def stream_told(self, request_id: int, code: int) -> None:
        """The gateway told an error about a request of the program's."""
        ...


class Ears:
    """The callbacks of one session, for a program's wrapper."""

    def __init__(self, callbacks: Callbacks, wrapper: Any, owner: Owner) -> None:
        self._heard = callbacks
        self._wrapper = wrapper
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._wrapper, name)
        if name.startswith("__") or not callable(found):
            return found
        guarded = self._guarded(name)
        self.__dict__[name] = guarded  # made once
        return guarded

    def _guarded(self, name: str) -> Callable[..., None]:
        owner, wrapper = self._owner, self._wrapper

        def guarded(*args: Any, **named: Any) -> None:
            outer, owner.running = owner.running, name
            try:
                getattr(wrapper, name)(*args, **named)
            except NotSent as error:
                owner.refused_quietly(name, error)
            except ENDS_THE_PROCESS:
                raise
            except BaseException as error:
                owner.callback_failed(name, error)
            finally:
                owner.running = outer

        return guarded

    def tell(self, name: str, *args: Any) -> None:
        """Call a callback or a hook of the program, if it has one."""
        if callable(getattr(self._wrapper, name, None)):
            self._guarded(name)(*args)

    def tell_error(self, request_id: int, code: int, text: str) -> None:
        """Call the program's `error` in the layout of this `ibapi`."""
        self.tell("error", request_id, *((0,) if _TIMED_ERRORS else ()), code, text)

    # -- heard and passed on, by the names of ibapi --------------------------------------------------------------------

    def connectAck(self) -> None:
        self._heard.connectAck()
        self.tell("connectAck")

    def managedAccounts(self, accountsList: str) -> None:
        self._heard.managedAccounts(accountsList)
        self.tell("managedAccounts", accountsList)

    def nextValidId(self, orderId: int) -> None:
        self._heard.nextValidId(orderId)
        self._owner.id_told(orderId)
        self.tell("nextValidId", orderId)

    def connectionClosed(self) -> None:
        self._owner.closed()
        if self._heard.connected:
            self.tell("connectionClosed")

    def currentTime(self, time: int) -> None:
        self._heard.currentTime(time)
        asked, self._owner.asked_time = self._owner.asked_time, 0
        for _ in range(asked):
            self.tell("currentTime", time)

    def contractDetails(self, reqId: int, contractDetails: object) -> None:
        if reqId >= OWN_REQUESTS:
            self._heard.contractDetails(reqId - OWN_REQUESTS, contractDetails)
        else:
            self.tell("contractDetails", reqId, contractDetails)

    def contractDetailsEnd(self, reqId: int) -> None:
        if reqId < OWN_REQUESTS:
            self.tell("contractDetailsEnd", reqId)

    def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:
        self._owner.order_seen(order.clientId, orderId)
        self.tell("openOrder", orderId, contract, order, orderState)

    def orderStatus(self, orderId: int, *more: Any) -> None:
        if len(more) > 7:  # the client id follows seven others, in all releases
            self._owner.order_seen(more[7], orderId)
        self.tell("orderStatus", orderId, *more)

    def openOrderEnd(self) -> None:
        if self._owner.open_orders_end():
            self.tell("openOrderEnd")

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        self._owner.order_seen(execution.clientId, execution.orderId)
        self.tell("execDetails", UNASKED if reqId >= OWN_REQUESTS else reqId, contract, execution)

    def execDetailsEnd(self, reqId: int) -> None:
        if reqId >= OWN_REQUESTS:
            self._owner.executions_end(reqId)
        else:
            self.tell("execDetailsEnd", reqId)

    def error(self, *args: Any) -> None:
        """A message code, in any layout of the arguments."""
        if self._owner.is_asking():
            self._heard.error(*args)
            return
        request_id, code, text = error_arguments(args)
        lost = self._owner.said_of_request(f"{code}: {text}")
        if lost or (lost is not None and code in _OF_OUR_SIDE):
            return  # the request raises instead
        if lost is None:
            self._heard.error(*args)
        if code in _OF_OUR_SIDE and not self._heard.connected:
            return  # the host connects, and says itself what came of it
        if code == _BAD_MESSAGE:
            return  # the session tells of the message, without quoting it
        if request_id >= OWN_REQUESTS:
            self._owner.question_refused(request_id, code, text)
            return
        self.tell("error", *args)
        self._owner.stream_told(request_id, code)
