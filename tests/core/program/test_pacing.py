"""At most 45 messages within a second, and what may pass what."""

from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.program import pacing
from supervisor.core.program.pacing import (
    APART,
    KEPT,
    OURS,
    RATE,
    REQUESTS,
    ROOM,
    SPAN,
    THEIRS,
    Pacing,
    Priority,
    Waiting,
    counted,
    due,
    offer,
    wake,
)


def order(order_id: int, at: float = 0.0, *, known: bool = False) -> Waiting:
    return Waiting(Priority.ORDER, order_id, f"order {order_id}".encode(), at, "placeOrder", known)


def cancel(order_id: int | None, at: float = 0.0) -> Waiting:
    return Waiting(Priority.CANCEL, order_id, f"cancel {order_id}".encode(), at, "cancelOrder")


def request(name: str, at: float = 0.0) -> Waiting:
    return Waiting(Priority.REQUEST, None, name.encode(), at, name)


def full(at: float = 0.0, *, patience: float = 1.0) -> Pacing:
    """The messages of a second are gone."""
    found = Pacing(patience)
    for _ in range(THEIRS):
        found = counted(found, at)
    return found


def frames(found: Pacing) -> list[str]:
    return [each.frame.decode() for each in found.waiting]


def test_what_is_left_to_us_fits_into_the_rate() -> None:
    assert THEIRS + OURS == RATE
    assert REQUESTS + KEPT == THEIRS


def test_what_may_go_goes_at_once() -> None:
    verdict = offer(Pacing(), request("a"))
    assert verdict.send
    assert verdict.pacing.sent == (0.0,)
    assert verdict.pacing.waiting == ()


def test_one_message_more_than_the_program_has_waits_until_the_first_is_a_little_older_than_a_second() -> None:
    verdict = offer(full(), request("a", 0.1))
    assert not verdict.send
    assert wake(verdict.pacing, 0.1) == SPAN > 1.0
    assert due(verdict.pacing, SPAN - 0.1).send is None
    turn = due(verdict.pacing, SPAN)
    assert turn.send is not None
    assert turn.send.frame == b"a"
    assert turn.pacing.waiting == ()
    assert wake(turn.pacing, SPAN) is None
    assert turn.pacing.paced == 1


def test_requests_that_waited_go_one_after_the_other() -> None:
    found = full()
    for name in ("a", "b"):
        found = offer(found, request(name, 0.1)).pacing
    found = due(found, SPAN).pacing
    assert due(found, SPAN).send is None
    assert wake(found, SPAN) == SPAN + APART
    assert due(found, SPAN + APART).send is not None


def test_many_requests_leave_room_for_orders_and_cancels() -> None:
    found = Pacing()
    for number in range(2 * THEIRS):
        found = offer(found, request(str(number))).pacing
    assert len(found.sent) == REQUESTS
    for number in range(KEPT):
        verdict = offer(found, cancel(9) if number % 2 else order(number))
        assert verdict.send
        found = verdict.pacing
    assert not offer(found, order(99)).send


def test_the_first_request_of_a_queue_that_orders_have_made_does_not_wait_for_others() -> None:
    waiting = Pacing(waiting=(request("a"),))
    assert wake(waiting, 3.0) == 3.0


def test_nothing_is_due_where_nothing_waits() -> None:
    assert due(Pacing(), 5.0).send is None


def test_cancels_pass_orders_and_orders_pass_requests_each_kind_in_its_order() -> None:
    found = full(patience=5.0)
    for message in (request("a"), order(1), request("b"), cancel(9), order(2), cancel(8)):
        found = offer(found, message).pacing
    assert frames(found) == ["cancel 9", "cancel 8", "order 1", "order 2", "a", "b"]


def test_a_message_never_passes_one_of_its_kind_that_waits_although_it_could_go() -> None:
    found = offer(full(), request("a")).pacing
    verdict = offer(found, request("b", 1.5))
    assert not verdict.send
    assert frames(verdict.pacing) == ["a", "b"]


def test_the_cancel_of_an_order_that_waits_takes_it_out_and_does_not_go() -> None:
    found = offer(offer(full(patience=5.0), order(1)).pacing, order(2)).pacing
    verdict = offer(found, cancel(1))
    assert not verdict.send
    assert verdict.refused == ""
    assert [each.order_id for each in verdict.removed] == [1]
    assert frames(verdict.pacing) == ["order 2"]


def test_the_cancel_of_a_change_that_waits_takes_it_out_and_goes_because_the_order_lives() -> None:
    verdict = offer(offer(full(patience=5.0), order(1, known=True)).pacing, cancel(1))
    assert [each.order_id for each in verdict.removed] == [1]
    assert frames(verdict.pacing) == ["cancel 1"]


def test_a_cancel_of_all_orders_takes_all_out_and_goes() -> None:
    found = offer(offer(full(patience=5.0), order(1)).pacing, order(2)).pacing
    verdict = offer(found, cancel(None), every=True)
    assert len(verdict.removed) == 2
    assert frames(verdict.pacing) == ["cancel None"]


def test_a_cancel_whose_order_is_not_told_takes_nothing_out() -> None:
    found = offer(full(patience=5.0), Waiting(Priority.ORDER, None, b"x", 0.0)).pacing
    assert offer(found, cancel(None)).removed == ()


def test_an_order_that_would_wait_too_long_is_refused_at_once() -> None:
    assert "1.1 s" in offer(full(), order(1, 0.0)).refused
    assert offer(full(), order(1, 0.2)).refused == ""
    found = full(patience=SPAN)
    for number in range(THEIRS):
        found = offer(found, order(number)).pacing
    verdict = offer(found, order(999))
    assert "2.2 s" in verdict.refused
    assert len(verdict.pacing.waiting) == THEIRS


def test_an_order_that_waited_too_long_after_all_is_stale() -> None:
    found = offer(full(), order(1, 0.2)).pacing
    for _ in range(THEIRS):  # our own messages took its turn
        found = counted(found, 0.9)
    turn = due(found, 1.3)
    assert [each.order_id for each in turn.stale] == [1]
    assert turn.send is None
    assert turn.pacing.waiting == ()


def test_a_request_may_wait_for_long_but_not_more_than_there_is_room() -> None:
    found = Pacing(sent=full().sent, waiting=tuple(request("x") for _ in range(ROOM)))
    assert "wait already" in offer(found, request("y")).refused


def test_what_is_further_behind_goes_so_much_later_for_each_round() -> None:
    found = Pacing(sent=full().sent, waiting=tuple(order(1) for _ in range(THEIRS + 3)))
    assert pacing._free_at(found, Priority.ORDER, THEIRS + 3, 0.0) == 2 * SPAN
    assert pacing._free_at(Pacing(), Priority.ORDER, THEIRS + 3, 0.0) == SPAN


@given(st.lists(st.tuples(st.sampled_from(Priority), st.integers(1, 3), st.floats(0.0, 0.3)), max_size=200))
def test_however_messages_come_no_second_has_more_of_them_than_leave_room_for_ours(
    told: list[tuple[Priority, int, float]],
) -> None:
    now, found, went = 0.0, Pacing(1000.0), list[float]()
    for kind, number, pause in told:
        now += pause * (number == 1)
        verdict = offer(found, Waiting(kind, number if kind is not Priority.REQUEST else None, b"x", now))
        found = verdict.pacing
        went += [now] if verdict.send else []
        while (turn := due(found, now)).send is not None:
            found = turn.pacing
            went.append(now)
    while (moment := wake(found, now)) is not None:
        now = moment
        turn = due(found, now)
        assert turn.send is not None
        found = turn.pacing
        went.append(now)
    assert all(later - earlier >= 1.0 for earlier, later in zip(went, went[THEIRS:], strict=False))
