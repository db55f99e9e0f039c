"""The gate as it is written: of a gateway what closes it, of the daemon where its files are."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from supervisor.config.keys import A_PATH, Flag, Keys, or_null, reads_duration, reads_word
from supervisor.core.model.gate import GateFarms, GatePolicy

_USUAL: Final = GatePolicy()


class GateKeys(Keys):
    """`gate` of a gateway: when it says that orders are safe to send."""

    before_restart: Annotated[float, reads_duration("0s", "6h")] = Field(
        _USUAL.before_restart, description="How long before a daily or weekly restart it closes."
    )
    quiet: Annotated[float, reads_duration("0s", "10m")] = Field(
        _USUAL.quiet, description="How long nothing must have been wrong before it opens."
    )
    farms: Annotated[GateFarms, reads_word(GateFarms)] = Field(
        _USUAL.farms,
        description="Which broken farms close it: the required ones of market data, all required ones, or none.",
    )
    order_ids: Flag = Field(
        _USUAL.order_ids,
        description="A next order id lower than that of the session before closes it until `confirm-ids`. It is the id "
        "of the daemon's own client id, which sends no orders.",
    )


class GateFileKeys(Keys):
    """`gate` of the file: where programs read it."""

    directory: Annotated[str | None, or_null(A_PATH)] = Field(
        None,
        description="A folder for a file NAME.json of each gateway, best in memory (tmpfs). A relative path is taken "
        "from `$RUNTIME_DIRECTORY`, without it from the config file's folder.",
    )
