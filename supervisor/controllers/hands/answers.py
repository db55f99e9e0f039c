"""What a controller's command server answers, one line at a time, read with deadlines."""

import re
import socket
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from supervisor.platform import is_own

CONNECT: Final = 3.0
"""Seconds to connect."""
LONGEST_LINE: Final = 1024
LINES: Final = 50
"""Lines that are read before we give up."""
TURNED_AWAY: Final = 0.2
"""Seconds in which a controller that does not admit this machine closes; then the command is sent."""
_PROMPT: Final = r"^(?:[^\n]{0,40}?[>:]\s*)??"
"""A prompt may stand before the word: IBC's `CommandPrompt` is written without a line end."""
_ANSWER: Final = re.compile(_PROMPT + r"(OK|ERROR|ERR)\b ?(.*)$")
_INFO: Final = re.compile(_PROMPT + r"INFO\b")


class Answer(NamedTuple):
    """What became of a command. `accepted` None: it was sent, and nobody knows."""

    accepted: bool | None
    words: str


def ask(place: tuple[str, int], request: bytes, within: float, *, more: float = 0.0) -> Answer:
    """Send this, and wait up to `within` seconds for an answer.

    `more`: seconds in which a second line, or the end of the connection, is awaited after the first. A controller may
    still be at work on it, and a connection that breaks could disturb that.
    """
    host, port = place
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        connection = socket.create_connection(place, CONNECT)
    except OSError as error:
        why = (
            f"cannot connect from this machine to {where}" if is_own(error) else f"nothing accepts commands on {where}"
        )
        return Answer(False, f"{why} ({_words(error)})")
    with connection:
        if _turned_away(connection):
            return Answer(False, f"{where} closed the connection at once: this machine is not among those it admits")
        try:
            connection.settimeout(CONNECT)
            connection.sendall(request)
        except OSError as error:
            return Answer(None, f"the command could not be sent whole to {where} ({_words(error)})")
        return _heard(connection, where, within, more)


def _turned_away(connection: socket.socket) -> bool:
    """Closed before anything was sent."""
    try:
        connection.settimeout(TURNED_AWAY)
        return not connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    except OSError:
        return True


def _heard(connection: socket.socket, where: str, within: float, more: float) -> Answer:
    found: list[str] = []
    accepted: bool | None = None
    silent = True
    deadline = time.monotonic() + within
    try:
        for line in _lines(connection, deadline):
            silent = False
            told = _ANSWER.match(line)
            if _INFO.match(line) or told is None:
                continue
            if accepted is None:
                accepted = told[1] == "OK"
            found.append(told[2].strip())
            if not accepted or len(found) == 2 or not more:
                break
            connection.settimeout(max(0.001, min(more, deadline - time.monotonic())))
    except TimeoutError:
        if accepted is None:
            return Answer(None, f"no answer from {where} within {within:.0f} s")
    except OSError as error:
        if accepted is None:
            return Answer(None, f"the connection to {where} broke ({_words(error)})")
    if accepted is not None:
        return Answer(accepted, "; ".join(word for word in found if word))
    if silent:
        # A program that its own command ends closes just like one that refuses.
        return Answer(None, f"{where} closed the connection without a word; it refused, or it ended")
    return Answer(None, f"{where} answered nothing that is known")


def _lines(connection: socket.socket, deadline: float) -> Iterator[str]:
    """Lines until the end of the connection; the last one may lack its end. Raises TimeoutError, OSError."""
    waiting = b""
    connection.settimeout(max(0.001, deadline - time.monotonic()))
    for _ in range(LINES):
        while b"\n" not in waiting and len(waiting) < LONGEST_LINE:
            if time.monotonic() >= deadline:
                raise TimeoutError
            data = connection.recv(LONGEST_LINE)
            if not data:
                if waiting:
                    yield _text(waiting)
                return
            waiting += data
        line, _, waiting = waiting.partition(b"\n")
        yield _text(line)


def _text(line: bytes) -> str:
    """As it may be shown: one printable line."""
    text = line.decode("utf-8", "replace").strip()[:200]
    return "".join(character if character.isprintable() else "?" for character in text)


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
