"""The next order id is one that no order has."""

from supervisor.core.program.order_ids import LARGEST, OrderIds, told, used


def test_it_is_the_gateways_word_or_one_more_than_the_highest() -> None:
    assert told(OrderIds(), 12).next == 12
    assert used(told(OrderIds(), 12), 40).next == 41
    assert told(used(OrderIds(), 40), 12).next == 41


def test_ids_of_no_order_change_nothing() -> None:
    ids = OrderIds(40, 41)
    for odd in (-1, 0, 40, LARGEST):
        assert used(ids, odd) is ids
