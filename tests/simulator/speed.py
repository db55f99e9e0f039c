"""How fast the simulated gateway is: `python -m tests.simulator.speed`.

Ticks: 32 clients on one gateway, each with ten subscriptions, whose clock is moved as fast as it goes; another process
reads what they are sent. Beside it a plain asyncio server that writes such messages, ready-made, to as many sockets.
Start: two hundred gateways on one thread.
"""

import asyncio
import multiprocessing
import selectors
import socket
import struct
import time
from multiprocessing.connection import Connection

from supervisor.simulator import Fleet, ManualClock, SimulatedGateway
from tests.waiting import wait_until

CLIENTS, SUBSCRIPTIONS, SECONDS = 32, 10, 60
TICK = struct.pack(">I", 25) + b"1\x006\x009003\x0066\x00189.25\x00300\x001\x00"
CON_IDS = (265598, 8314, 272093, 756733, 416904, 12087792, 12087797, 15016059, 479624278, 69067924)


def framed(*fields: object) -> bytes:
    payload = b"".join(str(field).encode() + b"\0" for field in fields)
    return struct.pack(">I", len(payload)) + payload


def read(port: int, pipe: Connection, trades: bool) -> None:
    """Connect every client, and count frames until nothing has come for a second."""
    waiting = selectors.DefaultSelector()
    for number in range(CLIENTS):
        sock = socket.create_connection(("127.0.0.1", port))
        if trades:
            sock.sendall(b"API\0" + struct.pack(">I", 9) + b"v100..176" + framed(71, 2, number, ""))
            for request, con_id in enumerate(CON_IDS[:SUBSCRIPTIONS]):
                sock.sendall(framed(1, 11, request, con_id, *[""] * 11, 0, "", 0, 0, ""))
        waiting.register(sock, selectors.EVENT_READ, bytearray())
    pipe.send("connected")
    messages, last = 0, 0.0
    while ready := waiting.select(2.0):
        for key, _ in ready:
            pending = key.data
            data = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
            if not data:
                waiting.unregister(key.fileobj)
                continue
            pending += data
            at = 0
            while len(pending) - at >= 4:
                (length,) = struct.unpack_from(">I", pending, at)
                if len(pending) - at < 4 + length:
                    break
                at += 4 + length
                messages += 1
            del pending[:at]
            last = time.monotonic()
        if not waiting.get_map():
            break
    pipe.send((messages, last))


def reader(port: int, trades: bool) -> tuple[Connection, multiprocessing.Process]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=read, args=(port, there, trades))
    process.start()
    here.recv()
    return here, process


def gateway_rate() -> tuple[float, float]:
    """Messages a second of one core, and messages a second of the clock for each subscription."""
    with SimulatedGateway(clock=ManualClock(1_795_797_000.0)) as gateway:
        pipe, process = reader(gateway.port, trades=True)
        wait_until(lambda: gateway.received[1] == CLIENTS * SUBSCRIPTIONS)
        begun = time.process_time()
        gateway.advance(SECONDS)
        spent = time.process_time() - begun
        messages, _ = pipe.recv()
        process.join()
    return messages / spent, messages / SECONDS / CLIENTS / SUBSCRIPTIONS


def plain_rate(count: int = 400_000) -> float:
    """The same with `asyncio.start_server` and one ready-made message."""

    async def serve() -> float:
        writers: list[asyncio.StreamWriter] = []

        async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        pipe, process = await asyncio.to_thread(reader, port, False)
        while len(writers) < CLIENTS:
            await asyncio.sleep(0.01)
        begun = time.process_time()
        for _ in range(count // CLIENTS):
            for writer in writers:
                writer.write(TICK)
            await asyncio.sleep(0)
        for writer in writers:
            await writer.drain()
        spent = time.process_time() - begun
        for writer in writers:
            writer.close()
        messages, _ = await asyncio.to_thread(pipe.recv)
        process.join()
        server.close()
        return float(messages) / spent

    return asyncio.run(serve())


def start_time() -> float:
    with Fleet() as fleet:
        begun = time.monotonic()
        gateways = [SimulatedGateway(fleet=fleet) for _ in range(200)]
        took = time.monotonic() - begun
        for gateway in gateways:
            gateway.close()
    return took / 200


def main() -> None:
    """Print the three figures."""
    rate, each = gateway_rate()
    print(f"ticks of the gateway: {rate:,.0f} messages a second of one core; {each:.1f} a subscription")
    print(f"a plain asyncio server: {plain_rate():,.0f} messages a second of one core")
    print(f"start of a gateway: {start_time() * 1000:.1f} ms")


if __name__ == "__main__":
    main()
