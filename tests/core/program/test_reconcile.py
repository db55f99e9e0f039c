"""What was missed is asked for, and it is told whether all of it was heard."""

from datetime import UTC, datetime, timedelta

from supervisor.core.program.reconcile import (
    Heard,
    Reconcile,
    executions_heard,
    is_over,
    orders_heard,
    refused,
    result,
)

NOW = datetime(2027, 1, 6, 12, 0, tzinfo=UTC)
NEW_YORK = timedelta(hours=-5)
ASKED = Reconcile(7, 10.0)
WHOLE = executions_heard(orders_heard(ASKED), 7)


def told(round_: Reconcile, wall: datetime = NOW, **more: object) -> Heard:
    return result(round_, wall, NEW_YORK, **{"upstream": True, **more})  # type: ignore[arg-type]


def test_both_ends_make_it_whole() -> None:
    assert not is_over(ASKED, 1.0)
    assert not is_over(orders_heard(ASKED), 1.0)
    assert is_over(WHOLE, 1.0)
    assert told(WHOLE) == Heard(True)


def test_the_end_of_another_question_is_not_this_one() -> None:
    assert executions_heard(ASKED, 8) is ASKED
    assert refused(ASKED, 8, 200, "") is ASKED


def test_after_ten_seconds_it_is_over_and_says_what_is_missing() -> None:
    assert is_over(ASKED, 10.0)
    assert told(ASKED).reason == "the open orders and the executions were not told within 10 s"
    assert told(orders_heard(ASKED)).reason == "the executions were not told within 10 s"


def test_a_round_waits_for_the_probe_that_decides_whether_ibkr_is_away_but_no_longer_than_its_deadline() -> None:
    assert not is_over(WHOLE, 1.0, undecided=True)
    assert is_over(WHOLE, 10.0, undecided=True)


def test_a_refused_question_is_over_at_once() -> None:
    round_ = refused(orders_heard(ASKED), 7, 321, "Read-Only")
    assert is_over(round_, 0.0)
    assert told(round_).reason.endswith("321 Read-Only")


def test_what_a_gateway_without_ibkr_tells_is_not_all() -> None:
    assert "remembers" in told(WHOLE, upstream=False).reason


def test_messages_that_could_not_be_decoded_are_named() -> None:
    assert told(WHOLE, undecodable=("OPEN_ORDER",)).reason == "could not be decoded: OPEN_ORDER"


def test_the_gateways_midnight_between_loss_and_return_is_told() -> None:
    lost = Reconcile(7, 10.0, datetime(2027, 1, 6, 4, 45, tzinfo=UTC), orders=True, executions=True)
    assert "midnight" in told(lost, datetime(2027, 1, 6, 5, 1, tzinfo=UTC)).reason
    assert told(lost, datetime(2027, 1, 6, 4, 59, tzinfo=UTC)).complete


def test_a_loss_is_noticed_late_and_what_was_not_heard_before_it_counts() -> None:
    lost = Reconcile(7, 10.0, datetime(2027, 1, 6, 5, 0, 5, tzinfo=UTC), orders=True, executions=True)
    assert "midnight" in told(lost, datetime(2027, 1, 6, 5, 0, 9, tzinfo=UTC)).reason
