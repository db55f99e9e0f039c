"""pydantic's errors as faults of the file: with the line where the value really stands, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from supervisor.config.model import GatewayKeys
from supervisor.config.reading.faults import Faults
from supervisor.config.values.controller_keys import TAGGED as CONTROLLERS
from supervisor.config.values.readers import Conflict, Conflicts, NoUnit, Wrong, did_you_mean
from supervisor.config.values.window_keys import ONCE, WEEKLY, OnceWindowKeys, WeeklyWindowKeys
from supervisor.yaml_lines import Expanded, Node, below, shown_text

Place = tuple[int | str, ...]
"""Where a value is: keys and indices, and in pydantic's errors the tags of unions."""

_TAGGED: Final[dict[int | str, type[BaseModel]]] = {
    ONCE: OnceWindowKeys,
    WEEKLY: WeeklyWindowKeys,
    **CONTROLLERS,
}
_SYNONYMS: Final = {
    **dict.fromkeys(("tz", "zone", "time_zone"), "timezone"),
    **dict.fromkeys(("restart", "auto_restart", "autorestart", "daily"), "daily_restart"),
    "weekly": "weekly_restart",
    **dict.fromkeys(("id", "clientid", "client"), "client_id"),
    **dict.fromkeys(("ip", "address", "hostname", "server"), "host"),
    **dict.fromkeys(("reset", "region"), "server_reset"),
    "farms": "required_farms",
    "gateway": "gateways",
    "default": "defaults",
}
"""What people call a key: where it is not known, and the other is, that one was meant."""
_KEY: Final = "[key]"
"""What pydantic puts after a key that is wrong itself."""
_NO_MAPPING: Final = frozenset({"model_type", "dict_type"})


def tell(error: ValidationError, model: type[BaseModel], root: Node, faults: Faults) -> None:
    """Note every error of validating `root` as `model`."""
    for detail in error.errors(include_url=False, include_input=False):
        _tell(detail, model, root, faults)


def tell_of_part(error: ValidationError, root: Node, faults: Faults) -> None:
    """Note the errors of a mapping that is only a part of a gateway, `defaults`.

    What is missing in it may stand in the gateway, and so may the other half of a conflict. The elements of lists are
    whole, because lists do not merge.
    """
    for detail in error.errors(include_url=False, include_input=False):
        in_list = any(isinstance(step, int) for step in detail["loc"])
        in_part = detail["type"] != "missing" and not isinstance(_reason(detail), Conflict)
        if in_list or in_part:
            _tell(detail, GatewayKeys, root, faults)


def find(root: Node, place: Place) -> tuple[Node, Place]:
    """The deepest node on the way to this place, and what is left of the way."""
    node = root
    for depth, step in enumerate(place):
        if isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        elif isinstance(step, str) and step in node.entries:
            node = node.entries[step]
        else:
            return node, place[depth:]
    return node, ()


def _tell(detail: ErrorDetails, model: type[BaseModel], root: Node, faults: Faults) -> None:
    place = tuple(step for depth, step in enumerate(detail["loc"]) if not _is_tag(detail["loc"], depth))
    node, left = find(root, place)
    if not node.usable:
        return
    path = node.path
    for step in left:
        path = below(path, str(step))
    reason = _reason(detail)
    if detail["type"] == "extra_forbidden":
        _tell_unknown(str(place[-1]), node, _model_at(model, detail["loc"][:-1]), faults)
    elif detail["type"] == "missing":
        key = str(place[-1])
        example = _fields(_model_at(model, detail["loc"][:-1]))[key]
        faults.add(node.line, path, "missing", f"write {key}: {example}")
    elif detail["type"] in _NO_MAPPING:
        right = "write its keys below it, as KEY: VALUE" if node.path else "begin the file with gateways:"
        if isinstance(node.value, list) and not node.path:
            right = f"{right}, and write the list below it"
        keys = _fields(_model_at(model, detail["loc"]))
        faults.add(node.line, path, f"{node.shown()} is not a mapping", _blank_after(node.value, keys) or right)
    elif isinstance(reason, Conflict):
        mapping = find(root, place[:-1])[0]
        line = mapping.entries.get(reason.beside, node).line if left else node.line
        for each in reason.each if isinstance(reason, Conflicts) else (reason,):
            faults.add(line, path, *_conflict(each, node, mapping))
    elif isinstance(reason, NoUnit):
        field = _field(_model_at(model, detail["loc"][:-1]), str(place[-1]))
        usual = field.get_default() if field is not None else None
        right = reason.right_beside(usual if isinstance(usual, float) else 0.0)
        faults.add(node.line, path, f"{node.shown()} {reason.wrong}", right)
    elif isinstance(reason, Wrong) and left == (_KEY,):
        faults.add(node.line, node.path, f'the key "{shown_text(str(place[-2]))}" {reason.wrong}', reason.right)
    elif isinstance(reason, Wrong):
        faults.add(node.line, path, f"{node.shown()} {reason.wrong}", reason.right)
    else:  # expected never to run: every value has a reader
        faults.add(node.line, path, f"{node.shown()}: {shown_text(detail['msg'])}")


def _conflict(reason: Conflict, node: Node, mapping: Node) -> tuple[str, str]:
    """What is wrong between two values of a mapping, and what would be right.

    If one of them came out of a variable, no value is shown: what was not written may follow from it.
    """
    wrong = f"{node.said(reason.value)} {reason.rule}"
    if any(isinstance(entry.value, Expanded) for entry in mapping.entries.values()):
        return wrong, reason.plainly
    return f"{wrong}, {reason.other}" if reason.other else wrong, reason.right


def _is_tag(place: Place, depth: int) -> bool:
    """Whether this step is the form of a window or the kind of a controller. A key may look the same, not there."""
    if depth < 2 or place[depth] not in _TAGGED:
        return False
    window = place[depth - 2] == "windows" and isinstance(place[depth - 1], int)
    return window or (place[depth - 1] == "controller" and place[depth] in CONTROLLERS)


def _reason(detail: ErrorDetails) -> object:
    return detail.get("ctx", {}).get("error")


def _tell_unknown(key: str, node: Node, here: type[BaseModel], faults: Faults) -> None:
    """Note a key that is not known, and those below it if it is clear what was meant."""
    nested = dict(_mappings(here))
    right = _blank_after(key, _fields(here))
    meant = _SYNONYMS.get(key.lower(), "")
    if right is None:
        homes = [name for name, below in nested.items() if key in _fields(below)]
        if meant in _fields(here):
            right = f'did you mean "{meant}"?'
        else:
            right = f"write it under {homes[0]}" if homes else did_you_mean(key, _fields(here))
    faults.add(node.line, node.path, "unknown key", right)
    if meant in nested:
        for name, entry in node.entries.items():
            if name not in _fields(nested[meant]):
                _tell_unknown(name, entry, nested[meant], faults)


def _blank_after(text: object, keys: Iterable[str]) -> str | None:
    """A hint for a key whose colon has no blank behind it: YAML takes it, with its value, for one word."""
    if not isinstance(text, str) or isinstance(text, Expanded):
        return None
    key, colon, _ = text.partition(":")
    return f"write a blank after {key}:" if colon and key in set(keys) else None


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    """The field that has this key in a file."""
    return next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)


def _fields(model: type[BaseModel]) -> dict[str, str]:
    """The keys of a mapping as they stand in a file, each with an example where it has one."""
    return {
        field.alias or name: field.examples[0] if field.examples else "" for name, field in model.model_fields.items()
    }


def _mappings(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """The keys whose values are mappings themselves, not lists of such."""
    for name, field in model.model_fields.items():
        if get_origin(field.annotation) is not tuple:
            for nested in _models((field.annotation,)):
                yield name, nested


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """The model of the mapping at this place."""
    for depth, step in enumerate(place):
        if _is_tag(place, depth):
            model = _TAGGED[step]
        elif isinstance(step, str):
            nested = list(_models((model.model_fields[step].annotation,)))
            model = nested[0] if nested else model
    return model


def _models(annotations: Iterable[Any]) -> Iterator[type[BaseModel]]:
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        else:
            yield from _models(get_args(annotation))
