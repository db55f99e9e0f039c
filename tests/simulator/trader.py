"""Orders as a client writes them at server version 176, and answers sorted by message id.

The places of the fields are those of IBKR's own clients; nothing of the simulator is used.
"""

from collections.abc import Callable

from tests.simulator.client import RawClient

AAPL = (0, "AAPL", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
"""A contract in its twelve fields."""


class Trader(RawClient):
    """A client that trades; it is ready at once."""

    def __init__(self, port: int, client_id: int = 7) -> None:
        super().__init__(port)
        self.ready(client_id)

    def place(
        self,
        order_id: int,
        action: str = "BUY",
        quantity: float = 100,
        kind: str = "MKT",
        limit: object = "",
        aux: object = "",
        *,
        contract: tuple[object, ...] = AAPL,
        tif: str = "DAY",
        oca: str = "",
        oca_type: int = 0,
        account: str = "",
        transmit: int = 1,
        parent: int = 0,
        trail_percent: object = "",
        what_if: int = 0,
        after: str = "",
        till: str = "",
        cash: object = "",
        discretion: float = 0,
        adviser: str = "",
        scale: object = "",
        hedge: str = "",
        adjusted: str = "",
        conditions: int = 0,
    ) -> None:
        """PLACE_ORDER with the fields that matter; the others say that they are not set."""
        head = (
            order_id,
            *contract,
            "",
            "",
            action,
            quantity,
            kind,
            limit,
            aux,
            tif,
            oca,
            account,
            "",
            0,
            "ref",
            transmit,
        )
        middle = (parent, 0, 0, 0, 0, 0, 0, "", discretion, after, till, adviser, "", "", "", "")
        others = (0, "", -1, oca_type, "", "", 0, "", "")
        prices = (0, 0, "", 0, "", "", "", "", "", 0, "", "", "", "", 0, "", "", trail_percent, "", "")
        scaling = (scale, "", "", 0, "", "", 0, 0, "", "", "") if scale else ("", "", "", "")
        hedging = (hedge, "") if hedge else ("",)
        rest: tuple[object, ...] = (0, "", "", 0, 0, "", "", what_if, "", 0, 0, 0, conditions)
        if conditions:  # one, on the time, and that it neither cancels nor counts outside of trading hours
            rest = (*rest, 3, "a", 1, "20261127 12:00:00", 0, 0)
        last = (adjusted, "", "", "", "", "", 0, "", "", "", cash, "", "", "", "", 0, 0, 0, "", "", "", 0, "", "")
        self.ask(3, *head, *middle, *others, *prices, *scaling, *hedging, *rest, *last)

    def until(self, number: str | Callable[[list[str]], bool], most: int = 500) -> list[list[str]]:
        """Every message up to the first one with this id, or that fits."""
        heard = []
        for _ in range(most):
            heard.append(self.message())
            if heard[-1][0] == number if isinstance(number, str) else number(heard[-1]):
                return heard
        raise AssertionError(f"not within {most} messages: {number}")

    def status(self, order_id: int, wanted: str) -> list[str]:
        """The orderStatus that says this, reading over everything before."""
        return self.until(lambda told: told[:3] == ["3", str(order_id), wanted])[-1]

    def error(self, code: int) -> list[str]:
        """The message code, reading over everything before."""
        return self.until(lambda told: told[0] == "4" and told[3] == str(code))[-1]
