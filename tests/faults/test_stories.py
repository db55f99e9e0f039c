"""Two nights that other people had, played again: a short log, and metrics that count everything."""

from pathlib import Path

from supervisor.simulator import load
from tests.faults.site import Place, Site

SCENARIOS = Path(__file__).parent / "scenarios"
FEW = 10
"""The log has fewer lines than this for a whole story, the beginning of the session included."""


def played(site: Site, name: str) -> Place:
    """A gateway that begins to play the scenario; its first step leaves time for the session to begin."""
    return site.add(site.new_name(), site.gateway(load(SCENARIOS / f"{name}.yaml")))


def test_the_outage_of_2026_07_29(site: Site) -> None:
    at = played(site, "2026-07-29")
    assert len(at.metrics("ib_farm_up", "farm")) == 14
    at.until(lambda: at.metric("ib_up") == 0, what="the farms break")
    assert at.layers[-1] == "upstream"
    at.wait_up()
    at.until(lambda: at.metric("ib_messages_total", code="200") == 5, what="the story is told")
    at.until(lambda: at.said("broke and healed within 5 s"))

    assert at.status == "degraded"
    assert at.layers == ["port", "handshake", "session", "heartbeat"]
    assert at.epoch == 1, "one session through all of it"
    codes = at.counted("ib_messages_total", "code")
    assert codes == {"2103": 7, "2104": 14, "2105": 5, "2106": 10, "2157": 2, "2158": 4, "1100": 1, "200": 5}
    breaks = at.metrics("ib_farm_breaks_total", "farm", planned="false")
    assert breaks == dict.fromkeys(at.metrics("ib_farm_up", "farm"), 1)
    assert at.counted("ib_outages_total", "cause", planned="false") == {"farms": 1}, "that of IBKR is not over"
    lines = at.log
    assert len(lines) < FEW, "\n".join(lines)


def test_a_night_of_833_times_1100(site: Site) -> None:
    at = played(site, "833-times-1100")
    at.until(lambda: at.metric("ib_messages_total", code="1100") == 833, timeout=100)
    assert at.metric("ib_up") == 0
    at.until(lambda: at.said("told 833 times"))
    at.wait_up()
    assert at.counted("ib_upstream_losses_total", "data") == {"maintained": 1}
    at.until(lambda: at.counted("ib_outages_total", "cause", planned="false") == {"upstream": 1})
    assert at.metrics("ib_outage_seconds_total", "cause", planned="false")["upstream"] > 8
    assert at.epoch == 1
    lines = at.log
    assert len(lines) < FEW, "\n".join(lines)
