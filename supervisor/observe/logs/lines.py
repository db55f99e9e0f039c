"""How a line of the log looks, in each of its forms: pure functions of one line.

- Raw text is masked first, then made one clean line (supervisor/observe/masking.py), then written in its form.
- Text beyond `LONGEST` characters is cut.
"""

import json
import logging
import math
import re
import struct
import traceback
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime

from supervisor.core.explain.report import Word
from supervisor.frozen import dataclass
from supervisor.observe.masking import Words, clean, fit, mask

LONGEST = 16_000
"""Characters of a sentence, and of a traceback: with both, journald's datagram is far from its limit."""

IDENTIFIER = "ib-supervisor"

_COLOURS = {"error": "\x1b[31m", "critical": "\x1b[31;1m", "warning": "\x1b[33m", "debug": "\x1b[2m"}
_PLAIN = "\x1b[0m"
_NO_NAME = re.compile(r"[^A-Z0-9_]")
_OURS = frozenset({"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "LOGGER", "GATEWAY", "KIND"})


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of one line: masked, cut, and one line indeed. `at` is in Unix seconds."""

    at: float
    level: int
    text: str
    logger: str = ""
    gateway: str | None = None
    kind: str | None = None
    fields: Mapping[str, Word] = field(default_factory=dict)
    trace: str = ""

    @property
    def level_name(self) -> str:
        """`debug`, `info`, `warning`, `error` or `critical`."""
        for threshold, name in ((50, "critical"), (40, "error"), (30, "warning"), (20, "info")):
            if self.level >= threshold:
                return name
        return "debug"

    @property
    def priority(self) -> int:
        """The number of syslog."""
        return {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}[self.level_name]


def line_of(record: logging.LogRecord, text: str, at: float, words: Words = mask) -> Line:
    """What a record of Python's logging says; `gateway`, `kind` and `fields` are its extras."""
    fields = getattr(record, "fields", None)
    error = record.exc_info[1] if record.exc_info else None
    return Line(
        at=at,
        level=record.levelno,
        text=_cut(fit(text, words)),
        logger=record.name,
        gateway=getattr(record, "gateway", None),
        kind=getattr(record, "kind", None),
        fields={str(key): _plain(value, words) for key, value in fields.items()} if isinstance(fields, Mapping) else {},
        trace="" if error is None else words("".join(traceback.format_exception(error)))[-LONGEST:].rstrip("\n"),
    )


def console(line: Line, colour: bool = False) -> bytes:
    """For people: time with its offset, level, gateway, sentence."""
    time = datetime.fromtimestamp(line.at, UTC).astimezone().isoformat(" ", "milliseconds")
    level = f"{line.level_name.upper():7}"
    if colour and line.level_name in _COLOURS:
        level = f"{_COLOURS[line.level_name]}{level}{_PLAIN}"
    return _bytes("\n    ".join((f"{time} {level} {_said(line)}", *_trace(line))))


def as_json(line: Line) -> bytes:
    """For machines: one object a line; what a line does not have is null."""
    said = {
        "ts": datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": line.level_name,
        "gateway": line.gateway,
        "kind": line.kind,
        "text": line.text,
        "fields": line.fields,
        "logger": line.logger,
    }
    if line.trace:
        said["trace"] = line.trace
    return _bytes(json.dumps(said, allow_nan=False))


def prefixed(line: Line) -> bytes:
    """For readers of our standard error in the format of sd-daemon: `<4>live: sentence GATEWAY=live CODE=1100`."""
    fields = "".join(
        f" {name}={_cut(clean(value))}" for name, value in _variables(line) if name not in {"KIND", "LOGGER"}
    )
    return _bytes("\n".join(f"<{line.priority}>{part}" for part in (_said(line) + fields, *_trace(line))))


def datagram(line: Line) -> bytes:
    """For journald's own socket: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>."""
    variables = [
        ("MESSAGE", "\n".join((_said(line), *_trace(line)))),
        ("PRIORITY", str(line.priority)),
        ("SYSLOG_IDENTIFIER", IDENTIFIER),
        *_variables(line),
    ]
    return b"".join(_variable(name, value.encode("utf-8", "backslashreplace")) for name, value in variables)


def _variable(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


def _variables(line: Line) -> list[tuple[str, str]]:
    known = [("GATEWAY", line.gateway), ("KIND", line.kind), ("LOGGER", line.logger)]
    found = [(name, value) for name, value in known if value]
    for key, value in line.fields.items():
        name = _NO_NAME.sub("_", key.upper())
        if name in _OURS or not name[:1].isalpha():
            name = f"FIELD_{name}"
        if value is not None:
            found.append((name[:64], str(value)))
    return found


def _said(line: Line) -> str:
    return f"{line.gateway}: {line.text}" if line.gateway else line.text


def _trace(line: Line) -> list[str]:
    return [_cut(clean(part)) for part in line.trace.splitlines()]


def _cut(text: str) -> str:
    """Call it on masked text only: the mask does not recognize half an account number."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _plain(value: object, words: Words) -> Word:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, int | float):
        return value
    return _cut(fit(str(value), words))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace") + b"\n"
