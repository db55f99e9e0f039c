"""What a gateway says of itself: the handshake, accounts, ids, its clock, message codes, and the ends of answers."""

from collections.abc import Sequence

from supervisor.simulator.wire.frames import frame, text_fields
from supervisor.simulator.wire.ids import Answer
from supervisor.simulator.wire.message import Fields, Message


def handshake(version: int | str, clock: str) -> bytes:
    """The one frame that answers the hello: version and the gateway's wall clock with a zone name."""
    return frame(text_fields(version, clock))


def error(request: int, code: int, text: str, millis: int) -> Message:
    """A message code with its text; `millis` is the time of it, told only from 194 on."""

    def fields(version: int) -> Fields:
        if version < 166:
            return 2, request, code, text
        return (2, request, code, text, "") if version < 194 else (request, code, text, "", millis)

    return Message(Answer.ERROR, fields, lambda: ((1, request), (2, millis), (3, code), (4, text)))


def managed_accounts(accounts: Sequence[str]) -> Message:
    """The accounts of the login, comma-separated on the wire."""
    listed = ",".join(accounts)
    return Message(Answer.MANAGED_ACCOUNTS, (1, listed), lambda: ((1, listed),))


def next_valid_id(order_id: int) -> Message:
    """The lowest order id the client may use."""
    return Message(Answer.NEXT_VALID_ID, (1, order_id), lambda: ((1, order_id),))


def current_time(seconds: int) -> Message:
    """The gateway's clock, whole seconds since 1970."""
    return Message(Answer.CURRENT_TIME, (1, seconds), lambda: ((1, seconds),))


def current_time_millis(millis: int) -> Message:
    """The gateway's clock, milliseconds since 1970."""
    return Message(Answer.CURRENT_TIME_MILLIS, (millis,), lambda: ((1, millis),))


_UNVERSIONED = frozenset({Answer.HISTORY_END, Answer.OPTION_CHAIN_END})


def end(answer: Answer, request: int) -> Message:
    """An end message that carries the request's id."""
    return Message(answer, (request,) if answer in _UNVERSIONED else (1, request), lambda: ((1, request),))


def end_of_all(answer: Answer) -> Message:
    """An end message without an id: positions, open orders, completed orders."""
    return Message(answer, () if answer is Answer.COMPLETED_ORDERS_END else (1,), lambda: ())
