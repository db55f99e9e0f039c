"""Nothing is left behind: threads, file descriptors, memory."""

import gc
import os
import threading
import tracemalloc

from supervisor.simulator import Scenario, SimulatedGateway
from tests.simulator.client import RawClient
from tests.waiting import wait_until


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_closed_gateway_leaves_no_thread_and_no_descriptor() -> None:
    before, threads = descriptors(), threading.active_count()
    for _ in range(20):
        with SimulatedGateway() as gateway:
            gateway.open_control()
            gateway.do("port_changed")
            with RawClient(gateway.port) as client:
                client.ready()
                gateway.do("delay", by=60)
                client.ask(8, 1, 1)
                wait_until(lambda: gateway.received[8] == 1)
    assert (descriptors(), threading.active_count()) == (before, threads)


def test_a_thousand_sessions_of_every_ending_leave_nothing() -> None:
    endings = ("client", "fin", "rst", "half_open", "326", "mute", "delayed")
    with SimulatedGateway(Scenario(greeting=())) as gateway:

        def one(ending: str) -> None:
            with RawClient(gateway.port) as client:
                if ending == "mute":
                    gateway.do("mute")
                    client.hello()
                    gateway.do("heal")
                    return
                client.start(7)
                if ending == "326":
                    with RawClient(gateway.port) as second:
                        second.hello().payload()
                        second.ask(71, 2, 7, "")
                        assert second.message()[3] == "326"
                elif ending == "delayed":
                    gateway.do("delay", by=60)
                    client.ask(49, 1)
                    gateway.do("heal")
                elif ending != "client":
                    gateway.do(ending)

        def settle() -> None:
            wait_until(lambda: gateway.clients == [])

        for ending in endings:
            one(ending)
            settle()
        before = descriptors()
        tracemalloc.start()
        memory = 0
        for turn in range(1000):
            one(endings[turn % len(endings)])
            settle()
            if turn == 100:
                gc.collect()
                memory = tracemalloc.get_traced_memory()[0]
        wait_until(lambda: descriptors() <= before)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - memory
        tracemalloc.stop()
        assert grown < 100_000
