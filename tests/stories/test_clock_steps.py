"""The machine's wall clock is set while the daemon runs: windows are looked at anew, and nothing else happens."""

from datetime import timedelta

from tests.stories.faked import at
from tests.stories.stage import LEAD, Story, restart, scene

TUESDAY = at("2026-11-24 12:00")
TONIGHT = at("2026-11-24 23:45")
TOMORROW = at("2026-11-25 23:45")


@scene
def test_a_clock_that_is_set_forward_and_back_costs_no_session_and_judges_no_window(stage: Story) -> None:
    stage.begins(TUESDAY)
    live = stage.gateway("live", daily_restart=restart("23:45"))
    stage.start()
    assert stage.daemon.post("/api/v1/gateways/live/confirm-login") == 204
    epoch = live.status["epoch"]

    stage.clock.set(TONIGHT)
    stage.until(live.open, "set into the window: it is open", 20)
    stage.clock.set(TONIGHT + timedelta(minutes=10))
    stage.until(lambda: not live.open(), "set out of it: it is closed", 20)
    assert live.restarts == {}, "nobody watched it throughout"
    stage.clock.set(TOMORROW + timedelta(minutes=10))
    stage.until(
        lambda: live.moment("ib_window_next_timestamp_seconds") == TOMORROW + timedelta(days=1) - LEAD,
        "set over a whole window",
        20,
    )
    assert live.restarts == {}

    stage.go_before(TOMORROW - LEAD)
    stage.until(live.open, "set back to before it: it opens")
    stage.until(lambda: live.restarts == {"not_seen": 1}, "and is judged, because it was watched this time")
    stage.go_before(TOMORROW - LEAD)
    stage.until(live.open, "set back again")
    stage.until(lambda: not live.open(), "and over again")
    assert live.restarts == {"not_seen": 1}, "a window is judged once"

    assert live.status["epoch"] == epoch
    assert live.value("ib_heartbeat_misses_total") == 0
    assert live.statuses == ["up"]
    assert live.events("slept") == [], "the wall clock alone is no suspend"
    assert live.seconds(planned=True) + live.seconds(planned=False) == 0


@scene
def test_a_planned_outage_from_under_which_the_clock_is_set_away_is_planned_no_more(stage: Story) -> None:
    stage.begins(TUESDAY)
    live = stage.gateway("live", daily_restart=restart("23:45"))
    stage.start()
    assert stage.daemon.post("/api/v1/gateways/live/confirm-login") == 204
    stage.clock.set(TONIGHT)
    stage.until(live.open, "the window is open")
    live.do("refuse")
    stage.until(lambda: live.status["status"] == "maintenance", "planned", 20)
    stage.clock.step(timedelta(hours=3))
    stage.until(lambda: live.status["status"] == "down", "no window explains this moment", 20)
    stage.clock.step(timedelta(hours=-3))
    stage.until(live.open, "set back into it")
    assert live.status["status"] == "down", "for good"
    live.do("heal")
    stage.until(lambda: live.up, "back")
    stage.until(lambda: live.outages(planned=False) == 1, "closed")
    seconds = live.seconds(planned=False)
    assert seconds < 60, "durations are not the wall clock's"
    assert live.restarts == {}
