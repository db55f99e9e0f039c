"""`controller`: where the gateway's process and login can be seen, each kind with its own keys."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Discriminator, Field, Tag

from supervisor.config.keys import A_PATH, Flag, Host, Keys, Reads, or_null, reads_duration, reads_number
from supervisor.config.values import readers
from supervisor.config.values.readers import Wrong
from supervisor.core.model.behind import controller as kinds

_IBC: Final = kinds.Ibc()


def _text(what: str, example: str) -> Reads:
    return Reads(lambda value: readers.text(value, what, example), form=what)


def _some(what: str, example: str) -> Reads:
    read = readers.sequence(example)

    def some(value: object) -> tuple[object, ...]:
        found = read(value)
        if not found:
            raise Wrong("is empty", f"write {what}, such as {example}")
        return found

    return Reads(some, form="list")


def _url(value: object) -> str:
    said = readers.text(value, "URL", "a URL such as http://127.0.0.1:8080/health")
    if not said.startswith(("http://", "https://")):
        raise Wrong("is not a URL of http", "write one such as http://127.0.0.1:8080/health")
    return said


Argument = Annotated[str, _text("text", "a text, in quotes if it is a number")]
_Port = Annotated[int, reads_number(1, readers.HIGHEST_PORT, "TCP port")]
_Kind = Annotated[str, _text("kind", "a kind of controller")]
_KIND_IS: Final = "The kind."


class IbcKeys(Keys):
    """`controller` of kind `ibc`: IBC 3."""

    kind: _Kind = Field(examples=["ibc"], description=_KIND_IS)
    host: Host = Field(_IBC.host, description="Where IBC's command server listens.")
    port: _Port = Field(_IBC.port, description="Its port: `CommandServerPort` of IBC, which is 0, none, unless set.")
    log: Annotated[str | None, or_null(A_PATH)] = Field(
        None, description="IBC's log file, or a pattern of which the newest file counts. Only it tells of dialogs."
    )
    auto_restart_time_set: Flag = Field(
        False,
        description="IBC's config sets the time of the daily restart itself, so that its command "
        "RESTART does not move it for good. Only `recovery` asks.",
    )


class Ibc2Keys(Keys):
    """`controller` of kind `ibc2`."""

    kind: _Kind = Field(examples=["ibc2"], description=_KIND_IS)
    events: Annotated[str, A_PATH] = Field(
        examples=["/home/ib/.ibc2/runtime/events.jsonl"], description="Its file of events."
    )
    port: _Port = Field(_IBC.port, description="The port of its command server.")
    auto_restart_time_set: Flag = Field(
        False,
        description="Its config sets the time of the daily restart itself, so that its command "
        "RESTART does not move it for good. Only `recovery` asks.",
    )


class IbgKeys(Keys):
    """`controller` of kind `ibg`: ibg-controller."""

    kind: _Kind = Field(examples=["ibg"], description=_KIND_IS)
    health: Annotated[str, Reads(_url, form="URL")] = Field(
        examples=["http://127.0.0.1:8080/health"], description="Its health page. It is asked every 10 s."
    )
    host: Host = Field("127.0.0.1", description="Where its command server listens. Only `recovery` asks.")
    port: Annotated[int | None, or_null(reads_number(1, readers.HIGHEST_PORT, "TCP port"))] = Field(
        None, description="Its port: `CONTROLLER_COMMAND_SERVER_PORT`, which is none unless set."
    )
    token_file: Annotated[str | None, or_null(A_PATH)] = Field(
        None, description="A file with `CONTROLLER_COMMAND_SERVER_AUTH_TOKEN`, if it has one."
    )


class UnitKeys(Keys):
    """`controller` of kind `unit`: a systemd unit."""

    kind: _Kind = Field(examples=["unit"], description=_KIND_IS)
    unit: Argument = Field(examples=["ib-gateway.service"], description="Its name.")
    user: Flag = Field(False, description="It is a unit of this user, not of the system.")


class ContainerKeys(Keys):
    """`controller` of kind `container`."""

    kind: _Kind = Field(examples=["container"], description=_KIND_IS)
    status: Annotated[str, A_PATH] = Field(
        examples=["/run/ib-gateway/state.json"],
        description="A file that the host writes: `docker inspect --format '{{json .State}}' NAME`.",
    )


class ProcessKeys(Keys):
    """`controller` of kind `process`: a process of this machine."""

    kind: _Kind = Field(examples=["process"], description=_KIND_IS)
    match: Annotated[tuple[Argument, ...], _some("arguments", "[ibcalpha.ibc.IbcGateway]")] = Field(
        examples=["[ibcalpha.ibc.IbcGateway]"], description="Arguments of its command line, all of them."
    )


class CommandKeys(Keys):
    """`controller` of kind `command`: a program of your own that prints a state."""

    kind: _Kind = Field(examples=["command"], description=_KIND_IS)
    argv: Annotated[tuple[Argument, ...], _some("a command", "[/usr/local/bin/gateway-state, live]")] = Field(
        examples=["[/usr/local/bin/gateway-state, live]"], description="The program and its arguments; no shell."
    )
    every: Annotated[float, reads_duration("1s", "10m")] = Field(
        kinds.Command(()).every, description="From one end of it to the next start."
    )
    timeout: Annotated[float, reads_duration("100ms", "1m")] = Field(
        kinds.Command(()).timeout, description="How long it may take. Then it is killed, and nothing is known."
    )


class NoneKeys(Keys):
    """`controller` of kind `none`: nobody is asked, as with `controller: null`."""

    kind: _Kind = Field(examples=["none"], description=_KIND_IS)


KINDS: Final[dict[str, type[Keys]]] = {
    "ibc": IbcKeys,
    "ibc2": Ibc2Keys,
    "ibg": IbgKeys,
    "unit": UnitKeys,
    "container": ContainerKeys,
    "process": ProcessKeys,
    "command": CommandKeys,
    "none": NoneKeys,
}
_KIND_OF: Final = {model: kind for kind, model in KINDS.items()}
TAGGED: Final[dict[int | str, type[Keys]]] = {f"<{kind}>": model for kind, model in KINDS.items()}
"""Tags of the kinds. pydantic puts them after `controller` in the place of an error."""


def _tag(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else _KIND_OF.get(type(value))  # type: ignore[arg-type]
    return f"<{str(kind).strip()}>"


def _of_a_kind(value: object) -> object:
    if readers.is_nothing(value):
        return None
    if type(value) in _KIND_OF:
        return value
    if not isinstance(value, dict):
        raise Wrong("is not a mapping", "write its kind below it, such as kind: ibc")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind.strip() not in KINDS:
        raise Wrong("has no known kind", f"write kind: and one of {', '.join(KINDS)}")
    return value


ControllerKeys = Annotated[
    Annotated[IbcKeys, Tag("<ibc>")]
    | Annotated[Ibc2Keys, Tag("<ibc2>")]
    | Annotated[IbgKeys, Tag("<ibg>")]
    | Annotated[UnitKeys, Tag("<unit>")]
    | Annotated[ContainerKeys, Tag("<container>")]
    | Annotated[ProcessKeys, Tag("<process>")]
    | Annotated[CommandKeys, Tag("<command>")]
    | Annotated[NoneKeys, Tag("<none>")],
    Discriminator(_tag),
]
A_CONTROLLER = Reads(_of_a_kind, form="mapping with `kind`, or null")


def controller_of(keys: ControllerKeys | None) -> kinds.Controller | None:
    """What is looked at; None if nobody is."""
    match keys:
        case None | NoneKeys():
            return None
        case IbcKeys():
            return kinds.Ibc(keys.host, keys.port, keys.log)
        case Ibc2Keys():
            return kinds.Ibc2(keys.events, keys.port)
        case IbgKeys():
            return kinds.Ibg(keys.health, keys.host, keys.port, keys.token_file)
        case UnitKeys():
            return kinds.Unit(keys.unit, keys.user)
        case ContainerKeys():
            return kinds.Container(keys.status)
        case ProcessKeys():
            return kinds.Process(keys.match)
        case CommandKeys():
            return kinds.Command(keys.argv, keys.every, keys.timeout)
