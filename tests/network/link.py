"""A network between this process and a namespace of its own: two TUN devices, and a thread that carries the packets.

What the thread does with them is the fault: it loses some, delays all, or carries none. So the kernel's own TCP meets a
bad line on both sides, with no more of the kernel than TUN devices and namespaces (`tc netem` is a module that many
kernels lack). Needs root.
"""

import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time
from pathlib import Path
from typing import Self

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI, _CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
_numbers = itertools.count()


def why_not() -> str | None:
    """Why there can be no such network here; None if there can."""
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("ip") is None:
        return "not installed: ip (apt install iproute2)"
    return None if Path("/dev/net/tun").exists() else "no /dev/net/tun"


class Link:
    """The line, its near end here, its far end in a namespace; a context manager.

    `loss` is the share of packets that are lost in each direction, `delay` the seconds that each takes one way, `cut`
    whether none is carried.
    """

    def __init__(self, seed: int = 3) -> None:
        number = next(_numbers)
        self.name = f"ibt{os.getpid() % 100_000}x{number}"
        self.near = f"198.18.{os.getpid() % 250}.{4 * (number % 60) + 1}"
        self.far = f"198.18.{os.getpid() % 250}.{4 * (number % 60) + 2}"
        self.loss, self.delay, self.cut = 0.0, 0.0, False
        self.carried = self.lost = 0
        self._chance = random.Random(seed)
        self._ends: list[int] = []
        self._stop, self._stopping = os.pipe()
        self._thread = threading.Thread(target=self._carry, name="network", daemon=True)

    def __enter__(self) -> Self:
        ip("netns", "add", self.name)
        try:
            self._ends.append(_tun(self.name))
            opener = threading.Thread(target=self._open_far)
            opener.start()
            opener.join()
            ip("addr", "add", f"{self.near}/32", "dev", self.name)
            ip("link", "set", self.name, "up")
            ip("route", "add", self.far, "dev", self.name, "src", self.near, "metric", "100")
            self.far_ip("addr", "add", f"{self.far}/32", "dev", self.name)
            self.connect_far()
            self._thread.start()
        except BaseException:
            self._give_back()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._stopping, b"x")
        self._thread.join(10)
        self._give_back()

    def enter(self) -> None:
        """Move the calling thread into the namespace, for good."""
        with open(f"/run/netns/{self.name}") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    def far_ip(self, *arguments: str) -> None:
        """`ip`, in the namespace."""
        ip("-n", self.name, *arguments)

    def disconnect_far(self) -> None:
        """The far end's device goes down: what is sent there is answered by nobody."""
        self.far_ip("link", "set", self.name, "down")

    def connect_far(self) -> None:
        """It comes up, with its route."""
        self.far_ip("link", "set", self.name, "up")
        self.far_ip("route", "replace", self.near, "dev", self.name, "src", self.far)

    def _open_far(self) -> None:
        self.enter()
        self._ends.append(_tun(self.name))

    def _give_back(self) -> None:
        for end in (*self._ends, self._stop, self._stopping):
            os.close(end)
        ip("netns", "del", self.name)

    def _carry(self) -> None:
        near, far = self._ends
        other, waiting, order = {near: far, far: near}, list[tuple[float, int, int, bytes]](), itertools.count()
        while True:
            patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
            ready, _, _ = select.select([near, far, self._stop], [], [], patience)
            if self._stop in ready:
                return
            for end in ready:
                try:
                    packet = os.read(end, 65536)
                except OSError:  # the device is down
                    continue
                if self.cut or self._chance.random() < self.loss:
                    self.lost += 1
                    continue
                self.carried += 1
                heapq.heappush(waiting, (time.monotonic() + self.delay, next(order), other[end], packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(waiting)
                try:
                    os.write(end, packet)
                except OSError:  # the device there is down
                    self.lost += 1


def ip(*arguments: str) -> None:
    """Run it; raises with what it said."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _tun(name: str) -> int:
    """A TUN device in the namespace of the calling thread."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH14x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return end
