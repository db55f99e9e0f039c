"""The daemon comes up in the middle of a weekend: what it knows, what it assumes, what it remembers."""

from tests.stories.faked import at
from tests.stories.stage import LEAD, Story, restart, scene


@scene
def test_started_on_sunday_at_five_without_a_journal_the_login_is_due_at_the_next_restart(stage: Story) -> None:
    stage.begins(at("2026-11-22 05:00"))
    evening = stage.gateway("evening", daily_restart=restart("23:45"))
    night = stage.gateway("night", daily_restart=restart("03:30"))
    stage.start()
    assert evening.expiry == at("2026-11-22 01:00")
    assert evening.due == at("2026-11-22 23:45")
    assert evening.status["reauth"]["assumed"] is False
    assert not evening.required

    assert night.status["reauth"]["assumed"] is True, "a restart lay between the expiry and now, and it is up"
    assert night.expiry == at("2026-11-29 01:00")
    assert night.due == at("2026-11-29 03:30")
    assert not night.required

    stage.run("confirm-login", "evening")
    stage.until(lambda: evening.due == at("2026-11-29 23:45"), "the operator's word counts")
    assert evening.expiry == at("2026-11-29 01:00")
    assert evening.status["reauth"]["assumed"] is False


@scene
def test_restarted_on_monday_at_three_the_daemon_remembers_that_the_login_is_required(stage: Story) -> None:
    tonight = at("2026-11-22 23:45")
    stage.begins(at("2026-11-22 22:00"))
    live = stage.gateway("live", daily_restart=restart("23:45"))
    quiet = stage.gateway("quiet", daily_restart=restart("00:30"))
    stage.start()
    assert quiet.due == at("2026-11-23 00:30")
    stage.go_before(tonight - LEAD)
    stage.until(live.open, "the window opens")
    stage.wait_for(tonight)
    live.do("refuse")
    stage.until(lambda: live.required, "the login is asked for")
    began = live.events("session_lost")[0]["time"]
    stage.end()

    stage.clock.set(at("2026-11-23 03:00"))
    stage.start(up=False)
    stage.until(lambda: live.required, "still")
    assert live.status["status"] == "reauth_required"
    assert live.due == tonight, "the instant that was missed"
    assert live.expiry == at("2026-11-22 01:00")
    assert live.restarts == {}, "of this process"
    assert live.statuses[-1] == "reauth_required"
    assert live.statuses.count("maintenance") <= 1, "at most the one of Sunday night"

    stage.until(lambda: quiet.up, "nothing is wrong with the other one")
    assert quiet.status["reauth"]["assumed"] is True, "its due restart passed while nobody looked"
    assert quiet.due == at("2026-11-30 00:30")

    live.do("heal")
    stage.until(lambda: live.up, "the login was done")
    assert not live.required
    assert live.status["reauth"]["assumed"] is False
    assert live.due == at("2026-11-29 23:45")
    stage.until(lambda: live.outages(planned=False) == 1, "the outage closes")
    closed = live.events("outage_closed")[-1]["fields"]
    assert closed["began"][:19] == began[:19], "it is the one of Sunday night"
    assert closed["seconds"] < 600, "the hours in which the daemon did not run are nobody's"
    assert live.seconds(planned=False) < 300
