"""What looks like a restart, or like the login, and is none; over the real wire."""

from tests.stories.faked import at
from tests.stories.stage import LEAD, Story, restart, scene

NOON = at("2026-11-22 12:00")
"""Sunday: the tokens expired at 01:00, the gateway has been up since before."""
EVENING = at("2026-11-22 22:00")
TONIGHT = at("2026-11-22 23:45")
TOMORROW = at("2026-11-23 23:45")


@scene
def test_a_reset_socket_in_the_restart_window_is_a_blip_and_proves_no_login(stage: Story) -> None:
    stage.begins(EVENING)
    blinks = stage.gateway("blinks", daily_restart=restart("23:45"))
    stage.start()
    assert blinks.due == TONIGHT
    stage.go_before(TONIGHT - LEAD)
    stage.until(blinks.open, "the window opens")
    stage.wait_for(TONIGHT)
    blinks.do("rst")
    stage.until(lambda: blinks.value("ib_blips_total") == 1, "a blip", 20)
    assert blinks.restarts == {}
    assert blinks.value("ib_restart_last_timestamp_seconds") is None
    assert blinks.due == TONIGHT, "nothing is proven"
    stage.until(lambda: blinks.restarts == {"not_seen": 1}, "the window went on being watched")
    assert blinks.due == TOMORROW
    assert blinks.losses(planned=True) == 1


@scene
def test_a_port_that_1300_left_proves_no_login_when_the_config_follows_it(stage: Story) -> None:
    stage.begins(NOON)
    moved = stage.gateway("moved", daily_restart=restart("23:45"))
    stage.start()
    assert moved.due == TONIGHT
    here = moved.simulated.port
    there = moved.do("port_changed")["port"]
    stage.until(lambda: moved.value("ib_connect_failures_total", reason="refused"), "the old port refuses", 20)
    stage.daemon.reload(stage.config.replace(f"port: {here}", f"port: {there}"))
    stage.until(lambda: moved.up, "it is up at the new port", 20)
    assert moved.due == TONIGHT
    assert moved.status["reauth"]["assumed"] is False
    assert moved.events("login") == []
