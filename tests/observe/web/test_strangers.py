"""Where there are users, strangers cost the known clients nothing and learn nothing."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import bcrypt
import pytest

from supervisor.observe.web.access.checks import Busy, Checks, Failures, network
from supervisor.observe.web.access.users import Users
from supervisor.observe.web.listen import bind
from supervisor.observe.web.protocol import LIMITS, Limits
from supervisor.observe.web.server import WebServer
from tests.config.web_files import HASH, PASSWORD
from tests.observe import rich
from tests.observe.asking import Somebody, basic
from tests.observe.stage import Stage
from tests.observe.wire import Wire, wired

FEW = replace(LIMITS, connections=6, strangers=4, crowd=2, slow=0.5)
Connect = Callable[..., Wire]


@contextmanager
def secured(limits: Limits = FEW) -> Iterator[Connect]:
    stage = Stage([rich.fresh("live").snapshot])
    server = WebServer(stage, bind("127.0.0.1", 0), limits=limits, admit=Users({"prometheus": HASH}).admit)
    server.start()
    with wired(server.port) as connect:
        yield connect
    assert server.stop(10)


def ask(wire: Wire, password: str) -> int:
    wire.request("/metrics", headers=f"Authorization: {basic('prometheus', password)}\r\n")
    return wire.answer()[0]


def test_a_known_client_stays_however_many_strangers_come() -> None:
    with secured() as connect:
        scraper = connect()
        assert ask(scraper, PASSWORD) == 200
        for _ in range(20):
            connect().send("GET /metrics HTTP/1.1\r\n")
        assert ask(scraper, PASSWORD) == 200
        another = connect()
        assert ask(another, PASSWORD) == 200, "a new one finds a place too"


def test_of_the_strangers_of_one_address_the_oldest_goes() -> None:
    with secured() as connect:
        first, second, *_ = [connect() for _ in range(FEW.strangers + 1)]
        assert first.closes_within(5)
        assert not second.closed


def test_who_was_known_and_is_wrong_now_is_a_stranger_again() -> None:
    with secured() as connect:
        wire = connect()
        assert ask(wire, PASSWORD) == 200
        assert ask(wire, "wrong") == 401
        for _ in range(FEW.strangers):
            connect()
        assert wire.closes_within(5)


def test_one_stranger_is_refused_at_once_a_crowd_is_made_to_wait() -> None:
    with secured() as connect:
        took, crowd = [], []
        for _ in range(FEW.crowd + 1):
            began = time.monotonic()
            crowd.append(connect())
            assert ask(crowd[-1], "wrong") == 401
            took.append(time.monotonic() - began)
        assert max(took[:-1]) < FEW.slow / 2 <= took[-1]


def test_one_of_a_crowd_that_leaves_is_not_waited_for() -> None:
    with secured(replace(FEW, slow=60.0)) as connect:
        others = [connect() for _ in range(FEW.crowd + 1)]
        others[0].request("/metrics")
        others[0].socket.close()
        last = connect()
        assert ask(last, PASSWORD) == 200


# -- the time of an answer --------------------------------------------------------------------------------------------


def spent(hashes: dict[str, str], name: str, password: str) -> int:
    """What an answer costs, in units of the cheapest comparison."""
    units: list[int] = []

    def check(said: bytes, known: bytes) -> bool:
        units.append(2 ** int(known.split(b"$")[2]))
        return bcrypt.checkpw(said, known)

    users = Users(hashes, check, lambda _, cost: units.append(2**cost))
    asyncio.run(users.admit(basic(name, password), Somebody()))
    return sum(units)


def test_a_wrong_answer_costs_the_same_whoever_is_named() -> None:
    dear = bcrypt.hashpw(b"x", bcrypt.gensalt(7)).decode()
    hashes = {
        "cheap": HASH,
        "dear": dear,
        "between": HASH.replace("$04$", "$05$"),
    }
    assert {spent(hashes, name, "wrong") for name in (*hashes, "nobody", "")} == {2**7}
    assert spent(hashes, "cheap", PASSWORD) == 2**4, "a right one is not a secret"


# -- whose turn it is -------------------------------------------------------------------------------------------------


def test_who_has_not_failed_comes_before_who_has_then_the_newest_and_who_has_left_last() -> None:
    async def played() -> list[bytes]:
        checks = Checks(places=1)
        checks.failures.add(b"failed")
        asking = [(b"gone", Somebody(gone=True)), (b"old", Somebody()), (b"new", Somebody()), (b"failed", Somebody())]
        order: list[bytes] = []
        gate = threading.Event()
        first = asyncio.create_task(checks.do(b"first", Somebody(), gate.wait))
        await asyncio.sleep(0)
        tasks = []
        for key, asker in asking:
            tasks.append(asyncio.create_task(checks.do(key, asker, lambda key=key: order.append(key))))  # type: ignore[misc]
            await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *tasks)
        return order

    assert asyncio.run(played()) == [b"new", b"old", b"failed", b"gone"]


def test_one_too_many_costs_the_one_whose_turn_would_come_last() -> None:
    async def played() -> list[str]:
        checks = Checks(places=1, waiting=2)
        gate = threading.Event()
        first = asyncio.create_task(checks.do(b"first", Somebody(), gate.wait))
        await asyncio.sleep(0)
        tasks = []
        for key in (b"a", b"b", b"c"):
            tasks.append(asyncio.create_task(checks.do(key, Somebody(), key.decode)))
            await asyncio.sleep(0)
        gate.set()
        await first
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return ["refused" if isinstance(result, Busy) else str(result) for result in results]

    assert asyncio.run(played()) == ["refused", "b", "c"]


def test_nobody_waits_longer_than_the_patience_and_no_place_is_lost() -> None:
    async def played() -> None:
        checks = Checks(places=1, patience=0.05)
        held = threading.Event()
        first = asyncio.create_task(checks.do(b"first", Somebody(), held.wait))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await checks.do(b"second", Somebody(), lambda: None)
        leaving = asyncio.create_task(checks.do(b"third", Somebody(), lambda: None))
        await asyncio.sleep(0)
        leaving.cancel()
        held.set()
        await first
        assert await checks.do(b"fourth", Somebody(), lambda: 4) == 4

    asyncio.run(played())


def test_failures_are_forgotten_after_a_while_and_when_there_are_too_many() -> None:
    now = [0.0]
    failures = Failures(lambda: now[0])
    failures.add(b"a")
    failures.add(b"a")
    assert failures.of(b"a") == 2
    now[0] = 61.0
    assert failures.of(b"a") == 0
    failures.add(b"a")
    for number in range(5000):
        failures.add(number.to_bytes(2, "big"))
    assert failures.of(b"a") == 0


@pytest.mark.parametrize(
    ("address", "of"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("odd", "odd"),
    ],
)
def test_of_ipv6_a_network_is_one_stranger(address: str, of: str) -> None:
    assert network(address) == of


# -- a change of the users --------------------------------------------------------------------------------------------


def test_who_proved_to_be_a_user_is_known_after_the_users_have_changed_unless_the_own_hash_has() -> None:
    paid: list[bytes] = []

    def check(password: bytes, known: bytes) -> bool:
        paid.append(password)
        return bcrypt.checkpw(password, known)

    async def played() -> list[bool]:
        users = Users({"prometheus": HASH}, check)
        found = [await users.admit(basic("prometheus", PASSWORD), Somebody())]
        users.change({"prometheus": HASH, "another": HASH})
        found.append(await users.admit(basic("prometheus", PASSWORD), Somebody()))
        assert len(paid) == 1
        users.change({"prometheus": bcrypt.hashpw(b"new", bcrypt.gensalt(4)).decode()})
        found.append(await users.admit(basic("prometheus", PASSWORD), Somebody()))
        found.append(await users.admit(basic("prometheus", "new"), Somebody()))
        return found

    assert asyncio.run(played()) == [True, True, False, True]
