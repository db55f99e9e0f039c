"""For each fault the metrics say the right layer, the right status and the right reason."""

import pytest

from tests.daemon.test_ending import black_hole
from tests.faults.conftest import Adds
from tests.faults.site import BACK, LOST, Place, Site

LADDER = ["port", "handshake", "session", "heartbeat", "upstream", "farms"]

ATTEMPTS = [
    ("refuse", {}, "refused", 0, "Nothing accepts connections"),
    ("close_on_accept", {"how": "fin"}, "closed", 1, "closes them at once"),
    ("close_on_accept", {"how": "rst"}, "closed", None, None),
    ("mute", {}, "handshake_timeout", 1, "says nothing"),
    ("half_handshake", {}, "handshake_timeout", 1, "says nothing"),
    ("bad_version", {}, "protocol", 1, "not the protocol of TWS"),
    ("not_tws", {}, "protocol", 1, "not the protocol of TWS"),
    ("never_ready", {}, "session_timeout", 2, "does not let the session begin"),
]


@pytest.mark.parametrize(("fault", "how", "reason", "height", "words"), ATTEMPTS)
def test_an_attempt_that_fails_says_why(
    site: Site, fault: str, how: dict[str, str], reason: str, height: int | None, words: str | None
) -> None:
    gateway = site.gateway()
    gateway.do(fault, **how)
    at = site.add(site.new_name(), gateway, up=False)
    at.until(lambda: at.failures.get(reason, 0) >= 1)
    assert set(at.failures) == {reason}
    if height is not None:  # an RST may come before or after TCP is told to be connected
        assert at.layers == LADDER[:height]
        assert words is not None
        assert words in at.known["cause"]
    assert (at.status, at.metric("ib_up"), at.losses) == ("down", 0, {})
    assert at.metric("ib_sessions_total") == 0
    at.do("heal")
    at.wait_up()
    assert (at.status, at.layers) == ("up", LADDER)
    cause = LADDER[height] if height is not None else None
    at.until(lambda: cause is None or at.counted("ib_outages_total", "cause", planned="false") == {cause: 1})


def test_a_client_id_in_use_says_so(site: Site) -> None:
    gateway = site.gateway()
    gateway.do("ghost", client_id=911, for_=60)
    at = site.add(site.new_name(), gateway, up=False)
    at.until(lambda: at.failures == {"client_id_in_use": 1})
    assert at.layers == LADDER[:2]
    assert "Another program is connected" in at.known["cause"]
    assert at.known["phase"] == "backoff", "a rival is asked again after 10, 20, 40, 60 s"


def test_a_dropped_syn_is_a_timeout(site: Site) -> None:
    gateway = site.gateway()
    with black_hole() as port:
        at = site.add(site.new_name(), gateway, up=False)
        at.wait_up()
        site.change(at, port=port)
        at.until(lambda: at.failures.get("timeout", 0) >= 1)
        assert at.layers == []
        assert "did not answer in time" in at.known["cause"]


def test_a_name_that_nobody_knows_is_an_error_and_hangs_nothing(site: Site) -> None:
    at = site.add(site.new_name(), up=False, host="no-such-host.invalid")
    at.until(lambda: at.failures, what="it has failed for a reason")
    assert set(at.failures) <= {"error", "timeout"}
    assert at.layers == []


LOSSES = [("rst", "reset"), ("fin", "closed"), ("half_open", "heartbeat"), ("ignore_time", "heartbeat")]


@pytest.mark.parametrize(("fault", "reason"), LOSSES)
def test_a_session_that_ends_says_why(add: Adds, fault: str, reason: str) -> None:
    at = add(timing="heartbeat_timeout: 1s")
    at.do(fault)
    at.until(lambda: at.losses.get(reason) == 1)
    assert set(at.losses) == {reason}
    if fault == "ignore_time":
        at.do("heal")
    at.wait_up()
    assert (at.status, at.layers) == ("up", LADDER)
    cause = "heartbeat" if reason == "heartbeat" else "session"
    at.until(lambda: cause in at.counted("ib_outages_total", "cause", planned="false"))


def test_a_port_change_says_so_and_is_not_followed_unless_allowed(site: Site) -> None:
    at = site.add(site.new_name())
    there = at.do("port_changed")["port"]
    at.until(lambda: at.losses == {"port_change": 1})
    at.until(lambda: at.failures.get("refused", 0) >= 1)
    assert at.metric("ib_gateway_info", port=str(at.gateway.port)) is None
    assert str(there) in at.said("port")[0]


def test_a_port_change_is_followed_where_it_is_allowed(site: Site) -> None:
    at = site.add(site.new_name(), follow_port_change="true")
    there = at.do("port_changed")["port"]
    at.until(lambda: at.losses == {"port_change": 1})
    at.wait_up()
    assert at.metric("ib_gateway_info", port=str(there)) == 1
    assert at.failures == {}


def test_what_breaks_above_the_session_is_degraded_and_named_by_its_layer(at: Place) -> None:
    at.notice(2157, "Sec-def data farm connection is broken:secdefnj")
    at.until(lambda: (at.status, at.layers) == ("degraded", LADDER[:5]))
    at.notice(1100, LOST)
    at.until(lambda: (at.status, at.layers) == ("degraded", LADDER[:4]))
    assert at.known["upstream"]["up"] is False
    at.notice(1102, BACK)
    at.until(lambda: at.layers == LADDER[:5], what="the farm is still broken")
    at.notice(2158, "Sec-def data farm connection is OK:secdefnj")
    at.wait_up()
    at.until(lambda: at.counted("ib_outages_total", "cause", planned="false") == {"farms": 1})


def test_a_pause_is_neither_down_nor_an_outage(at: Place) -> None:
    at.tell("pause")
    at.until(lambda: at.status == "stopped")
    assert (at.metric("ib_up"), at.layers[2:]) == (None, []), "nothing is known of a paused gateway"
    assert at.counted("ib_outages_total", "cause", planned="false") == {}
    assert at.counted("ib_session_losses_total", "reason", planned="true") == {"operator": 1}


def test_in_every_fault_the_seconds_add_up(at: Place) -> None:
    for fault in ("rst", "fin"):
        at.do(fault)
        at.until(lambda: at.metric("ib_up") == 0 or (at.metric("ib_sessions_total") or 0) > 1)
        at.wait_up()
    broken = sum(at.metrics("ib_outage_seconds_total", "cause", planned="false").values())
    assert 0 < broken < (at.metric("ib_observed_seconds_total") or 0)
