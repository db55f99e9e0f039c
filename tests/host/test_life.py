"""A program as people write it lives through the losses of its sessions, on one thread, and ends when it wants to."""

import asyncio
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from supervisor.host import BadProgram, Host
from supervisor.simulator import Fleet, SimulatedGateway
from tests.host.programs import QUICK, Book, Hello, Recorder, hosted
from tests.waiting import wait_until


def test_hello_world_is_answered_again_after_each_restart_by_an_object_of_its_own(
    gateway: SimulatedGateway, book: Book
) -> None:
    with hosted(book, gateway.port, Hello) as host:
        host.wait_ready(10)
        for times in (1, 2, 3):
            book.until("accountSummaryEnd", times)
            gateway.do("restart", for_=0.3)
        book.until("accountSummaryEnd", 4)
    assert len(book.apps) == 4
    assert len(book.all("accountSummary")) == 4
    assert len(book.all("connectionClosed")) == 4


def test_hooks_tell_the_loss_and_the_return_in_order_on_one_thread(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        first = host.wait_ready(10)
        gateway.do("restart", for_=0.5)
        book.until("on_ready", 2)
        second = host.wait_ready(10)
        weekend = any(window.active for window in host.snapshot.windows)
    (loss,) = book.losses
    order = [name for name in book.names() if name in ("on_ready", "connectionClosed", "on_lost", "on_data_lost")]
    assert order == ["on_ready", "connectionClosed", "on_lost", "on_data_lost", "on_ready", "connectionClosed"]
    assert (first.away, first.data_lost, first.complete, first.next_order_id) == (0.0, False, True, 1)
    assert 0.4 < second.away < 5.0
    assert second.data_lost
    assert second.epoch > first.epoch
    assert (loss.reason, loss.planned) == ("reset", weekend)
    assert "closed the session" in loss.words
    assert len(book.threads) == 1


def test_a_loss_in_the_window_of_the_restart_is_planned(gateway: SimulatedGateway, book: Book) -> None:
    now = datetime.now(UTC)
    with hosted(book, gateway.port, daily_restart={"time": f"{now:%H:%M}", "timezone": "UTC"}) as host:
        host.wait_ready(10)
        gateway.do("restart", for_=0.3)
        book.until("on_ready", 2)
    assert book.losses[0].planned


def test_attempts_that_fail_before_a_session_make_no_new_object_and_tell_the_program_nothing(
    fleet: Fleet, book: Book
) -> None:
    with SimulatedGateway(fleet=fleet) as gateway:
        gateway.do("refuse", for_=0.6)
        with hosted(book, gateway.port) as host:
            host.wait_ready(10)
            assert host.snapshot.counters.attempts > 2
    assert len(book.apps) == 1
    assert 502 not in [code for _, code, _ in book.all("error")]
    assert len(book.all("connectionClosed")) == 1


def test_a_client_and_a_wrapper_may_be_two_objects(gateway: SimulatedGateway, book: Book) -> None:
    class Ears(EWrapper):
        def nextValidId(self, orderId: int) -> None:
            book.note("nextValidId", orderId)

        def error(self, *args: Any) -> None:
            book.note("error", *args)

        def on_ready(self, ready: Any) -> None:
            book.note("on_ready", ready)

    def pair() -> tuple[EClient, Ears]:
        ears = Ears()
        return EClient(ears), ears

    with Host(pair, port=gateway.port, client_id=17, timing=QUICK) as host:
        host.wait_ready(10)
        gateway.do("rst")
        book.until("on_ready", 2)
        client, ears = host.app
        assert isinstance(client, EClient)
        assert isinstance(ears, Ears)


def test_run_uses_the_callers_thread_and_returns_when_the_program_disconnects(
    gateway: SimulatedGateway, book: Book
) -> None:
    class Once(Hello):
        def accountSummaryEnd(self, reqId: int) -> None:
            super().accountSummaryEnd(reqId)
            self.disconnect()

    hosted(book, gateway.port, Once).run()
    assert book.threads == {threading.get_ident()}
    assert len(book.apps) == 1
    assert book.names()[-1] == "connectionClosed"


@pytest.mark.parametrize("ending", [SystemExit(3), KeyboardInterrupt()])
def test_what_is_to_end_the_process_ends_the_host_and_is_raised_by_run(
    gateway: SimulatedGateway, book: Book, ending: BaseException
) -> None:
    class Leaves(Hello):
        def accountSummaryEnd(self, reqId: int) -> None:
            raise ending

    host = hosted(book, gateway.port, Leaves)
    with pytest.raises(type(ending)):
        host.run()
    assert len(book.all("connectionClosed")) == 1


@pytest.mark.parametrize("place", ["on_lost", "connectionClosed", "accountSummaryEnd"])
def test_on_a_thread_of_its_own_it_ends_the_host_and_wait_ready_raises_it(
    gateway: SimulatedGateway, book: Book, place: str
) -> None:
    def leave(*_: Any) -> None:
        raise SystemExit(3)

    with hosted(book, gateway.port, type("Leaves", (Recorder,), {place: leave})) as host:
        if place != "accountSummaryEnd":
            host.wait_ready(10)
        gateway.do("rst")
        wait_until(lambda: not any(each.name == f"host-{host.name}" for each in threading.enumerate()))
        with pytest.raises(SystemExit):
            host.wait_ready(10)


def test_who_would_wait_for_its_own_thread_is_told_so(gateway: SimulatedGateway, book: Book) -> None:
    class Waits(Recorder):
        def on_ready(self, ready: Any) -> None:
            try:
                host.wait_ready(None)
            except RuntimeError as error:
                book.note("refused", str(error))
            super().on_ready(ready)

    host = hosted(book, gateway.port, Waits)
    with host:
        host.wait_ready(10)
    assert "wait for itself" in book.all("refused")[0][0]


@pytest.mark.parametrize("away", [False, True])
def test_a_signal_handler_that_exits_ends_the_run_at_once(gateway: SimulatedGateway, book: Book, away: bool) -> None:
    if away:
        gateway.do("refuse")
    host = hosted(book, gateway.port)

    def kill() -> None:
        wait_until(lambda: host.snapshot.counters.attempts > 2 if away else book.readies, 20)
        os.kill(os.getpid(), signal.SIGUSR1)

    earlier = signal.signal(signal.SIGUSR1, lambda *_: sys.exit(7))
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(SystemExit, match="7"):
            host.run()
    finally:
        signal.signal(signal.SIGUSR1, earlier)
        killer.join()
    assert len(book.all("connectionClosed")) == (not away)


def test_a_factory_that_raises_at_first_is_a_mistake_and_raised(gateway: SimulatedGateway, book: Book) -> None:
    def broken() -> object:
        raise KeyError("config")

    with pytest.raises(KeyError):
        Host(broken, port=gateway.port, client_id=17).run()
    with Host(broken, port=gateway.port, client_id=17) as host, pytest.raises(KeyError):
        host.wait_ready(5)


def test_a_factory_that_raises_later_is_called_again(gateway: SimulatedGateway, book: Book) -> None:
    calls: list[int] = []

    def sometimes() -> Recorder:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("no space")
        return Recorder(book)

    with Host(sometimes, port=gateway.port, client_id=17, timing=QUICK) as host:
        host.wait_ready(10)
        gateway.do("rst")
        book.until("on_ready", 2)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: object(), "no ibapi EClient"),
        (lambda: EWrapper(), "no ibapi EClient"),
        (lambda: type("Forgets", (EWrapper, EClient), {"__init__": lambda self: None})(), "does not call"),
    ],
)
def test_what_cannot_be_hosted_is_refused_with_the_reason(gateway: SimulatedGateway, make: Any, words: str) -> None:
    with pytest.raises(BadProgram, match=words):
        Host(make, port=gateway.port, client_id=17).run()


def test_a_program_leaves_connect_and_run_to_the_host(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        with pytest.raises(RuntimeError, match="connect"):
            host.app.connect("127.0.0.1", gateway.port, 1)
        with pytest.raises(RuntimeError, match="run"):
            host.app.run()
        assert isinstance(host.app, Recorder)
        assert type(host.app).__name__ == "Recorder"


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError, GeneratorExit])
def test_every_hook_and_callback_may_raise_and_costs_nothing(
    gateway: SimulatedGateway, book: Book, error: type[BaseException]
) -> None:
    class Raises(Recorder):
        def __getattribute__(self, name: str) -> Any:
            found = super().__getattribute__(name)
            if name.startswith("on_") or name in ("nextValidId", "accountSummary", "managedAccounts", "error"):

                def raising(*args: Any) -> None:
                    found(*args)
                    raise error(name)

                return raising
            return found

    with hosted(book, gateway.port, Raises) as host:
        first = host.wait_ready(10)
        gateway.do("notice", code=2103, text="Market data farm connection is broken:usfarm")
        gateway.do("upstream_lost", for_=0.2, data="maintained")
        book.until("on_reconciled")
        assert host.wait_ready(1) == first
        gateway.do("rst")
        book.until("on_ready", 2)
        assert host.callback_errors > 5
    assert {"on_farm", "on_upstream", "on_data_maintained", "on_lost", "on_data_lost"} <= set(book.names())


def test_stop_ends_an_attempt_under_way_and_leaves_no_thread(fleet: Fleet, book: Book) -> None:
    before = set(threading.enumerate())
    with SimulatedGateway(fleet=fleet) as gateway:
        gateway.do("mute")
        host = hosted(book, gateway.port)
        host.start()
        wait_until(lambda: gateway.connections_accepted > 0)
        assert host.stop(5.0)
        with pytest.raises(TimeoutError):
            host.wait_ready(0.1)
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_a_host_runs_once(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        with pytest.raises(RuntimeError, match="once"):
            host.start()


def test_a_program_may_ask_for_a_new_session(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        host.wait_ready(10)
        host.reconnect()
        book.until("on_ready", 2)
    assert book.losses[0].reason == "closed"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"port": 0}, "port"),
        ({"port": True}, "port"),
        ({"client_id": True}, "client_id"),
        ({"host": ""}, "host"),
        ({"name": "../live"}, "name"),
        ({"windows": ("weekend",)}, "windows"),
        ({"required_farms": "usfarm"}, "required_farms"),
        ({"required_farms": ("market/usfarm",)}, "no kind"),
        ({"wait_timeout": float("nan")}, "wait_timeout"),
        ({"order_max_wait": -1}, "order_max_wait"),
        ({"gate_before_restart": "1m"}, "gate_before_restart"),
        ({"daemon_gate": "/run/gate/live.json"}, "daemon_gate"),
        ({"daily_restart": "23:45"}, "daily_restart"),
        ({"weekly_restart": {"day": 6, "time": "12:00", "timezone": "UTC"}}, "weekly_restart"),
        ({"timing": 5}, "timing"),
        ({"timing": {"heartbeat_timeout": -1.0}}, "heartbeat_timeout"),
        ({"timing": {"heartbeat_interval": float("nan")}}, "heartbeat_interval"),
        ({"timing": {"heartbeat_misses": 0}}, "heartbeat_misses"),
        ({"client_id": -1}, "client_id"),
        ({"when_down": "maybe"}, "when_down"),
        ({"account_mode": "demo"}, "account_mode"),
        ({"daily_restart": {"time": "23:45"}}, "daily_restart: without timezone"),
        ({"daily_restart": {"time": "23:45", "timezone": "Mars/Base"}}, "daily_restart"),
        ({"daily_restart": {"time": "23:45", "timezone": "UTC", "lead": "soon"}}, "lead"),
        ({"daily_restart": {"time": "2345h", "timezone": "UTC"}}, "daily_restart"),
        ({"daily_restart": {"time": "23:45", "timezone": "UTC", "day": "monday"}}, "unknown day"),
        ({"weekly_restart": {"time": "23:45", "timezone": "UTC", "day": "moonday"}}, "moonday"),
        ({"timing": {"heartbeat": 1.0}}, "unknown heartbeat"),
        ({"timing": {"heartbeat_interval": 1.0}}, "heartbeat_interval"),
    ],
)
def test_a_wrong_argument_is_named(wrong: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"port": 4001, "client_id": 17, **wrong}
    with pytest.raises(ValueError, match=words):
        Host(object, **arguments)


def test_what_cannot_be_called_is_no_factory() -> None:
    with pytest.raises(ValueError, match="a class, or a function"):
        Host(None, port=4001, client_id=17)  # type: ignore[arg-type]


def test_a_weekly_restart_and_its_windows_are_understood() -> None:
    weekly = {"day": "Sunday", "time": "12:00", "timezone": "America/New_York", "grace": "30m"}
    host = Host(object, port=4001, client_id=17, weekly_restart=weekly, required_farms=("usfarm", "historical/ushmds"))
    assert [str(farm) for farm in host.snapshot.policy.required_farms or ()] == ["usfarm", "historical/ushmds"]
    assert [window.name for window in host.snapshot.policy.windows] == ["weekly_restart", "server_reset"]
