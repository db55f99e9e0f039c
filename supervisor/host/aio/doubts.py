"""What `ib_async` cannot decode. It writes the whole message to its log and goes on; here it is told instead.

Its decoder has one way to say so: the `exception` of its logger. So that is ours, and the message of the moment is
noted in front of the decoder.
"""

import logging
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

from ib_async import IB

Tell = Callable[[int, str, str, bytes], None]
"""Number, name if there is one, what it stumbled over, and the message."""
NAMES = {
    3: "ORDER_STATUS",
    4: "ERR_MSG",
    5: "OPEN_ORDER",
    6: "ACCT_VALUE",
    7: "PORTFOLIO_VALUE",
    8: "ACCT_UPDATE_TIME",
    11: "EXECUTION_DATA",
    59: "COMMISSION_REPORT",
    61: "POSITION_DATA",
    63: "ACCOUNT_SUMMARY",
    71: "POSITION_MULTI",
    73: "ACCOUNT_UPDATE_MULTI",
    94: "PNL",
    95: "PNL_SINGLE",
    101: "COMPLETED_ORDER",
}
"""As `ibapi` calls them, of those that concern money; the others have their number."""


def library() -> str:
    """`ib_async 2.1.0`."""
    return f"ib_async {metadata.version('ib_async')}"


class Doubts(logging.LoggerAdapter[logging.Logger]):
    """The logger of one IB's decoder. Raises ValueError: this IB has one, and so a keeper."""

    def __init__(self, ib: IB, tell: Tell) -> None:
        decoder = ib.client.decoder
        if isinstance(decoder.logger, Doubts):
            raise ValueError("this IB has, or had, a keeper: make another IB")
        super().__init__(decoder.logger, {})
        self._tell = tell
        self._fields: list[str] = []
        interpret = decoder.interpret

        def noted(fields: list[str]) -> None:
            self._fields = list(fields)  # a decoder may take from the front
            interpret(fields)

        decoder.logger = self
        decoder.interpret = noted

    def exception(self, msg: object, *args: object, exc_info: Any = True, **more: Any) -> None:
        """A message cannot be decoded, or what hears it raised."""
        error, fields = sys.exception(), self._fields
        number = int(fields[0]) if fields and fields[0].isdigit() else 0
        raw = b"".join(field.encode() + b"\0" for field in fields)
        self._tell(number, NAMES.get(number, ""), type(error).__name__, raw)
