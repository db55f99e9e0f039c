"""How each kind of controller is asked for each rung: the bytes, and how long its answer may take.

- IBC and ibc2 have one protocol. A command is a line, an answer begins with OK or ERROR, and "OK" comes before the
  work. RESTART and PAUSE are taken once in the life of a process. After the first OK of a RESTART a Gateway names the
  minute in a second line, and then closes.
- ibg-controller answers OK or ERR after the work, which may take minutes; one command for each connection. With a token
  the command follows it in the same piece.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from supervisor.controllers.hands.answers import Answer, ask
from supervisor.controllers.hands.command import run
from supervisor.core.model.behind.controller import Ibc, Ibc2, Ibg
from supervisor.core.model.policy import Policy
from supervisor.core.model.recovery.rules import Rung

LOOPBACK: Final = "127.0.0.1"
"""Never `localhost`: IBC refuses a client from ::1."""
ACCEPTED_WITHIN: Final = 10.0
"""Seconds for an answer that comes before the work."""
SECOND_LINE: Final = 5.0
"""Seconds for the second line of a RESTART."""
DONE_WITHIN: Final[Mapping[Rung, float]] = MappingProxyType({Rung.RECONNECT_ACCOUNT: 150.0, Rung.RESTART: 570.0})
"""Seconds for an answer that comes after the work."""
WORDS: Final[Mapping[Rung, bytes]] = MappingProxyType(
    {
        Rung.RECONNECT_DATA: b"RECONNECTDATA\n",
        Rung.RECONNECT_ACCOUNT: b"RECONNECTACCOUNT\n",
        Rung.RESTART: b"RESTART\n",
    }
)


def do(rung: Rung, policy: Policy, environment: Mapping[str, str]) -> Answer:
    """Do it now, and wait for what is answered."""
    if rung is Rung.COMMAND:
        said = policy.recovery.of(rung) if policy.recovery is not None else None
        if said is None or not said.argv:
            return Answer(False, "the config no longer names a command")
        return run(said.argv, policy.name, environment)
    asker = _ASKERS.get(type(policy.controller))
    if asker is None:
        return Answer(False, "the config no longer names a controller that takes commands")
    return asker(policy.controller, rung)


def _ibc(controller: Ibc, rung: Rung) -> Answer:
    return _one_of_ibc(controller.host, controller.port, rung)


def _ibc2(controller: Ibc2, rung: Rung) -> Answer:
    return _one_of_ibc(LOOPBACK, controller.port, rung)


def _one_of_ibc(host: str, port: int, rung: Rung) -> Answer:
    more = SECOND_LINE if rung is Rung.RESTART else 0.0
    return ask((host, port), WORDS[rung], ACCEPTED_WITHIN, more=more)


def _ibg(controller: Ibg, rung: Rung) -> Answer:
    if controller.port is None:
        return Answer(False, "the config no longer names the port of its command server")
    request = WORDS[rung]
    if controller.token_file is not None:
        try:
            token = Path(controller.token_file).read_bytes().strip()
        except OSError as error:
            return Answer(False, f"{controller.token_file}: {error.strerror}")
        request = b"AUTH " + token + b"\n" + request
    return ask((controller.host, controller.port), request, DONE_WITHIN[rung])


_ASKERS: Final[Mapping[type | None, Callable[..., Answer]]] = MappingProxyType({Ibc: _ibc, Ibc2: _ibc2, Ibg: _ibg})
