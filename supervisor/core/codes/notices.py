"""What a message of the gateway says, once it has been read.

Rules of this file:

- `Notice` is closed: who handles one handles all.
- What the text does not give is None, never a guess. A farm invented out of a translated sentence would stay broken for
  ever.
"""

import datetime as dt
from typing import Final, Literal

from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.frozen import dataclass

NAME_LIMIT: Final = 64
"""The longest name that is kept, in characters; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class FarmNotice:
    """A farm of this kind is now in this state. `name` is None if the text does not give one."""

    kind: FarmKind
    state: FarmState
    name: str | None


@dataclass(frozen=True, slots=True)
class UpstreamLost:
    """The gateway has lost IBKR's servers. It repeats this for hours; `code` is 1100 or 2110."""

    code: int


@dataclass(frozen=True, slots=True)
class UpstreamRestored:
    """The gateway has IBKR's servers again.

    `data` says whether the subscriptions are gone (1101) or were kept (1102). The names are those that the text lists;
    both lists are empty in its bare form, and in a translated text.
    """

    data: Literal["lost", "maintained"]
    connected: tuple[str, ...] = ()
    not_connected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PortChanged:
    """The API port was changed in the gateway's settings (1300). `port` is None if the text does not give one."""

    port: int | None


@dataclass(frozen=True, slots=True)
class ClientIdInUse:
    """Another session holds our client id (326). The gateway closes this one."""


@dataclass(frozen=True, slots=True)
class CompetingSession:
    """The same user is logged in elsewhere and took the market data. `code` is 10197, 162, 420 or 10189."""

    code: int


@dataclass(frozen=True, slots=True)
class Desupported:
    """IBKR will refuse this version of the gateway from `date` on (2172). What the text does not give is None."""

    version: str | None
    date: dt.date | None
    minimum: str | None


@dataclass(frozen=True, slots=True)
class PacingWarning:
    """A program sends too many messages a second, or nearly (100 and 0)."""


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """The API is in read-only mode (321). That is enough for this daemon."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A message without consequences here, known or not."""


Notice = (
    FarmNotice
    | UpstreamLost
    | UpstreamRestored
    | PortChanged
    | ClientIdInUse
    | CompetingSession
    | Desupported
    | PacingWarning
    | ReadOnly
    | Plain
)


def kind_of_unseen(name: str) -> FarmKind:
    """The likely kind of a farm that no farm notice has named yet (1101 and 1102 list names without kinds)."""
    folded = name.lower()
    if "hmds" in folded or folded == "fundfarm":  # mutual funds are served as history
        return FarmKind.HISTORICAL
    if folded.startswith("secdef"):
        return FarmKind.SEC_DEF
    return FarmKind.MARKET_DATA


def summary(text: str, limit: int = 300) -> str:
    """At most `limit` characters of the text, as raw as it came. A cut ends in `...`.

    To show or keep it, mask it first and then make one clean line of it.
    """
    return text if len(text) <= limit else beginning(text, max(limit - 3, 0)) + "..."[:limit]


def beginning(text: str, limit: int) -> str:
    """The first `limit` characters, without digits at the end.

    The cut may be inside an account number, and the mask does not recognize half of one.
    """
    return text if len(text) <= limit else text[:limit].rstrip("0123456789")
