"""The JSON Schema of scenario files, for editors: made from the vocabulary, so that it cannot differ from it.

Rules
- It knows keys and words exactly and values by their kind; what only the gateway can know (a time zone that exists) it
  leaves open.
"""

from collections.abc import Mapping

from supervisor.simulator.scenario import market, readers
from supervisor.simulator.scenario.files import FILE_VERSION, HEAD
from supervisor.simulator.scenario.readers import Argument, Reader
from supervisor.simulator.scenario.words import TIMING, WORDS

Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_DURATION: Schema = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?\d+(\.\d+)?\s*(ms|s|m|h|d)$"}]}
_KINDS: Mapping[Reader, Schema] = {
    readers.text: _TEXT,
    readers.timezone: _TEXT,
    readers.duration: _DURATION,
    readers.signed_duration: _DURATION,
    readers.flag: {"type": "boolean"},
    readers.contract: {"type": ["string", "integer"]},
    readers.accounts: {"type": "array", "items": _TEXT, "minItems": 1},
    readers.greeting: {"type": "array", "items": {"type": "array", "minItems": 2, "maxItems": 2}},
}


def schema() -> Schema:
    """The whole schema."""
    keys: Schema = {name: _value(argument) for name, argument in HEAD.items()}
    keys["version"] = {"const": FILE_VERSION}
    keys["repeat"] = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "forever"}]}
    keys["positions"] = {"type": "array", "items": _mapping(market.POSITION)}
    keys["instruments"] = {"type": "array", "items": _mapping(market.INSTRUMENT)}
    keys["steps"] = {"type": "array", "items": {"oneOf": [_step(word) for word in WORDS]}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of ib-supervisor's simulated gateway",
        "type": "object",
        "additionalProperties": False,
        "properties": keys,
    }


def _step(word: str) -> Schema:
    found = _mapping({**WORDS[word], **TIMING})
    properties, required = found["properties"], found.get("required", [])
    if isinstance(properties, dict) and isinstance(required, list):
        found["properties"] = {"do": {"const": word}, **properties}
        found["required"] = ["do", *required]
    return found


def _mapping(known: Mapping[str, Argument]) -> Schema:
    found: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _value(argument) for name, argument in known.items()},
    }
    required = [name for name, argument in known.items() if argument.required]
    return {**found, "required": required} if required else found


def _value(argument: Argument) -> Schema:
    match argument.read:
        case readers.Integer(low, high):
            return {"type": "integer", "minimum": low, "maximum": high}
        case readers.Number(low, high):
            return {"type": "number", "minimum": low, "maximum": high}
        case readers.OneOf(allowed):
            return {"enum": list(allowed)}
        case read:
            return dict(_KINDS.get(read, {}))
