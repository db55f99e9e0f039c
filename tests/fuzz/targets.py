"""What is fuzzed: each target takes any bytes, judges what came of them, and says how much of its unit they were.

A target raises if a promise is broken, and holds no state but what it may be fuzzed in: a listener, a gateway.
"""

import itertools
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from supervisor.config.load import load
from supervisor.config.reading.faults import ConfigError, Fault
from supervisor.core.codes.notices import NAME_LIMIT, FarmNotice, UpstreamRestored, summary
from supervisor.core.codes.table import KNOWN, read
from supervisor.core.model.actions import Connect
from supervisor.core.model.events import CallbackFailed, Ending, NoticeReceived, SessionClosed, SessionEvent
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.session import ApiSession
from supervisor.gateway.versions import tame_logging
from supervisor.observe.masking import fit, mask
from supervisor.simulator import SimulatedGateway
from tests.config.loading import NOW
from tests.fuzz.answers import changing
from tests.fuzz.frames import Noise, session_of
from tests.fuzz.texts import hosts, masking, printing, users
from tests.fuzz.web import close_server, web

PATIENCE = 20.0
"""Seconds after which something hangs."""
DEADLINE = 10.0
"""Seconds that a session gives to connect and to greet: less, so that running into it is told apart."""
HOST = f"127.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250}.9"
"""An address of our own: on 127.0.0.1 somebody else may still be trying the port that we are given."""
ENDINGS = frozenset({Ending.PROTOCOL, Ending.CLOSED})
"""What bytes may end a session as: never as a defect of ours."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads what others wrote."""

    unit: str
    run: Callable[[bytes], int]
    seeds: tuple[bytes, ...] = ()
    longest: int = 1024


# -- the wire ---------------------------------------------------------------------------------------------------------


class Count:
    """A wire log that counts what the session reads."""

    def __init__(self) -> None:
        self.frames = 0

    def line(self, direction: str, payload: bytes) -> None:
        """One message."""
        self.frames += direction == "<"


def wire(data: bytes) -> int:
    """Frames, in one session on a real socket; how many it read."""
    hello, frames = session_of(data)
    count = Count()
    judge(hello + b"".join(frames), count=count)
    return count.frames


def judge(sent: bytes, cuts: tuple[int, ...] = (), count: Count | None = None) -> list[SessionEvent]:
    """What a session tells of these bytes, sent in these pieces and followed by a FIN.

    Whatever they are: it ends, once, for a reason that is the peer's, and leaves no thread.
    """
    tame_logging()
    heard: list[SessionEvent] = []
    with socket.create_server((HOST, 0)) as listener:
        order = Connect(1, HOST, listener.getsockname()[1], 911, DEADLINE, DEADLINE)
        before = threading.active_count()
        session = ApiSession(order, heard.append, lookups=Lookups(), wire=count)
        session.start()
        peer, _ = listener.accept()
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(OSError):  # the session may end before it has read everything
                for begin, end in itertools.pairwise((0, *cuts, len(sent))):
                    peer.sendall(sent[begin:end])
                peer.shutdown(socket.SHUT_WR)
            assert session.join(PATIENCE), "the session's thread hangs"
    closed = [event for event in heard if isinstance(event, SessionClosed)]
    assert len(closed) == 1, f"{len(closed)} ends told"
    assert heard[-1] is closed[0], "something was told after the end"
    assert closed[0].ending in ENDINGS, closed[0]
    assert threading.active_count() <= before, "a thread is left"
    for event in heard:
        assert not isinstance(event, CallbackFailed), event
        if isinstance(event, NoticeReceived):
            event.text.encode()
            read(event.code, event.text)
    return heard


# -- texts ------------------------------------------------------------------------------------------------------------


@cache
def _config_file() -> Path:
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    return Path(tempfile.mkdtemp(prefix="ib-fuzz-", dir=folder)) / "supervisor.yaml"


def config(data: bytes) -> int:
    """A file: it is valid, or refused with a printable line for each fault."""
    path = _config_file()
    path.write_bytes(data)
    faults = _faults(path)
    assert faults is None or faults
    for fault in faults or ():
        assert str(fault).isprintable(), str(fault)
    return 1


def _faults(path: Path) -> tuple[Fault, ...] | None:
    try:
        load(path, {"A": "1", "B": ""}, NOW)
    except ConfigError as error:
        return error.faults
    return None


def notices(data: bytes) -> int:
    """A message code and a text: read without an error, and what is taken out of it is short."""
    noise = Noise(data)
    known = sorted(KNOWN)
    pick = noise.byte()
    code = known[pick % len(known)] if pick < 240 else int.from_bytes(noise.bytes(4), "big", signed=True)
    text = noise.bytes(len(data)).decode("utf-8", "surrogateescape")
    names: tuple[str | None, ...] = ()
    match read(code, text):
        case FarmNotice(name=name):
            names = (name,)
        case UpstreamRestored(connected=connected, not_connected=not_connected):
            names = (*connected, *not_connected)
    for name in names:
        assert name is None or (len(name) <= NAME_LIMIT and name.isprintable()), repr(name)
        assert name is None or mask(name) == name, repr(name)
    assert len(summary(text)) <= 300
    assert fit(summary(text)).isprintable(), repr(summary(text))
    return 1


# -- the simulated gateway's control ----------------------------------------------------------------------------------

_COSTLY = (b"oversize", b"after", b"times", b"every", b"\\u")
"""Words that may rightly keep a step busy for years, and a way of spelling them otherwise."""


@cache
def _gateway() -> SimulatedGateway:
    gateway = SimulatedGateway()
    gateway.open_control()
    return gateway


def control(data: bytes) -> int:
    """Lines to the control socket: each is answered, in JSON, and the gateway lives on."""
    lines = [line for line in data.split(b"\n")[:40] if line.strip() and not any(word in line for word in _COSTLY)]
    gateway = _gateway()
    with socket.create_connection(("127.0.0.1", gateway.open_control()), PATIENCE) as link:
        link.sendall(b"".join(line + b"\n" for line in [*lines, b'{"do": "heal"}', b'{"do": "state"}']))
        with link.makefile("rb") as answers:
            said = [json.loads(answers.readline()) for _ in range(len(lines) + 2)]
    assert all(isinstance(answer["ok"], bool) for answer in said)
    assert said[-2]["ok"], said[-2]
    assert said[-1]["ok"], said[-1]
    assert said[-1]["listening"], said[-1]
    return len(lines)


def tidy() -> None:
    """Give back what the targets keep."""
    close_server()
    if _gateway.cache_info().currsize:
        _gateway().close()
    _gateway.cache_clear()
    if _config_file.cache_info().currsize:
        shutil.rmtree(_config_file().parent)
    _config_file.cache_clear()


_CONFIGS = Path(__file__).parents[2] / "config"
TARGETS: Mapping[str, Target] = {
    "wire": Target("frames", wire, longest=2048),
    "config": Target(
        "files", config, tuple(path.read_bytes() for path in sorted(_CONFIGS.glob("*.yaml"))), longest=16384
    ),
    "notices": Target(
        "notices",
        notices,
        (
            b"\x10Market data farm connection is broken:usfarm.nj",
            b"\x04Connectivity between IBKR and Trader Workstation has been restored - data maintained. All data farms "
            b"are connected: usfarm; ushmds. The following farms are not connected: euhmds.",
            b"\x10Market data farm connection is OK:DU1234567",
            b"\x06Socket port has been reset and this connection is being dropped. Reconnect on the new port - 4002",
        ),
    ),
    "control": Target(
        "lines",
        control,
        (
            b'{"do": "notice", "code": 1100, "text": "x"}\n{"do": "refuse", "for": "10ms"}\n{"do": "state"}',
            b'{"do": "clock", "offset": -3.5, "timezone": "Asia/Tokyo", "for": 1}\n{"do": "port_changed", "port": 0}',
            b'{"do": "accounts", "accounts": ["U1"]}\n{"do": "greeting", "greeting": [[2104, "x"]]}\n{"do": "ghost"}',
            b'{"do": "garbage", "mode": "http"}\n{"do": "restart", "for": 0, "then": "mute", "then_for": "1ms"}\n[]',
        ),
    ),
    "web": Target("requests", web, longest=512),
    "mask": Target(
        "texts",
        masking,
        (b"\x01\x04\x01\x02\x03\x04\x05\x06\x07\x08\x09\x01\n", b"\x00" * 8 + b"\x02\x00\x09"),
        longest=512,
    ),
    "printer": Target(
        "texts",
        printing,
        (b"\x1b]0;title\x07", b"\xc2\x9b2J\xe2\x80\xae", b"[red]x[/red]\r\n"),
        longest=256,
    ),
    "host": Target(
        "headers",
        hosts,
        (b"localhost:14000", b"[::1]:80", b"evil@127.0.0.1", b"127.0.0.1/evil", b"gw.example.", b"box.local"),
        longest=320,
    ),
    "answers": Target(
        "answers",
        changing,
        (
            b"\x00\x00\x00\x05\x00",
            b"\x01\x02\x00\x10\x05\x00\x09\x0b",
            b"\x02\x00\x00\x01\x04",
            b"\x03\x00\x00\x04\x09",
        ),
        longest=16,
    ),
    "auth": Target("headers", users, (b"\x01\x5aYW5uOnJpZ2h0", b"\x00\x4cYm9iOm90aGVy"), longest=512),
}
