"""The two nights of the year on which New York's clocks jump."""

from datetime import timedelta

from tests.stories.faked import at
from tests.stories.stage import LEAD, Story, restart, scene

BACK_AFTER = 2.0


@scene
def test_in_the_spring_night_a_time_that_does_not_exist_comes_an_hour_later_and_the_week_after_at_its_own(
    stage: Story,
) -> None:
    stage.begins(at("2027-03-14 01:20"))
    skipped = stage.gateway("skipped", daily_restart=restart("02:30"))
    evening = stage.gateway("evening", daily_restart=restart("23:45"))
    stage.start()
    tonight = at("2027-03-14 03:30")
    assert skipped.due == tonight
    assert skipped.moment("ib_window_next_timestamp_seconds") == tonight - LEAD
    assert skipped.expiry == at("2027-03-14 01:00")
    assert skipped.value("ib_gateway_utc_offset_seconds") == -5 * 3600

    jump = at("2027-03-14 03:00")
    stage.go_before(jump)
    stage.wait_for(jump + timedelta(seconds=1))
    assert skipped.statuses == ["up"], "the hour that is left out takes nothing with it"
    assert not skipped.open()

    stage.go_before(tonight - LEAD)
    stage.until(skipped.open, "the window opens at 03:29:56 EDT")
    stage.wait_for(tonight)
    skipped.do("refuse", for_=BACK_AFTER)
    stage.until(lambda: skipped.restarts == {"in_time": 1}, "restarted")
    stage.until(lambda: skipped.up, "up")
    offset = skipped.value("ib_restart_observed_offset_seconds")
    assert offset is not None
    assert 0 <= offset < 4
    assert skipped.expiry == at("2027-03-21 01:00")
    assert skipped.due == at("2027-03-21 02:30")
    assert skipped.value("ib_gateway_utc_offset_seconds") == -4 * 3600
    assert skipped.value("ib_timezone_mismatch") == 0, "the offset is compared with that of the same instant"
    stage.until(lambda: skipped.outages(planned=True) == 1, "the outage closes")
    assert skipped.seconds(planned=False) == 0
    assert not evening.open()
    assert evening.moment("ib_window_next_timestamp_seconds") == at("2027-03-14 23:45") - LEAD


@scene
def test_in_the_autumn_night_a_time_that_comes_twice_opens_twice_and_one_restart_is_expected(stage: Story) -> None:
    stage.begins(at("2027-11-07 01:15"))
    first = stage.gateway("first", daily_restart=restart("01:30"))
    second = stage.gateway("second", daily_restart=restart("01:30"))
    neither = stage.gateway("neither", daily_restart=restart("01:30"))
    stage.start()
    once, again = at("2027-11-07 01:30"), at("2027-11-07 01:30", second=True)
    assert again - once == timedelta(hours=1)
    for gateway in (first, second, neither):
        assert gateway.expiry == at("2027-11-07 01:00"), "expired from the first of the two"
        assert gateway.due == once

    stage.go_before(once - LEAD)
    stage.until(lambda: first.open() and second.open() and neither.open(), "the first windows open")
    assert first.moment("ib_window_next_timestamp_seconds") == again - LEAD
    stage.wait_for(once)
    first.do("refuse", for_=BACK_AFTER)
    stage.until(lambda: first.restarts == {"in_time": 1}, "restarted")
    stage.until(lambda: not (first.open() or second.open() or neither.open()), "the first windows are over")
    assert first.expiry == at("2027-11-07 01:00"), "between the two 01:00 nothing proves a login"
    assert first.due == at("2027-11-08 01:30"), "so the next restart asks for it: of the two of this night one comes"
    assert not first.required
    assert second.restarts == {}, "the second window decides"
    assert neither.restarts == {}

    stage.go_before(again - LEAD)
    stage.until(lambda: first.open() and second.open() and neither.open(), "the second windows open")
    stage.wait_for(again)
    second.do("refuse", for_=BACK_AFTER)
    stage.until(lambda: second.restarts == {"in_time": 1}, "restarted")
    stage.until(lambda: second.up, "up")
    assert second.expiry == at("2027-11-14 01:00")
    assert second.due == at("2027-11-14 01:30")
    stage.until(lambda: not (first.open() or second.open() or neither.open()), "the second windows are over")
    assert first.restarts == {"in_time": 1}, "its restart was the one that was expected"
    assert second.restarts == {"in_time": 1}
    assert neither.restarts == {"not_seen": 1}, "told once"
    assert neither.due == at("2027-11-08 01:30")
    for gateway in (first, second):
        assert gateway.outages(planned=True) == 1
        assert gateway.seconds(planned=False) == 0
