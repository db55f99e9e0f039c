"""Bad networks between the daemon and its gateway: what is done to the line, and what must come of it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.endurance.sampling import Row
from tests.network.link import Link, ip
from tests.waiting import wait_until

FOUND = 10.0
"""Seconds within which a dead line ends the session: 9.5 s with the usual timing, and a scrape."""
BACK = 25.0
"""Seconds from the line's return to up: the gateway has not heard of the session's end and refuses its client id (326)
until TCP sends that again, which after 10 s of silence it does within as many; tries after a 326 are 2, 4, 8 s apart.
"""


@contextmanager
def far_away(folder: Path) -> Iterator[tuple[Link, SimulatedGateway, Running]]:
    """A daemon that is up with a gateway at the far end of a line."""
    with Link() as link, Fleet() as fleet:
        fleet.call(link.enter)
        with SimulatedGateway(fleet=fleet, host=link.far) as gateway:
            keys = quick(gateway.port, host=link.far)
            with running(folder, gateways(keys)) as daemon:
                daemon.wait_up()
                yield link, gateway, daemon


def _no_packets(link: Link) -> Callable[[], None]:
    link.cut = True

    def healed() -> None:
        link.cut = False

    return healed


def _route(kind: str) -> Callable[[Link], Callable[[], None]]:
    def begin(link: Link) -> Callable[[], None]:
        ip("route", "add", kind, link.far, "metric", "1")
        return lambda: ip("route", "del", kind, link.far, "metric", "1")

    return begin


def _far_end_down(link: Link) -> Callable[[], None]:
    link.disconnect_far()
    return link.connect_far


DEAD: Mapping[str, tuple[Callable[[Link], Callable[[], None]], str]] = {
    "every packet lost": (_no_packets, "timeout"),
    "the far end's link down (half open)": (_far_end_down, "timeout"),
    "a blackhole route": (_route("blackhole"), "error"),
    "an unreachable route": (_route("unreachable"), "error"),
}
"""How a line can be dead: what begins it and returns what ends it, and the reason that attempts then fail with."""


def dead(folder: Path, what: str) -> Row:
    """The line is dead, and lives again."""
    begin, reason = DEAD[what]
    with far_away(folder) as (link, _, daemon):
        began = time.monotonic()
        heal = begin(link)
        daemon.until(lambda: not daemon.up(), FOUND + 5, what="ib_up 0")
        told = time.monotonic() - began
        daemon.until(lambda: daemon.metric("ib_layer_up", layer="session") == 0, FOUND + 5, what="the session over")
        found = time.monotonic() - began
        daemon.until(
            lambda: daemon.metric("ib_connect_failures_total", reason=reason), 10, what=f"an attempt: {reason}"
        )
        losses = daemon.metrics("ib_session_losses_total", by="reason", planned="false")
        heal()
        healed = time.monotonic()
        daemon.wait_up(BACK + 10)
        back = time.monotonic() - healed
        lost = " ".join(name for name, count in losses.items() if count)
        ghosts = daemon.metric("ib_connect_failures_total", reason="client_id_in_use") or 0
    return Row(
        what,
        "1 time",
        f"told after {told:.1f} s, session given up after {found:.1f} s ({lost}), attempts fail as {reason}, up "
        f"{back:.1f} s after the line is back, {ghosts:.0f} times refused by 326",
        f"given up within {FOUND:g} s; up within {BACK:g} s",
        found <= FOUND and back <= BACK,
    )


def lossy(folder: Path, loss: float, delay: float, seconds: float, resets: int) -> Row:
    """A line that loses and delays: the session lives on it, and comes back on it."""
    with far_away(folder) as (link, gateway, daemon):
        link.loss, link.delay = loss, delay
        end = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= end, seconds + 10, every=0.05)
        misses = daemon.metric("ib_heartbeat_misses_total") or 0
        sessions = daemon.metric("ib_sessions_total")
        took = []
        for turn in range(resets):
            gateway.do("rst")
            began = time.monotonic()
            wanted = turn + 2
            daemon.until(lambda wanted=wanted: daemon.metric("ib_sessions_total") == wanted and daemon.up(), 30)  # type: ignore[misc]
            took.append(time.monotonic() - began)
        share = link.lost / max(1, link.lost + link.carried)
    return Row(
        f"{loss:.0%} of packets lost, {delay * 2000:g} ms there and back",
        f"{seconds:g} s, then {resets} resets",
        f"{misses:.0f} heartbeats missed, {(sessions or 0) - 1:.0f} sessions lost; up again {max(took):.1f} s after a "
        f"reset at worst ({share:.1%} of packets were lost)",
        "no session lost; up again within 10 s",
        sessions == 1 and max(took) <= 10.0,
    )


def stalled(folder: Path, seconds: float) -> Row:
    """A line that is dead for a moment."""
    with far_away(folder) as (link, _, daemon):
        link.cut = True
        end = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= end, seconds + 10)
        link.cut = False
        before = daemon.metric("ib_heartbeat_seconds_count") or 0
        daemon.until(lambda: (daemon.metric("ib_heartbeat_seconds_count") or 0) >= before + 2, 20, what="two answers")
        sessions, losses = daemon.metric("ib_sessions_total"), daemon.metric("ib_heartbeat_misses_total")
    return Row(
        f"every packet lost for {seconds:g} s",
        "1 time",
        f"{(sessions or 0) - 1:.0f} sessions lost, {losses or 0:.0f} heartbeats missed",
        "no session lost",
        sessions == 1,
    )
