"""Names to addresses: with a deadline, in single flight, and given up at once."""

import socket
import threading
import time

import pytest

from supervisor.gateway.lookup import Address, GivenUp, Lookups, LookupTimeout
from tests.waiting import wait_until

HERE: list[Address] = [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0, 0, 0))]


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def never() -> bool:
    return False


class Slow:
    """A resolver that answers names when released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.asked = 0

    def __call__(self, host: str, flags: int) -> list[Address]:
        if flags:
            raise OSError("a name")
        self.asked += 1
        self.release.wait(30)
        return HERE


def threads() -> int:
    return len([thread for thread in threading.enumerate() if thread.name.startswith("lookup-")])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "127.1"])
def test_numeric_addresses_need_no_thread(host: str) -> None:
    addresses = Lookups().resolve(host, 4001, soon(), never)
    assert [address[1] for _, address in addresses] == [4001]
    assert threads() == 0


def test_every_address_carries_the_port() -> None:
    slow = Slow()
    slow.release.set()
    assert Lookups(slow).resolve("name.test", 7, soon(), never) == [
        (socket.AF_INET, ("127.0.0.1", 7)),
        (socket.AF_INET6, ("::1", 7, 0, 0)),
    ]


def test_askers_of_one_name_share_one_look_up() -> None:
    slow = Slow()
    lookups = Lookups(slow)
    answers: list[list[Address]] = []
    askers = [
        threading.Thread(target=lambda: answers.append(lookups.resolve("name.test", 1, soon(), never)))
        for _ in range(5)
    ]
    for asker in askers:
        asker.start()
    wait_until(lambda: slow.asked)
    slow.release.set()
    for asker in askers:
        asker.join(5)
    assert len(answers) == 5
    assert slow.asked <= 2  # a late asker may find the flight already over
    wait_until(lambda: threads() == 0)


def test_no_answer_in_time_is_a_timeout_and_the_next_asker_joins_the_same_flight() -> None:
    slow = Slow()
    lookups = Lookups(slow)
    for _ in range(3):
        with pytest.raises(LookupTimeout):
            lookups.resolve("name.test", 1, soon(0.02), never)
    assert (slow.asked, threads()) == (1, 1)
    slow.release.set()
    wait_until(lambda: threads() == 0)
    assert lookups.resolve("name.test", 1, soon(), never)


def test_who_gives_up_is_woken() -> None:
    slow = Slow()
    lookups = Lookups(slow)
    tired = threading.Event()
    ended: list[Exception] = []

    def ask() -> None:
        try:
            lookups.resolve("name.test", 1, soon(30), tired.is_set)
        except OSError as error:
            ended.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    wait_until(lambda: slow.asked)
    tired.set()
    lookups.wake()
    asker.join(5)
    assert isinstance(ended[0], GivenUp)
    slow.release.set()
    wait_until(lambda: threads() == 0)


@pytest.mark.parametrize("error", [OSError("down"), UnicodeError("label too long"), RuntimeError("odd")])
def test_a_resolver_that_fails_is_an_oserror_with_the_name(error: Exception) -> None:
    def fail(host: str, flags: int) -> list[Address]:
        if flags:
            raise OSError("a name")
        raise error

    with pytest.raises(OSError, match=f"look-up of name.test failed: {error}"):
        Lookups(fail).resolve("name.test", 1, soon(), never)


def test_no_address_is_an_error() -> None:
    def none(host: str, flags: int) -> list[Address]:
        if flags:
            raise OSError("a name")
        return []

    with pytest.raises(OSError, match="no address"):
        Lookups(none).resolve("name.test", 1, soon(), never)
