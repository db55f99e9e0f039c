"""The failure modes 13 to 25 of long-running connections (docs/failure-modes.md), over the real wire."""

import threading

import pytest

from tests.faults.conftest import Adds
from tests.faults.site import BACK, LOST, Place, Site

PACING = "Max rate of messages per second has been exceeded."


def test_13_a_competing_session_is_heard_and_not_fought(at: Place) -> None:
    assert at.metric("ib_competing_session") is None, "never heard: unknown"
    for request in range(15):
        at.notice(10197, "No market data during competing live session", request=request)
    at.until(lambda: at.metric("ib_messages_total", code="10197") == 15)
    assert at.metric("ib_competing_session") == 1
    assert len(at.said("10197")) == 1, "told once"
    assert "logged in elsewhere" in at.said("10197")[0]
    assert at.metric("ib_up") == 1
    assert (at.epoch, at.metric("ib_connect_attempts_total")) == (1, 1)


def test_13_a_1100_right_after_it_names_the_likely_cause(at: Place) -> None:
    at.notice(1100, LOST)
    at.until(lambda: at.said("upstream lost (1100)"))
    assert "the user logged in elsewhere" in at.said("upstream lost (1100)")[0]


def test_14_a_login_of_the_wrong_kind_is_never_taken_for_the_right_one(site: Site) -> None:
    at = site.add(site.new_name(), up=False, account_mode="live")
    at.until(lambda: at.failures == {"account_mismatch": 1})
    assert at.layers == ["port", "handshake"]
    assert "serves other accounts than meant" in at.known["cause"]
    at.until(lambda: not at.gateway.clients, what="the client id is given back")


def test_15_a_gateway_stuck_at_a_dialog_is_told_as_such_whether_mute_or_closed(at: Place) -> None:
    at.do("mute")
    at.do("rst")
    at.until(lambda: at.failures.get("handshake_timeout", 0) >= 1)
    assert "login dialog" in at.known["cause"]
    assert at.known["cure"]
    at.do("refuse")
    at.until(lambda: at.failures.get("refused", 0) >= 1)
    at.until(lambda: "login dialog" not in at.known["cause"])
    assert at.layers == []
    at.do("heal")
    at.wait_up()


def test_16_a_pacing_violation_is_told_before_the_gateway_hangs_up(at: Place) -> None:
    at.notice(0, "Warning: Approaching max rate of 50 messages per second (44)")
    at.notice(100, PACING)
    at.do("fin")
    at.until(lambda: at.losses == {"closed": 1})
    at.until(lambda: at.said("100: Max rate"))
    at.wait_up()
    seconds = at.metric("ib_observed_seconds_total") or 0
    assert at.gateway.received[49] < 5 + seconds, "we ourselves are far from any limit"


def test_17_an_order_id_that_goes_back_is_counted_and_told(site: Site) -> None:
    gateway = site.gateway()
    gateway.do("next_valid_id", id=5000)
    at = site.add(site.new_name(), gateway)
    at.do("next_valid_id", id=12)
    at.do("rst")
    at.until(lambda: at.metric("ib_next_valid_id_regressions_total") == 1)
    at.until(lambda: at.said("WARNING", "next order id 12 is lower than 5000"))
    at.wait_up()


def test_18_no_security_definition_in_an_outage_is_believed_by_nobody_and_settling_says_so(at: Place) -> None:
    at.notice(1100, LOST)
    for request in range(6):
        at.notice(200, "No security definition has been found for the request", request=request)
    at.until(lambda: at.metric("ib_messages_total", code="200") == 6)
    assert at.layers == ["port", "handshake", "session", "heartbeat"]
    assert at.metric("ib_upstream_settling") == 0
    at.notice(1102, BACK)
    at.wait_up()
    assert at.metric("ib_upstream_settling") == 1
    at.until(lambda: at.metric("ib_upstream_settling") == 0)


def test_19_a_gateway_that_restarts_in_a_loop_is_counted_and_not_hammered(at: Place) -> None:
    for turn in range(6):
        at.do("rst")
        at.until(lambda turn=turn: at.metric("ib_sessions_total") == turn + 2)  # type: ignore[misc]
    at.wait_up()
    assert at.losses == {"reset": 6}
    assert (at.metric("ib_connect_attempts_total") or 0) <= 7 + sum(at.failures.values())
    assert len(at.gateway.clients) == 1


def test_20_a_gateway_that_slows_down_shows_in_the_round_trip(at: Place) -> None:
    at.do("delay", by=0.4)
    at.until(lambda: (at.known["heartbeat_seconds"] or 0) >= 0.4)
    assert (at.metric("ib_heartbeat_seconds_bucket", le="0.25") or 0) < (at.metric("ib_heartbeat_seconds_count") or 0)
    assert at.metric("ib_up") == 1, "slow is not broken"


def test_21_maintained_with_farms_not_connected_is_not_called_whole(at: Place) -> None:
    at.notice(2103, "Market data farm connection is broken:usfarm")
    at.notice(1100, LOST)
    at.until(lambda: at.layers[-1] == "heartbeat")
    at.notice(
        1102,
        f"{BACK} The following farms are connected: ushmds; secdefnj. The following farms are not connected: usfarm.",
    )
    at.until(lambda: at.layers[-1] == "upstream")
    assert at.metric("ib_up") == 0
    assert at.metric("ib_farm_up", farm="usfarm") == 0
    assert at.metric("ib_farm_up", farm="ushmds") == 1
    at.notice(2104, "Market data farm connection is OK:usfarm")
    at.wait_up()


def test_21_farms_alone_never_prove_that_ibkr_is_back(at: Place) -> None:
    at.notice(1100, LOST)
    at.until(lambda: at.layers[-1] == "heartbeat")
    for farm in ("usfarm", "eufarm", "cashfarm"):
        at.notice(2104, f"Market data farm connection is OK:{farm}")
    at.until(lambda: at.metric("ib_farm_up", farm="cashfarm") == 1)
    assert at.layers[-1] == "heartbeat"


def test_22_while_the_internet_is_down_nothing_is_restarted_and_the_session_is_kept(at: Place) -> None:
    at.do("notice", code=1100, text=LOST, times=40, every="50ms")
    at.until(lambda: at.metric("ib_messages_total", code="1100") == 40)
    assert at.status == "degraded"
    assert (at.epoch, at.gateway.connections_accepted, at.losses) == (1, 1, {})
    at.notice(1102, BACK)
    at.wait_up()
    assert at.counted("ib_upstream_losses_total", "data") == {"maintained": 1}
    at.until(lambda: at.said("IBKR is connected again (1102)", "told 40 times"))


def test_23_a_required_farm_that_was_never_seen_is_no_fault(add: Adds) -> None:
    at = add(required_farms="[usfuture, market_data/usfarm]")
    assert at.metric("ib_up") == 1
    assert at.metric("ib_farm_up", farm="usfuture") is None, "unknown is absent"
    assert at.metric("ib_farm_required", farm="ushmds") == 0
    at.notice(2105, "HMDS data farm connection is broken:ushmds")
    at.until(lambda: at.metric("ib_farm_up", farm="ushmds") == 0)
    assert at.metric("ib_up") == 1, "not required"
    at.notice(2103, "Market data farm connection is broken:usfuture")
    at.until(lambda: at.metric("ib_up") == 0)


def test_24_whatever_is_asked_at_once_there_is_one_attempt_at_a_time(at: Place) -> None:
    most = 0
    threads = at.daemon.threads()
    at.do("never_ready")
    at.do("rst")

    def ask(what: str) -> None:
        for _ in range(5):
            at.tell(what)

    asking = [threading.Thread(target=ask, args=(what,)) for what in ("pause", "resume", "resume")]
    for thread in asking:
        thread.start()
    while any(thread.is_alive() for thread in asking):
        most = max(most, len(at.gateway.clients))
    for thread in asking:
        thread.join()
    at.do("heal")
    at.tell("resume")
    at.do("rst")
    at.wait_up()
    assert most <= 2, "the one that was just closed, and the next one"
    at.until(lambda: len(at.gateway.clients) == 1)
    at.until(lambda: at.daemon.threads() <= threads + 2, what="no thread is left of any attempt")


@pytest.mark.parametrize(("mode", "losses"), [("non_numeric", {"protocol": 1}), ("truncated", {})])
def test_25_what_makes_the_library_raise_costs_at_most_the_session(
    at: Place, mode: str, losses: dict[str, float]
) -> None:
    at.do("garbage", mode=mode)
    at.notice(2104, "Market data farm connection is OK:afterwards")
    at.until(lambda: at.metric("ib_farm_up", farm="afterwards") == 1 or at.losses)
    at.wait_up()
    assert (at.losses, at.epoch) == (losses, 1 + len(losses))
    assert at.metric("ib_callback_errors_total") == 0, "none of it was in our callbacks"
