"""What varies from run to run, replaced by a word in angle brackets: instants, seconds, ports, versions, paths."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_SUBSTITUTIONS = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]+ GMT"), "<time>"),
    (re.compile(r"\b\d{8} \d\d:\d\d:\d\d [A-Z]{3}\b"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\dZ"), "<time>"),
    (re.compile(r"\bserver version \d+"), "server version <n>"),
    (re.compile(r"\b\d+\.\d+ ?(?:s|ms)\b"), "<s>"),
    (re.compile(r"\b(?:\d+ h )?\d+ min(?: \d+ s)?\b"), "<s>"),
    (re.compile(r"\bibapi [\w.]+ \(from distribution [\w-]+\)"), "ibapi <version> (from distribution <name>)"),
    (re.compile(r"\bib-supervisor \d[\w.+]*"), "ib-supervisor <version>"),
    (re.compile(r"'sha256-[\w+/=]+'"), "<hash>"),
)
_TERMINAL = (
    (re.compile(r"\b(?:[A-Z][a-z]{2} )?\d\d-\d\d \d\d:\d\d:\d\d\b"), "<time>"),
    (re.compile(r"\b[A-Z][a-z]{2} <time>(?: [A-Z]{3,4}\b)?"), "<time>"),
    (re.compile(r"\bin \d+[dhms](?: \d+[dhms])?"), "in <s>"),
    (re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:d|h|m|s|ms)(?: \d+[hms])?(?![\w.])"), "<s>"),
    (re.compile(r"\b\d+ ms\b"), "<s>"),
    (re.compile(r"\buntil \d\d:\d\d\b"), "until <time>"),
    (re.compile(r"\bno longer paused, and \w+ now"), "no longer paused, and <status> now"),
    (re.compile(r"\b\d+\.\d+ %"), "<ratio>"),
    (re.compile(r" {2,}"), "  "),
    (re.compile(r"(  [+-]{6}  )[a-z_]+"), r"\1<gate>"),  # a reason stays for a second after it has ended
)
"""For tables: the width of a column follows what is in it."""

_BY_KEY = {
    "epoch": "<n>",
    "server_version": "<n>",
    "version": "<version>",
    "heartbeat_seconds": "<s>",
    "seconds": "<s>",
    "observed_seconds": "<s>",
    "unobserved_seconds": "<s>",
    "planned_seconds": "<s>",
    "unplanned_seconds": "<s>",
    "availability": "<ratio>",
    "availability_with_planned": "<ratio>",
    "new_port": "<port>",
    "port": "<port>",
    "id": "<n>",
    "valid_until_realtime": "<time>",
    "valid_until_boottime": "<s>",
    "valid_for": "<s>",
}


class Normal:
    """`words` are the literal texts of one run, and what stands for each of them."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def text(self, text: str) -> str:
        """A sentence."""
        for literal, word in self._words.items():
            text = re.sub(rf"(?<!\w){re.escape(literal)}(?!\w)", word, text)
        for pattern, word in _SUBSTITUTIONS:
            text = pattern.sub(word, text)
        return text

    def terminal(self, text: str) -> str:
        """What a command prints for people."""
        text = self.text(text)
        for pattern, word in _TERMINAL:
            text = pattern.sub(word, text)
        return "\n".join(line.rstrip() for line in text.splitlines())

    def value(self, value: Any, key: str = "") -> Any:
        """A value of JSON; an item of a list that is like the one before is left out."""
        if isinstance(value, Mapping):
            if key == "gate":  # whether it is open again depends on tenths of a second
                return dict.fromkeys(value, "<gate>")
            return {name: self.value(each, name) for name, each in value.items()}
        if isinstance(value, list | tuple):
            found: list[Any] = []
            for each in (self.value(each) for each in value):
                if isinstance(each, str) or not found or found[-1] != each:
                    found.append(each)
            return found
        if value is not None and key in _BY_KEY:
            return _BY_KEY[key]
        return self.text(value) if isinstance(value, str) else value

    def record(self, level: str, kind: str | None, text: str, fields: Mapping[str, Any]) -> str:
        """One event or line of the log, on a line."""
        return f"{level} {kind or '-'}: {self.text(text)} {json.dumps(self.value(fields), sort_keys=True)}"


def pretty(value: Any) -> str:
    """JSON for people, in the order of the keys as they came."""
    return json.dumps(value, indent=1, ensure_ascii=False)


def grouped(rows: Sequence[tuple[str, str | None, str]]) -> str:
    """Rows of (gateway, kind, line): each gateway's in their order.

    How often farms and layers change within a moment depends on how messages fall into reads: their lines stand at the
    end, each once, sorted.
    """
    parts = []
    for gateway in sorted({gateway for gateway, _, _ in rows}):
        mine = [(kind, line) for name, kind, line in rows if name == gateway]
        parts.append(f"== {gateway or 'the daemon'}")
        parts += [line for kind, line in mine if kind not in _UNORDERED | _LEFT_OUT]
        parts += sorted({line for kind, line in mine if kind in _UNORDERED})
    return "\n".join(parts)


_UNORDERED = frozenset({"farm", "layers"})
_LEFT_OUT = frozenset({"gate"})
"""Which reasons close the gate depends on when the minute of a restart ends; it has tests of its own."""
