"""Restarts on a night of the week: in time, overdue, not seen, moved to another minute; and a hang that is none."""

from datetime import timedelta

from tests.stories.faked import at
from tests.stories.stage import LEAD, Gateway, Story, restart, scene

EVENING = at("2026-11-24 22:00")
TONIGHT = at("2026-11-24 23:45")
NEXT_SUNDAY = at("2026-11-29 23:45")


def logged_in(stage: Story, gateway: Gateway) -> None:
    """The weekly login was done on Sunday; the daemon is told so."""
    assert stage.daemon.post(f"/api/v1/gateways/{gateway.name}/confirm-login") == 204
    stage.until(lambda: gateway.due == NEXT_SUNDAY, "the login is known")


@scene
def test_each_restart_of_a_week_night_is_counted_once_by_how_it_went(stage: Story) -> None:
    stage.begins(EVENING)
    prompt = stage.gateway("prompt", daily_restart=restart("23:45"))
    slow = stage.gateway("slow", daily_restart=restart("23:45"))
    stays = stage.gateway("stays", daily_restart=restart("23:45"))
    stage.start()
    for gateway in (prompt, slow, stays):
        logged_in(stage, gateway)
    stage.go_before(TONIGHT - LEAD)
    stage.until(lambda: prompt.open() and slow.open() and stays.open(), "the windows open")
    stage.wait_for(TONIGHT)
    prompt.do("refuse", for_=2)
    slow.do("refuse")
    stage.until(lambda: prompt.restarts == {"in_time": 1}, "in time")
    stage.until(lambda: slow.value("ib_restart_pending") == 1, "pending", 20)
    stage.until(lambda: slow.restarts == {"overdue": 1}, "overdue")
    assert slow.status["status"] == "down", "the login is good: nobody is asked for one"
    assert not slow.required
    assert slow.value("ib_restart_pending") == 1, "until it is back"
    stage.until(lambda: stays.restarts == {"not_seen": 1}, "not seen")
    slow.do("heal")
    stage.until(lambda: slow.up, "back")
    assert slow.value("ib_restart_pending") == 0
    assert slow.restarts == {"overdue": 1}, "a window is judged once"
    assert slow.seconds(planned=True) == 0
    assert slow.losses(planned=True) == 1, "at the moment of the loss it was planned, and that stays"
    for gateway in (prompt, slow, stays):
        assert gateway.due == NEXT_SUNDAY


@scene
def test_a_restart_that_moved_to_another_minute_is_asked_about_and_nothing_is_planned_anew(stage: Story) -> None:
    stage.begins(EVENING)
    moved = stage.gateway("moved", daily_restart=restart("23:45"))
    stage.start()
    logged_in(stage, moved)
    minute = at("2026-11-24 22:30")
    stage.go_before(minute)
    stage.wait_for(minute)
    moved.do("refuse", for_=11)
    stage.until(lambda: moved.losses(planned=False) == 1, "lost, and nothing explains it")
    stage.until(lambda: moved.up, "back")
    assert stage.daemon.said("restart moved") == []
    stage.go_before(TONIGHT - LEAD)
    stage.until(lambda: moved.restarts == {"not_seen": 1}, "the restart did not come at its time")
    stage.until(lambda: stage.daemon.said("restart moved to 22:30?", "WARN"), "and where it went is asked")
    assert moved.moment("ib_window_next_timestamp_seconds") == TONIGHT + timedelta(days=1) - LEAD
    assert moved.seconds(planned=True) == 0


@scene
def test_a_hang_at_2340_does_not_become_maintenance_when_the_window_opens(stage: Story) -> None:
    stage.begins(EVENING)
    hung = stage.gateway("hung", daily_restart=restart("23:45"))
    stage.start()
    logged_in(stage, hung)
    opens = TONIGHT - LEAD
    stage.clock.set(opens - timedelta(seconds=14))
    hung.do("freeze")
    stage.until(hung.open, "the window opens")
    assert "degraded" in hung.statuses
    stage.until(lambda: not hung.open(), "the window is over")
    assert "maintenance" not in hung.statuses
    assert hung.restarts == {}, "there was no session that could have been seen to restart"
    hung.do("heal")
    stage.until(lambda: hung.up, "back")
    stage.until(lambda: hung.outages(planned=False) == 1, "the outage closes")
    assert hung.seconds(planned=True) == 0
    assert hung.seconds(planned=False) > 8
