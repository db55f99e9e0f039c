"""How long the program's code runs, and what of its messages matters."""

from supervisor.core.program.busy import Work, is_busy, is_to_be_told
from supervisor.core.program.concerns import concerns_money


def test_between_two_callbacks_nothing_lasts() -> None:
    assert Work(2.0).total(10.0) == 2.0
    assert Work(2.0).lasts(10.0) == 0.0
    assert not is_busy(Work(2.0), 10.0)


def test_a_callback_is_busy_after_half_a_second_and_told_after_two() -> None:
    work = Work(2.0, 10.0)
    assert round(work.total(10.4), 6) == 2.4
    assert not is_busy(work, 10.4)
    assert is_busy(work, 10.5)
    assert not is_to_be_told(work, 11.9)
    assert is_to_be_told(work, 12.0)


def test_a_clock_that_was_read_earlier_takes_nothing_away() -> None:
    assert Work(2.0, 10.0).total(9.9) == 2.0
    assert Work(2.0, 10.0).lasts(9.9) == 0.0


def test_orders_and_fills_are_money_and_prices_are_not() -> None:
    assert concerns_money(5)
    assert concerns_money(11)
    assert not concerns_money(1)
