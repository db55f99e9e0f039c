"""The gateway's own clock, and the zone that the config says."""

from supervisor.simulator import Scenario
from tests.stories.faked import at
from tests.stories.stage import Story, restart, scene

TUESDAY = at("2026-11-24 15:00")


@scene
def test_a_gateway_in_a_container_on_utc_is_told_apart_from_its_config_with_one_warning(stage: Story) -> None:
    stage.begins(TUESDAY)
    right = stage.gateway("right", daily_restart=restart("23:45"))
    docker = stage.gateway("docker", Scenario(timezone="Etc/UTC"), daily_restart=restart("23:45"))
    wrong = stage.gateway("wrong", Scenario(clock_offset=3 * 86400.0), daily_restart=restart("23:45"))
    half = stage.gateway("half", Scenario(timezone="Asia/Kolkata"), daily_restart=restart("23:45", "Asia/Kolkata"))
    plain = stage.gateway("plain", Scenario(timezone="Asia/Hong_Kong"))
    stage.start()
    assert right.value("ib_gateway_utc_offset_seconds") == -5 * 3600
    assert right.value("ib_timezone_mismatch") == 0
    assert docker.value("ib_gateway_utc_offset_seconds") == 0
    assert docker.value("ib_timezone_mismatch") == 1
    assert half.value("ib_gateway_utc_offset_seconds") == 5.5 * 3600
    assert half.value("ib_timezone_mismatch") == 0
    assert plain.value("ib_gateway_utc_offset_seconds") == 8 * 3600
    assert plain.value("ib_timezone_mismatch") is None, "no zone was configured"
    assert wrong.value("ib_gateway_utc_offset_seconds") is None, "days off: a wrong clock, not a zone"
    assert wrong.value("ib_timezone_mismatch") is None

    sessions = docker.value("ib_sessions_total")
    docker.do("rst")
    stage.until(lambda: docker.value("ib_sessions_total") == (sessions or 0) + 1 and docker.up, "another session")
    (warning,) = docker.events("timezone_mismatch")
    for word in ("UTC+0", "America/New_York", "UTC-5", "`timezone`"):
        assert word in warning["text"]
    assert warning["level"] == "warning"
    assert "clock is wrong" in wrong.events("timezone_mismatch")[0]["text"]
    for gateway in (right, half, plain):
        assert gateway.events("timezone_mismatch") == []

    docker.do("clock", timezone="America/New_York")
    docker.do("rst")
    stage.until(lambda: docker.value("ib_timezone_mismatch") == 0, "the container was given the zone")
