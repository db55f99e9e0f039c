"""The first order ids of sessions, compared only where they are one sequence."""

from dataclasses import replace

import pytest

from supervisor.core.model.facts import FirstId
from supervisor.core.parts import order_ids
from supervisor.core.parts.order_ids import REMEMBERED, OrderIds

FIRST = FirstId("127.0.0.1", 4001, 17, order_ids.login_of(("U1234567",)), 100)
LOWER = replace(FIRST, order_id=3)


def after(*sessions: FirstId) -> OrderIds:
    ids = OrderIds()
    for session in sessions:
        ids = order_ids.session_ready(ids, session)
    return ids


def test_the_first_session_has_nothing_to_be_compared_with() -> None:
    assert not after(LOWER).regressed


def test_a_lower_id_went_back_and_the_same_or_a_higher_one_did_not() -> None:
    assert after(FIRST, LOWER).regressed
    assert not after(FIRST, FIRST).regressed
    assert not after(LOWER, FIRST).regressed


def test_each_session_is_compared_with_the_one_before_and_not_with_the_highest_ever() -> None:
    assert not after(FIRST, LOWER, LOWER).regressed
    assert after(FIRST, LOWER, replace(LOWER, order_id=2)).regressed


@pytest.mark.parametrize("other", [{"host": "10.0.0.1"}, {"port": 4002}, {"client_id": 18}, {"login": "0000"}])
def test_sessions_of_another_address_client_id_or_login_are_not_compared(other: dict[str, object]) -> None:
    assert not after(FIRST, replace(LOWER, **other)).regressed  # type: ignore[arg-type]


def test_a_client_id_and_its_fallback_by_turns_are_each_compared_with_themselves() -> None:
    fallback = replace(LOWER, client_id=18)
    assert after(FIRST, fallback, LOWER).regressed


def test_only_a_few_kinds_of_sessions_are_remembered_the_latest() -> None:
    ids = after(*(replace(FIRST, client_id=number) for number in range(10)))
    assert [each.client_id for each in ids.first] == [9, 8, 7, 6]
    assert len(ids.first) == REMEMBERED


def test_the_operators_word_and_the_end_of_the_session_end_it() -> None:
    ids = after(FIRST, LOWER)
    assert not order_ids.confirmed(ids).regressed
    over = order_ids.session_over(ids)
    assert not over.regressed
    assert order_ids.session_over(over) is over


def test_the_mark_of_a_login_does_not_depend_on_the_order_of_its_accounts_and_is_too_short_to_tell_them() -> None:
    assert order_ids.login_of(("U1", "U2")) == order_ids.login_of(("U2", "U1"))
    assert order_ids.login_of(("U1",)) != order_ids.login_of(("U2",))
    assert len(FIRST.login) == 4
