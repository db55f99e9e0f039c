"""The failure modes 1 to 12 of long-running connections (docs/failure-modes.md), over the real wire."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults.conftest import Adds
from tests.faults.site import BACK, LOST, Place, Site

BLIP = (
    (2105, "HMDS data farm connection is broken:ushmds"),
    *((10182, "Failed to request live updates (disconnected).") for _ in range(5)),
)
HEALED = (2106, "HMDS data farm connection is OK:ushmds")


def opens_in(seconds: float, grace: str = "5m") -> str:
    """A daily restart whose window opens in so many seconds."""
    now = datetime.now(UTC)
    at = (now + timedelta(minutes=2)).replace(second=0, microsecond=0)
    lead = (at - now).total_seconds() - seconds
    return f'{{time: "{at:%H:%M}", timezone: UTC, lead: {lead * 1000:.0f}ms, grace: {grace}}}'


def login_in_minutes() -> str:
    """A weekly restart that is three minutes away: the one before it came before the token expired, so that nothing
    tells of a login since. (Not so in the last three minutes of a token's week.)
    """
    at = datetime.now(UTC) + timedelta(minutes=4)
    return f'{{day: {at:%A}, time: "{at:%H:%M}", timezone: UTC, grace: 1s}}'.lower().replace("utc", "UTC")


def window(until: float, name: str = "reset") -> str:
    """A window of the operator's own, open now, for so many seconds."""
    now = datetime.now(UTC)
    begin, end = now - timedelta(hours=1), now + timedelta(seconds=until)
    return f'[{{name: {name}, from: "{begin.isoformat()}", to: "{end.isoformat()}"}}]'


def test_01_daily_restart_is_planned_quiet_and_over_as_soon_as_the_port_is_back(add: Adds) -> None:
    at = add(daily_restart=opens_in(3))
    at.until(lambda: at.metric("ib_window_active", window="daily_restart") == 1)
    at.do("restart", for_=1.5)
    at.until(lambda: at.status == "maintenance")
    assert at.metric("ib_restart_pending") == 1
    at.wait_up()
    assert at.metric("ib_restart_pending") == 0
    assert at.counted("ib_restarts_total", "result") == {"in_time": 1}
    assert at.counted("ib_session_losses_total", "reason", planned="true") == {"reset": 1}
    assert at.losses == {}
    at.until(lambda: at.metric("ib_outages_total", cause="session", planned="true") == 1)
    assert at.counted("ib_outage_seconds_total", "cause", planned="false") == {}
    assert at.failures["refused"] >= 2, "tried every quarter of a second"
    opened = next(place for place, line in enumerate(at.log) if "window daily_restart opens" in line)
    assert not [line for line in at.log[opened:] if "ERROR" in line or ("lost" in line and "WARNING" in line)]


def test_02_every_session_has_an_epoch_of_its_own_and_lost_subscriptions_are_told(at: Place) -> None:
    before = at.epoch
    at.do("rst")
    at.until(lambda: at.metric("ib_sessions_total") == 2)
    at.wait_up()
    assert at.epoch == before + 1
    at.notice(1100, LOST)
    at.until(lambda: at.layers[-1] == "heartbeat")
    at.notice(1101, "Connectivity between IBKR and Trader Workstation has been restored - data lost.")
    at.wait_up()
    assert at.counted("ib_upstream_losses_total", "data") == {"lost": 1}
    at.until(lambda: at.said("subscriptions are lost and must be made again"))
    assert at.epoch == before + 1, "the session itself lives on"


def test_03_a_farm_blip_that_kills_streams_is_counted_though_it_is_over_in_a_moment(at: Place) -> None:
    for code, text in BLIP:
        at.notice(code, text, request=7 if code == 10182 else -1)
    at.until(lambda: at.status == "degraded")
    assert at.layers[-1] == "upstream"
    at.notice(*HEALED)
    at.wait_up()
    assert at.metric("ib_farm_breaks_total", kind="historical", farm="ushmds", planned="false") == 1
    assert at.metric("ib_messages_total", code="10182") == 5
    assert at.metric("ib_messages_total", code="2105") == 1
    assert (at.epoch, at.losses) == (1, {})


def test_04_a_flapping_farm_never_costs_the_session(at: Place) -> None:
    for _ in range(20):
        at.notice(2103, "Market data farm connection is broken:usfarm")
        at.notice(2119, "Market data farm is connecting:usfarm")
        at.notice(2104, "Market data farm connection is OK:usfarm")
    at.until(lambda: at.metric("ib_farm_breaks_total", farm="usfarm", planned="false") == 20)
    at.wait_up()
    assert at.metric("ib_connect_attempts_total") == 1
    assert at.gateway.connections_accepted == 1
    assert (at.epoch, at.losses) == (1, {})


def test_05_a_ghost_that_holds_our_client_id_is_waited_for_with_the_same_id(at: Place) -> None:
    at.do("ghost", for_=3)
    at.do("rst")
    at.until(lambda: at.failures.get("client_id_in_use", 0) >= 1)
    assert at.status == "down"
    assert "for our own earlier connection" in at.known["cause"]
    at.wait_up()
    assert [client.client_id for client in at.gateway.clients] == [911]
    assert at.failures["client_id_in_use"] <= 4, "1 s, then every 2 s"
    assert at.metric("ib_messages_total", code="326") == at.failures["client_id_in_use"]


def test_05_a_configured_fallback_is_the_only_other_id_ever_used(add: Adds) -> None:
    at = add(client_id_fallback=955)
    at.do("ghost", client_id=955, for_=0.001)
    at.do("ghost", for_=60)
    at.do("rst")
    at.until(lambda: at.metric("ib_sessions_total") == 2)
    at.wait_up()
    assert [client.client_id for client in at.gateway.clients] == [955]


def test_06_a_handshake_that_times_out_leaves_no_socket_behind(at: Place) -> None:
    at.do("mute")
    at.do("rst")
    at.until(lambda: at.failures.get("handshake_timeout", 0) >= 3)
    assert len(at.gateway.clients) <= 1
    assert _sockets_to(at.daemon.process.pid, at.gateway.port) <= 1
    at.do("heal")
    at.wait_up()
    assert len(at.gateway.clients) == 1


def test_07_a_port_that_is_open_and_says_nothing_is_given_up_at_the_deadline(add: Adds) -> None:
    at = add(timing="heartbeat_timeout: 1s")
    at.do("freeze")
    at.until(lambda: at.losses.get("heartbeat") == 1)
    at.until(lambda: at.failures.get("handshake_timeout", 0) >= 1)
    assert at.layers == ["port"]
    assert "hangs" in at.known["cause"]
    at.do("thaw")
    at.wait_up()


def test_08_a_half_open_link_is_found_by_the_heartbeat(add: Adds) -> None:
    at = add(timing="heartbeat_timeout: 1s")
    at.do("half_open")
    at.until(lambda: at.layers == ["port", "handshake", "session"], what="the first miss drops the layer")
    assert at.status == "degraded"
    at.until(lambda: at.losses == {"heartbeat": 1})
    at.wait_up()
    assert at.metric("ib_heartbeat_misses_total") == 2
    assert at.epoch == 2


def test_09_a_night_of_1100_in_a_window_is_planned_until_the_window_ends(site: Site) -> None:
    at = site.add(site.new_name(), windows=window(until=6))
    at.do("notice", code=1100, text=LOST, times=30, every="10ms")
    at.until(lambda: at.metric("ib_messages_total", code="1100") == 30)
    assert at.status == "maintenance"
    assert at.counted("ib_outage_seconds_total", "cause", planned="false") == {}
    at.until(lambda: at.status == "degraded", what="what outlives its window is no maintenance")
    booked = at.counted("ib_outage_seconds_total", "cause", planned="false")
    assert booked["upstream"] > 1, "and the whole outage was none"
    assert len(at.said("1100")) == 1
    at.notice(1102, BACK)
    at.wait_up()
    assert at.epoch == 1


def test_10_a_weekly_login_that_nobody_does_is_told_and_ends_with_the_login(add: Adds) -> None:
    at = add(reauth="manual", weekly_restart=login_in_minutes())
    at.do("refuse")
    at.until(lambda: at.status == "reauth_required")
    assert at.metric("ib_reauth_required") == 1
    assert (at.metric("ib_token_expiry_timestamp_seconds") or 0) > 0
    at.until(lambda: at.said("ERROR", "re-authentication required"))
    at.do("heal")
    at.wait_up()
    assert at.metric("ib_reauth_required") == 0
    at.until(lambda: at.said("weekly login proven"))


def test_11_the_gateway_is_only_watched_so_no_login_is_ever_tried_by_us(at: Place) -> None:
    """A lock-out comes from logins; what the daemon does while the gateway is away is a TCP connect now and then."""
    at.do("refuse", for_=3)
    at.until(lambda: at.failures.get("refused", 0) >= 1)
    at.wait_up()
    assert set(at.gateway.received) <= {71, 49, 9}, "START_API, the time, contract details: nothing else"


def test_12_what_is_due_is_worked_out_from_facts_and_survives_a_reload(site: Site) -> None:
    keys: dict[str, Any] = {"reauth": "manual", "weekly_restart": login_in_minutes()}
    at = site.add(site.new_name(), **keys)
    at.do("refuse")
    at.until(lambda: at.metric("ib_reauth_required") == 1)
    due = at.metric("ib_reauth_due_timestamp_seconds")
    site.change(at, **keys, client_id=912)
    at.until(lambda: at.metric("ib_reauth_required") == 1)
    assert at.metric("ib_reauth_due_timestamp_seconds") == due
    at.tell("confirm-login")
    at.until(lambda: at.metric("ib_reauth_required") == 0)
    assert (at.metric("ib_reauth_due_timestamp_seconds") or 0) > (due or 0)


def _sockets_to(pid: int, port: int) -> int:
    """Open TCP sockets of a process whose peer has this port on loopback."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(entry).removeprefix("socket:[").removesuffix("]"))
        except OSError:  # closed meanwhile
            continue
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return len([row for row in rows if row[9] in inodes and int(row[2].split(":")[1], 16) == port])
