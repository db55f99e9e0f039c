"""Recordings: JSON lines, one a message, with account numbers masked.

```
{"recording": 1, "made": "2026-11-27T16:30:00+00:00"}
{"session": 1, "at": 0.0, "from": "client", "raw": "djEwMC4uMTc2"}
{"session": 1, "at": 0.001, "from": "gateway", "text": ["176", "20261127 11:30:00 EST"]}
{"session": 1, "at": 0.002, "from": "gateway", "raw": "AAAA1wgB"}
```

Rules
- `text` is the fields of a text payload, `raw` any other payload in base64.
- An account number becomes another one of the same length, the same one everywhere, so that layouts stay as they are.
- In protobuf the byte before a text is its length, and the byte after it may be a digit by chance. The length decides
  where an account number ends.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from supervisor.core.codes.accounts import ACCOUNT
from supervisor.frozen import dataclass
from supervisor.simulator.wire.frames import split_text, text_fields

FORMAT = 1
_ACCOUNT = re.compile(ACCOUNT.pattern.encode())


class RecordingError(ValueError):
    """A file is no recording; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One payload: of which session, when (seconds since it began), and whose."""

    session: int
    at: float
    client: bool
    payload: bytes


class Mask:
    """Other numbers for accounts, the same one for the same account."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}

    def __call__(self, payload: bytes) -> bytes:
        """The payload without account numbers, as long as before."""
        return _ACCOUNT.sub(self._other, payload)

    def _other(self, match: re.Match[bytes]) -> bytes:
        length = match.string[match.start() - 1] if match.start() else 0
        end = length if len(match[1]) < length < len(match[0]) else len(match[0])
        found, rest = match[0][:end], match[0][end:]
        if found not in self._known:
            digits = len(found) - len(match[1])
            self._known[found] = match[1] + str(len(self._known) + 1).encode().rjust(digits, b"0")[-digits:]
        return self._known[found] + rest


def header(wall: float) -> str:
    """The first line of a recording."""
    return json.dumps({"recording": FORMAT, "made": datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds")})


def line(entry: Entry) -> str:
    """One message as a line."""
    told: dict[str, object] = {
        "session": entry.session,
        "at": round(entry.at, 6),
        "from": "client" if entry.client else "gateway",
    }
    fields = split_text(entry.payload)
    if text_fields(*fields) == entry.payload and _printable(entry.payload):
        return json.dumps({**told, "text": fields})
    return json.dumps({**told, "raw": base64.b64encode(entry.payload).decode()})


def _printable(payload: bytes) -> bool:
    try:
        return payload.decode().replace("\0", "").isprintable()
    except UnicodeDecodeError:
        return False


def load(path: Path) -> list[Entry]:
    """Every message of a recording, in its order; raises `RecordingError`."""
    try:
        return list(_read(path, path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from None


def _read(path: Path, lines: Iterable[str]) -> Iterator[Entry]:
    for place, text in enumerate(lines, 1):
        try:
            match json.loads(text):
                case {"recording": 1} if place == 1:
                    continue
                case {"session": int(session), "at": int() | float() as at, "from": str(whose), "text": [*fields]}:
                    yield Entry(session, float(at), whose == "client", text_fields(*(str(each) for each in fields)))
                case {"session": int(session), "at": int() | float() as at, "from": str(whose), "raw": str(raw)}:
                    yield Entry(session, float(at), whose == "client", base64.b64decode(raw))
                case _:
                    raise ValueError
        except ValueError:
            raise RecordingError(f"{path}:{place}: not a line of a recording") from None
        if place == 1:
            raise RecordingError(f"{path}:1: not a recording: its first line has no version")
