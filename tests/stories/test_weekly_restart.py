"""`weekly_restart`: the hour that somebody chose for the weekly login."""

from datetime import timedelta

from tests.stories.faked import at
from tests.stories.stage import LEAD, Story, restart, scene

NOON = at("2026-11-22 12:00")
OPENS = NOON - timedelta(seconds=30)
NEXT = at("2026-11-29 12:00")
TONIGHT = at("2026-11-22 23:45")


@scene
def test_a_login_on_sunday_at_noon_spares_the_night(stage: Story) -> None:
    stage.begins(at("2026-11-22 11:00"))
    weekly = "{day: sunday, time: '12:00', timezone: America/New_York, grace: 6s}"
    live = stage.gateway("live", daily_restart=restart("23:45"), weekly_restart=weekly)
    stage.start()
    assert live.due == NOON
    assert live.moment("ib_window_next_timestamp_seconds") is not None
    stage.go_before(OPENS)
    stage.until(lambda: live.open("weekly_restart"), "the window opens")
    assert not live.open("daily_restart")
    stage.clock.set(NOON - timedelta(seconds=1))
    stage.wait_for(NOON)
    live.do("refuse")
    stage.until(lambda: live.required, "a person is asked for after its own grace")
    stage.until(lambda: not live.open("weekly_restart"), "the window is over")
    live.do("heal")
    stage.until(lambda: live.up, "logged in at lunch")
    assert live.restarts == {"overdue": 1}
    assert live.due == NEXT, "not tonight"
    assert live.expiry == at("2026-11-29 01:00")

    stage.go_before(TONIGHT - LEAD)
    stage.until(lambda: live.open("daily_restart"), "the night's window opens")
    stage.wait_for(TONIGHT)
    live.do("refuse", for_=2)
    stage.until(lambda: live.restarts == {"overdue": 1, "in_time": 1}, "restarted without a login")
    stage.until(lambda: live.up, "up")
    assert live.due == NEXT
    assert not live.required
