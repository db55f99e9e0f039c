"""What a look at the kernel's tables costs with 10,000 sockets: `PYTHONPATH=. python tests/bench/sockets.py`."""

from statistics import median
from time import perf_counter

from supervisor.kernel.tables import Ends, packed, sockets_on

ROWS = 10_000
ROUNDS = 200
HEAD = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def table(rows: int = ROWS) -> bytes:
    """A machine with this many connections of others, and one of ours to port 4001."""
    others = (
        b"%4d: 0100007F:%04X 0100007F:%04X 01 00000000:00000000 00:00000000 00000000  1000        0 %d 1 0\n"
        % (number, 20000 + number % 30000, 8000 + number % 100, 90000 + number)
        for number in range(rows - 3)
    )
    ours = (
        b"   0: 00000000:0FA1 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0\n",
        b"   1: 0100007F:0FA1 0100007F:C001 01 00000000:00000011 00:00000000 00000000  1000        0 2 1 0\n",
        b"   2: 0100007F:C001 0100007F:0FA1 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0\n",
    )
    return HEAD + b"".join(others) + b"".join(ours)


def seconds(text: bytes, rounds: int = ROUNDS) -> float:
    """The median of a look."""
    here = packed("127.0.0.1")
    ends = Ends(here, 0xC001, here, 4001)
    taken = []
    for _ in range(rounds):
        began = perf_counter()
        sockets_on(text, 4001, ends)
        taken.append(perf_counter() - began)
    return median(taken)


if __name__ == "__main__":
    print(f"{ROWS} rows: {seconds(table()) * 1000:.3f} ms a look")
