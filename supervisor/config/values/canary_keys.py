"""`canary`: contracts whose data is watched, on a connection of its own."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final

from pydantic import Field, field_validator

from supervisor.config.keys import Keys, Reads, reads_duration, reads_number
from supervisor.config.values import readers
from supervisor.config.values.readers import Conflict, Wrong
from supervisor.core.model.behind.canary import CanaryContract, CanaryPolicy

_DEFAULT: Final = CanaryPolicy(())
MOST: Final = 10
"""Each is a line of market data of the account."""


def _word(value: object) -> str:
    return readers.text(value, "text", "a text, in quotes if it is a number")


def _word_or_nothing(value: object) -> str:
    return "" if readers.is_nothing(value) or value == "" else _word(value)


def _some(value: object) -> tuple[object, ...]:
    example = "[{symbol: EUR, sec_type: CASH, exchange: IDEALPRO, currency: USD}]"
    found = readers.sequence(example)(value)
    if not found:
        raise Wrong("is empty", f"write at least one contract, such as {example}")
    return found


Word = Annotated[str, Reads(_word, form="text")]
OptionalWord = Annotated[str, Reads(_word_or_nothing, form="text, or null")]


class CanaryContractKeys(Keys):
    """`canary.contracts[]`: one contract, as IBKR names it."""

    symbol: Word = Field(examples=["EUR"], description="Its symbol.")
    sec_type: Word = Field(examples=["CASH"], description="CASH, STK, IND, FUT, CRYPTO and so on.")
    exchange: Word = Field(examples=["IDEALPRO"], description="SMART, IDEALPRO, CME and so on.")
    currency: Word = Field(examples=["USD"], description="Its currency.")
    primary_exchange: OptionalWord = Field("", description="For a stock at SMART whose symbol is used twice.")
    local_symbol: OptionalWord = Field("", description="For a future: `ESZ6`.")


class CanaryKeys(Keys):
    """`canary` of a gateway: does the data of some contracts come?"""

    contracts: Annotated[tuple[CanaryContractKeys, ...], Reads(_some, form="list")] = Field(
        examples=["[{symbol: EUR, sec_type: CASH, exchange: IDEALPRO, currency: USD}]"],
        description=f"At most {MOST}. Each needs a line of market data of the account.",
    )
    client_id: Annotated[int, reads_number(1, readers.HIGHEST_CLIENT_ID, "client id")] = Field(
        _DEFAULT.client_id, description="Of its own connection: used by nobody else."
    )
    max_age: Annotated[float, reads_duration("5s", "1h")] = Field(
        _DEFAULT.max_age, description="Data that is older is missed."
    )

    @field_validator("contracts")
    @classmethod
    def _each_once(cls, contracts: tuple[CanaryContractKeys, ...]) -> tuple[CanaryContractKeys, ...]:
        if len(contracts) > MOST:
            raise Conflict(f"{len(contracts)} contracts", "are too many", f"keep at most {MOST}", "contracts")
        twice = [name for name, count in Counter(_contract(each).name for each in contracts).items() if count > 1]
        if twice:
            raise Conflict(f'"{twice[0]}"', "is there twice", "watch each contract once", "contracts")
        return contracts


def _contract(keys: CanaryContractKeys) -> CanaryContract:
    return CanaryContract(
        keys.symbol, keys.sec_type, keys.exchange, keys.currency, keys.primary_exchange, keys.local_symbol
    )


def canary_of(keys: CanaryKeys | None) -> CanaryPolicy | None:
    """What is watched; None if nothing is."""
    if keys is None:
        return None
    return CanaryPolicy(tuple(map(_contract, keys.contracts)), keys.client_id, keys.max_age)
