"""Subscriptions are made again after a loss of data, with new ids, and never after one that lost nothing."""

from typing import Any

import pytest

from supervisor.core.model.vocabulary import Phase
from supervisor.simulator import SimulatedGateway
from tests.host.programs import Book, hosted, stock
from tests.waiting import wait_until

REQ_MKT_DATA = 1


def quotes(client: Any, req_id: int) -> None:
    client.reqMktData(req_id, stock(), "", False, False, [])


def test_a_subscription_is_made_again_in_each_session_and_after_1101_but_not_after_1102(
    gateway: SimulatedGateway, book: Book
) -> None:
    with hosted(book, gateway.port) as host:
        subscription = host.subscribe(quotes)
        host.wait_ready(10)
        first = subscription.req_id
        book.until("tickPrice")
        gateway.do("upstream_lost", for_=0.2, data="maintained")
        book.until("on_reconciled")
        assert (subscription.req_id, gateway.received[REQ_MKT_DATA]) == (first, 1)
        gateway.do("upstream_lost", for_=0.2, data="lost")
        wait_until(lambda: gateway.received[REQ_MKT_DATA] == 2)
        second = subscription.req_id
        gateway.do("rst")
        wait_until(lambda: gateway.received[REQ_MKT_DATA] == 3)
        assert first is not None
        assert second is not None
        assert len({first, second, subscription.req_id}) == 3
        assert subscription.earlier == (first, second)
        assert host.subscription(first) is subscription
        assert host.subscription(subscription.req_id or 0) is subscription
        assert host.subscription(1) is None
    heard = [number for number, _ in book.all("tickPrice")]
    assert heard[0] == first
    assert set(heard) <= {first, second, subscription.req_id}


def test_before_on_ready_it_is_made_once_whoever_registers_it_and_whatever_is_told_meanwhile(
    gateway: SimulatedGateway, book: Book
) -> None:
    gateway.do("delay", by=0.4)  # so long the host waits for what it asks before on_ready
    with hosted(book, gateway.port) as host:
        earlier = host.subscribe(quotes)
        wait_until(lambda: host.snapshot.phase is Phase.READY)
        gateway.do("notice", code=1101, text="Connectivity restored - data lost.")
        later = host.subscribe(quotes)
        host.wait_ready(20)
        wait_until(lambda: earlier.req_id and later.req_id)
        wait_until(lambda: gateway.received[REQ_MKT_DATA] == 2)
        assert (earlier.earlier, later.earlier) == ((), ())


def test_what_cannot_be_called_is_no_subscription(gateway: SimulatedGateway, book: Book) -> None:
    with pytest.raises(TypeError, match="a function of the program's client"):
        hosted(book, gateway.port).subscribe(None)  # type: ignore[arg-type]


def test_one_that_is_cancelled_is_not_made_again_and_one_that_raises_harms_no_other(
    gateway: SimulatedGateway, book: Book
) -> None:
    def broken(client: Any, req_id: int) -> None:
        book.note("tried", req_id)
        raise ValueError("no such contract")

    with hosted(book, gateway.port) as host:
        cancelled, bad, good = host.subscribe(quotes), host.subscribe(broken), host.subscribe(quotes)
        host.wait_ready(10)
        cancelled.cancel()
        gateway.do("rst")
        book.until("on_ready", 2)
        wait_until(lambda: gateway.received[REQ_MKT_DATA] == 3)
        wait_until(lambda: len(book.all("tried")) == 2)
        assert bad.req_id is not None
        assert good.earlier


def test_a_stream_that_is_dead_is_told_and_may_be_renewed(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        subscription = host.subscribe(quotes)
        host.wait_ready(10)
        dead = subscription.req_id
        gateway.do("notice", code=10182, text="Failed to request live updates (disconnected).", request=dead)
        book.until("on_stream_dead")
        assert book.all("on_stream_dead") == [(dead, 10182)]
        host.call(subscription.renew)
        wait_until(lambda: subscription.req_id != dead)
