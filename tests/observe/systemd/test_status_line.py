"""The line that `systemctl status` shows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from supervisor.core.calendar.clock import Now
from supervisor.core.model.facts import Facts
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.snapshot import LoginView, PauseView, Snapshot, WindowView
from supervisor.core.model.status import Status
from supervisor.core.step.state import initial
from supervisor.core.step.view import snapshot
from supervisor.observe.systemd.notifier import STATUS_LENGTH, status_line

NIGHT = datetime(2027, 1, 13, 4, 46, tzinfo=UTC)  # a Tuesday, 23:46 in New York


def seen(name: str, status: Status, lowest: Layer | None = None, **changes: Any) -> Snapshot:
    policy = Policy(name, "127.0.0.1", 4001, 911, timezone=changes.pop("timezone", "America/New_York"))
    begun = snapshot(initial(policy, Facts(), Now(100.0, NIGHT), 1), policy)
    return replace(begun, status=status, broken=lowest, tried=True, since=NIGHT.replace(minute=45), **changes)


def window(name: str, end: datetime, active: bool = True) -> WindowView:
    return WindowView(name, active, NIGHT, end, None)


def test_all_up_is_a_short_line() -> None:
    assert status_line([seen("live", Status.UP), seen("paper", Status.UP)]) == "2/2 up"


def test_maintenance_names_its_window_and_its_end_on_the_gateway_s_clock() -> None:
    restart = window("daily_restart", NIGHT.replace(minute=50))
    gateways = [
        seen("live", Status.MAINTENANCE, Layer.PORT, windows=(restart,)),
        seen("paper", Status.UP),
        seen("third", Status.UP),
    ]
    assert status_line(gateways) == "2/3 up; live: maintenance (daily_restart until 23:50 EST)"


def test_a_gone_session_is_explained_by_the_restart_and_a_lost_upstream_by_whatever_ends_last() -> None:
    windows = (
        window("daily_restart", NIGHT.replace(minute=50)),
        window("server_reset", NIGHT.replace(hour=6, minute=0)),
        window("old", NIGHT.replace(hour=9), active=False),
    )
    low = seen("live", Status.MAINTENANCE, Layer.SESSION, windows=windows)
    high = seen("live", Status.MAINTENANCE, Layer.UPSTREAM, windows=windows)
    assert status_line([low]) == "0/1 up; live: maintenance (daily_restart until 23:50 EST)"
    assert status_line([high]) == "0/1 up; live: maintenance (server_reset until Wed 01:00 EST)"


def test_the_weekend_s_reset_explains_a_gone_session_alone() -> None:
    windows = (window("server_reset", NIGHT.replace(hour=8, minute=15)),)
    gone = seen("live", Status.MAINTENANCE, Layer.PORT, windows=windows, timezone=None)
    assert status_line([gone]) == "0/1 up; live: maintenance (server_reset until 08:15 UTC)"


def test_a_window_that_closed_a_moment_ago_is_not_named() -> None:
    assert status_line([seen("live", Status.MAINTENANCE, Layer.PORT)]) == "0/1 up; live: maintenance"


def test_down_and_degraded_name_the_lowest_broken_layer_and_since_when() -> None:
    gateways = [seen("live", Status.DOWN, Layer.PORT), seen("paper", Status.DEGRADED, Layer.FARMS)]
    assert status_line(gateways) == (
        "0/2 up; live: down (port since 23:45 EST); paper: degraded (farms since 23:45 EST)"
    )


def test_before_the_first_attempt_has_ended_the_phase_is_told() -> None:
    assert status_line([replace(seen("live", Status.DOWN, Layer.PORT), tried=False)]) == "0/1 up; live: down (idle)"


def test_a_pause_tells_its_end_if_it_has_one() -> None:
    for_good = seen("live", Status.STOPPED, Layer.PORT)
    for_now = replace(for_good, pause=PauseView(NIGHT.replace(hour=5, minute=30), ""))
    assert status_line([for_good]) == "0/1 up; live: stopped"
    assert status_line([for_now]) == "0/1 up; live: stopped (until Wed 00:30 EST)"


def test_a_weekly_login_tells_since_when_it_is_due() -> None:
    due = LoginView(NIGHT, NIGHT.replace(day=11, minute=45), required=True, assumed=False)
    waiting = seen("live", Status.REAUTH_REQUIRED, Layer.PORT, login=due)
    assert status_line([waiting]) == "0/1 up; live: reauth_required (due since Sun 23:45 EST)"


def test_a_hundred_gateways_are_still_one_short_line() -> None:
    line = status_line([seen(f"gateway-{n}", Status.DOWN, Layer.PORT) for n in range(100)])
    assert len(line) <= STATUS_LENGTH + len("; and 100 more")
    assert line.startswith("0/100 up; gateway-0: down")
    assert line.endswith(" more")
    assert line.isascii()
    assert int(line.split()[-2]) + line.count(": down") == 100
