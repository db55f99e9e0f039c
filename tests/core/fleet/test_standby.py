"""When a standby watches, and when it rests."""

from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.fleet.standby import LEAST, Duty, Look, Patience, Row, duty, seen

PATIENCE = Patience(after=15.0, back=60.0)


def after(*looks: Look, every: float = 5.0) -> Duty:
    """The duty right after looks that came so often."""
    row = Row()
    for number, look in enumerate(looks):
        row = seen(row, look, number * every)
    return duty(row, PATIENCE, (len(looks) - 1) * every)


def test_at_first_nothing_is_changed() -> None:
    assert duty(Row(), PATIENCE, 1e6) is Duty.AS_BEFORE


def test_it_watches_when_the_active_one_was_gone_for_long_enough() -> None:
    assert after(*[Look.GONE] * 3) is Duty.AS_BEFORE
    assert after(*[Look.GONE] * 4) is Duty.WATCH


def test_a_restart_of_the_active_one_is_not_its_end() -> None:
    assert after(Look.WELL, Look.GONE, Look.GONE, Look.GONE, Look.WELL) is Duty.AS_BEFORE
    assert after(Look.GONE, Look.GONE, Look.GONE, Look.WELL, Look.GONE) is Duty.AS_BEFORE


def test_it_rests_when_the_active_one_was_well_for_long_enough() -> None:
    assert after(*[Look.GONE] * 9, *[Look.WELL] * 12) is Duty.AS_BEFORE
    assert after(*[Look.GONE] * 9, *[Look.WELL] * 13) is Duty.REST


def test_a_look_that_proves_neither_begins_the_count_again() -> None:
    assert after(*[Look.GONE] * 3, Look.UNCLEAR, *[Look.GONE] * 3) is Duty.AS_BEFORE
    assert after(*[Look.UNCLEAR] * 100) is Duty.AS_BEFORE


def test_two_looks_far_apart_are_no_proof() -> None:
    """The standby itself slept between them."""
    assert after(*[Look.GONE] * (LEAST - 1), every=3600) is Duty.AS_BEFORE
    assert after(*[Look.GONE] * LEAST, every=3600) is Duty.WATCH


@given(st.lists(st.sampled_from(Look), min_size=1, max_size=60))
def test_it_never_watches_right_after_an_answer_and_never_rests_right_after_a_silence(looks: list[Look]) -> None:
    assert (after(*looks), looks[-1]) not in {
        (Duty.WATCH, Look.WELL),
        (Duty.WATCH, Look.UNCLEAR),
        (Duty.REST, Look.GONE),
        (Duty.REST, Look.UNCLEAR),
    }
