"""Where to look for the gateway's process and login: the kinds of controller, and what each needs to be found.

Looking only reads. What a kind can be asked to do, and what that costs, is not said here.
"""

from supervisor.frozen import dataclass

IBC_PORT = 7462
"""The port of the command server that IBC's documentation uses. IBC itself has none unless it is set."""


@dataclass(frozen=True, slots=True)
class Ibc:
    """IBC: its command server says that it runs, its log says where the login stands."""

    host: str = "127.0.0.1"
    port: int = IBC_PORT
    log: str | None = None
    """The log file, or a pattern such as `/home/ib/ibc/logs/*.txt` of which the newest counts."""
    kind = "ibc"


@dataclass(frozen=True, slots=True)
class Ibc2:
    """ibc2: a file of events, one JSON object a line."""

    events: str
    port: int = IBC_PORT
    """Of its command server, which looking does not use."""
    kind = "ibc2"


@dataclass(frozen=True, slots=True)
class Ibg:
    """ibg-controller: a health page."""

    health: str
    host: str = "127.0.0.1"
    port: int | None = None
    """Of its command server, which looking does not use."""
    token_file: str | None = None
    """With the token that the command server wants."""
    kind = "ibg"


@dataclass(frozen=True, slots=True)
class Unit:
    """A systemd unit."""

    unit: str
    user: bool = False
    """Of the user's manager, not of the system's."""
    kind = "unit"


@dataclass(frozen=True, slots=True)
class Container:
    """A container, by a file that its host writes: docs/controllers.md has the recipe."""

    status: str
    """The path of the file."""
    kind = "container"


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine, by words of its command line."""

    match: tuple[str, ...]
    """Each is a whole argument of the command line, or a part of one after `=`."""
    kind = "process"


@dataclass(frozen=True, slots=True)
class Command:
    """A program of the operator's own, which prints a state."""

    argv: tuple[str, ...]
    every: float = 10.0
    timeout: float = 5.0
    kind = "command"


Controller = Ibc | Ibc2 | Ibg | Unit | Container | Process | Command
