"""A Sunday night, and what comes of it: the first restart after the tokens expired asks for the weekly login."""

from datetime import timedelta

from tests.stories.faked import at
from tests.stories.stage import GRACE, LEAD, Gateway, Story, restart, scene

EVENING = at("2026-11-22 22:00")
EXPIRED = at("2026-11-22 01:00")
TONIGHT = at("2026-11-22 23:45")
TOMORROW = at("2026-11-23 23:45")
NEXT_SUNDAY = at("2026-11-29 23:45")
NEXT_EXPIRY = at("2026-11-29 01:00")
LOSS = TONIGHT + timedelta(seconds=0.167)
"""A gateway that restarts closes its sockets a moment after the minute (docs/facts/ib.md#the-daily-restart)."""


def before_the_night(gateway: Gateway) -> None:
    assert gateway.expiry == EXPIRED
    assert gateway.due == TONIGHT
    assert not gateway.required
    assert gateway.status["reauth"] == {"due": "2026-11-23T04:45:00.000Z", "required": False, "assumed": False}
    assert gateway.value("ib_window_active", window="daily_restart") == 0
    assert gateway.moment("ib_window_next_timestamp_seconds") == TONIGHT - LEAD
    assert gateway.value("ib_restart_pending") == 0
    assert gateway.value("ib_restart_last_timestamp_seconds") is None, "what is unknown is absent"
    assert gateway.value("ib_restart_observed_offset_seconds") is None
    assert gateway.value("ib_gateway_utc_offset_seconds") == -5 * 3600
    assert gateway.value("ib_timezone_mismatch") == 0


def a_week_later(gateway: Gateway) -> None:
    assert not gateway.required
    assert gateway.value("ib_restart_pending") == 0
    assert gateway.expiry == NEXT_EXPIRY
    assert gateway.due == NEXT_SUNDAY
    assert gateway.status["reauth"]["assumed"] is False


@scene
def test_a_sunday_night_asks_for_the_login_and_the_next_one_is_due_a_week_later(stage: Story) -> None:
    stage.begins(EVENING)
    live = stage.gateway("live", daily_restart=restart("23:45"))
    paper = stage.gateway("paper", daily_restart=restart("23:45", grace=timedelta(seconds=6)), reauth="automatic")
    stage.start()
    before_the_night(live)
    before_the_night(paper)
    stage.go_before(TONIGHT - LEAD)
    stage.until(lambda: live.open() and paper.open(), "the windows open")
    assert live.moment("ib_window_next_timestamp_seconds") == TOMORROW - LEAD
    stage.wait_for(LOSS)
    live.do("refuse")
    paper.do("refuse")

    stage.until(lambda: live.status["status"] == "maintenance", "planned at first", 20)
    assert live.value("ib_restart_pending") == 1
    assert live.losses(planned=True) == 1
    assert live.status["cause"].endswith("is restarting as scheduled (daily_restart).")
    stage.until(lambda: live.required, "the login is asked for")
    assert stage.clock.now() >= LOSS + GRACE
    assert live.status["status"] == "reauth_required"
    attempts = live.value("ib_connect_attempts_total") or 0
    stage.until(lambda: (live.value("ib_connect_attempts_total") or 0) > attempts + 1, "it goes on trying")
    assert live.status["cure"].startswith("Log the gateway in"), "and the cure stays the login"
    assert live.due == TONIGHT, "the instant that was missed stays"
    stage.until(lambda: live.restarts == {"overdue": 1}, "the restart is overdue")
    assert live.seconds(planned=True) == 0
    assert live.seconds(planned=False) > 0, "a restart that came to nothing is no maintenance"

    stage.until(lambda: paper.required, "IBC had twice the grace, and did not log in")
    assert paper.statuses == ["up", "maintenance", "down", "reauth_required"]

    for gateway in (live, paper):
        gateway.do("heal")
        stage.until(lambda gateway=gateway: gateway.up, "the login was done")  # type: ignore[misc]
        a_week_later(gateway)
        assert gateway.restarts == {"overdue": 1}
        assert gateway.outages(planned=False) == 1
        assert gateway.outages(planned=True) == 0
    assert "proven" in live.events("login")[-1]["text"]


@scene
def test_on_a_sunday_night_a_gateway_that_comes_back_has_its_login_and_one_that_does_not_restart_keeps_its_debt(
    stage: Story,
) -> None:
    stage.begins(EVENING)
    prompt = stage.gateway("prompt", daily_restart=restart("23:45"))
    stays = stage.gateway("stays", daily_restart=restart("23:45"))
    plain = stage.gateway("plain")
    stage.start()
    before_the_night(prompt)
    before_the_night(stays)
    for metric in ("ib_token_expiry_timestamp_seconds", "ib_reauth_due_timestamp_seconds", "ib_timezone_mismatch"):
        assert plain.value(metric) is None, "without a restart in the config there is no expiry, no due and no zone"
    stage.go_before(TONIGHT - LEAD)
    stage.until(lambda: prompt.open() and stays.open(), "the windows open")
    plain.do("refuse")
    stage.wait_for(LOSS)
    prompt.do("refuse", for_=2)

    stage.until(lambda: prompt.status["status"] == "maintenance", "planned", 20)
    assert prompt.seconds(planned=True) == 0, "the seconds are held back until it is over"
    stage.until(lambda: prompt.restarts == {"in_time": 1}, "restarted in time")
    stage.until(lambda: prompt.up, "up")
    a_week_later(prompt)
    assert abs((prompt.moment("ib_restart_last_timestamp_seconds") or EVENING) - LOSS) < timedelta(seconds=4)
    offset = prompt.value("ib_restart_observed_offset_seconds")
    assert offset is not None
    assert 0 < offset < 4
    stage.until(lambda: prompt.outages(planned=True) == 1, "the outage closes")
    assert 1 < prompt.seconds(planned=True) < 8
    assert prompt.seconds(planned=False) == 0
    assert prompt.statuses == ["up", "maintenance", "up"]

    stage.until(lambda: not stays.open(), "the window is over")
    assert stays.restarts == {"not_seen": 1}
    assert stays.expiry == EXPIRED
    assert stays.due == TOMORROW, "the token is void, and the next restart will find out"
    assert not stays.required
    assert stays.statuses == ["up"]

    assert plain.statuses == ["up", "down"], "no window, and no weekly login to ask for"
    assert plain.value("ib_reauth_required") == 0
    assert plain.restarts == {}
