"""A gateway that means harm beside others that do not: what it costs their heartbeats, and a scrape.

`python -m tests.endurance.hostile KIND` is that gateway, a process of its own; it prints its port. It greets like a
TWS and answers every heartbeat, if it can, so that its session lasts as long as the daemon lets it.
"""

import asyncio
import contextlib
import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.endurance.sampling import Row
from tests.waiting import wait_until

OTHERS = 6
HEARTBEAT, SCRAPE = 0.25, 1.0
"""Seconds that 99 of 100 heartbeats of the others, and scrapes, may take."""


def frame(payload: bytes) -> bytes:
    """With its length before it."""
    return len(payload).to_bytes(4, "big") + payload


def notice(code: int, text: str) -> bytes:
    """A message code, as versions before protobuf send it."""
    return frame(f"4\0002\000-1\000{code}\000{text}\000".encode())


def nested(depth: int) -> bytes:
    """A message of protobuf's form whose every field holds the next one, in the form of versions from 201 on."""
    inner = b""
    for _ in range(depth):
        size, length = len(inner), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        inner = b"\x0a" + length + bytes([size]) + inner
    return (204).to_bytes(4, "big") + inner


Parts = Iterator[tuple[bytes, float]]
"""What is sent, and the seconds until what follows."""


def _slowly() -> Parts:
    for byte in itertools.cycle(notice(2104, "x" * 50)):
        yield bytes([byte]), 1.0


def _often(parts: Callable[[int], bytes], every: float) -> Parts:
    for number in itertools.count():
        yield parts(number), every


def _farms(number: int) -> bytes:
    names = range(number * 50, number * 50 + 50)
    return b"".join(notice(2104, f"Market data farm connection is OK:farm{name}") for name in names)


KINDS: dict[str, tuple[str, Callable[[], Parts]]] = {
    "half": ("half a message, and then nothing", lambda: iter([(frame(b"x" * 1000)[:500], 3600.0)])),
    "slow": ("a byte a second", _slowly),
    "accounts": (
        "9,000 accounts, twenty times a second",
        lambda: _often(lambda _: frame(b"15\0001\000" + b",".join(b"U%07d" % n for n in range(9000)) + b"\0"), 0.05),
    ),
    "notices": ("27,000 notices a second", lambda: _often(lambda n: notice(2100 + n % 70, f"n{n}") * 270, 0.01)),
    "texts": ("notices of 65 kB, 200 a second", lambda: _often(lambda n: notice(399, f"{n}" + "x" * 65000) * 2, 0.01)),
    "empty": ("empty messages without end", lambda: _often(lambda _: bytes(4) * 10_000, 0.0)),
    "nested": ("messages nested 5,000 deep", lambda: _often(lambda _: frame(nested(5000)) * 10, 0.01)),
    "farms": ("1,000 farms a second with new names", lambda: _often(_farms, 0.05)),
}


def hostile(folder: Path, seconds: float, kinds: tuple[str, ...] = tuple(KINDS), slack: float = 1.0) -> list[Row]:
    """Each kind for so many seconds; `slack` multiplies what heartbeats and scrapes may take."""
    return [_beside(folder, kind, seconds, slack) for kind in kinds]


def _beside(folder: Path, kind: str, seconds: float, slack: float) -> Row:
    with Fleet() as fleet, ExitStack() as stack:
        peers = [stack.enter_context(SimulatedGateway(fleet=fleet)) for _ in range(OTHERS)]
        port = stack.enter_context(_enemy(kind))
        timing = "heartbeat_interval: 1200ms"
        named = [quick(peer.port, f"g{turn}", timing=timing) for turn, peer in enumerate(peers)]
        place = folder / kind
        place.mkdir()
        daemon = stack.enter_context(running(place, gateways(*named, quick(port, "enemy"))))
        daemon.until(lambda: all(daemon.up(f"g{turn}") for turn in range(OTHERS)), what="the others up")
        before, took = daemon.memory(), []
        end = time.monotonic() + seconds

        def over() -> bool:
            began = time.monotonic()
            daemon.get("/metrics")
            took.append(time.monotonic() - began)
            return time.monotonic() > end

        wait_until(over, seconds + 60, every=0.05)
        beats, misses, grown = _slowest_beat(daemon), _misses(daemon), daemon.memory() - before
        scrape = sorted(took)[max(0, -(-len(took) * 99 // 100) - 1)]
        return Row(
            KINDS[kind][0],
            f"{seconds:g} s beside {OTHERS} gateways, {len(took)} scrapes",
            f"99 of 100 heartbeats of the others under {beats * 1000:g} ms, {misses:.0f} missed; "
            f"99 of 100 scrapes under {scrape * 1000:.0f} ms; memory {grown / 2**20:+.0f} MB",
            f"heartbeats under {HEARTBEAT * slack * 1000:g} ms, none missed; scrapes under {SCRAPE * slack:g} s",
            beats <= HEARTBEAT * slack and not misses and scrape <= SCRAPE * slack,
        )


def _names() -> list[str]:
    return [f"g{turn}" for turn in range(OTHERS)]


def _slowest_beat(daemon: Running) -> float:
    """Seconds under which 99 of 100 heartbeats of the others were answered: the bound of a bucket."""
    counts: dict[float, float] = {}
    for name in _names():
        for bound, count in daemon.metrics("ib_heartbeat_seconds_bucket", by="le", gateway=name).items():
            counts[float(bound)] = counts.get(float(bound), 0.0) + count
    return min(bound for bound, count in counts.items() if count >= 0.99 * counts[float("inf")])


def _misses(daemon: Running) -> float:
    return sum(daemon.metric("ib_heartbeat_misses_total", gateway=name) or 0.0 for name in _names())


@contextmanager
def _enemy(kind: str) -> Iterator[int]:
    words = [sys.executable, "-m", "tests.endurance.hostile", kind]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield int(process.stdout.readline())
        process.stdin.close()
        process.wait(10)


async def _session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parts: Callable[[], Parts]) -> None:
    """One session: greet, then send, and answer heartbeats between two parts."""
    left = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)
    with contextlib.suppress(*left), contextlib.closing(writer):
        await reader.readexactly(4)
        await _message(reader)
        writer.write(frame(b"157\00020261123 10:00:00 EST\000"))
        await _message(reader)
        writer.write(frame(b"15\0001\000DU1234567\000") + frame(b"9\0001\0001\000"))
        answering = asyncio.create_task(_answer(reader, writer))
        try:
            for part, pause in parts():
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        finally:
            answering.cancel()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            if (await _message(reader)).startswith(b"49\0"):
                writer.write(frame(f"49\0001\000{int(time.time())}\000".encode()))


async def _message(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


async def main(kind: str) -> None:
    """Serve until standard input ends."""
    parts = KINDS[kind][1]
    server = await asyncio.start_server(lambda reader, writer: _session(reader, writer, parts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
