"""What a valid file becomes: policies and settings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from supervisor.config.load import FIRST_LOOK_CLIENT_ID, FIRST_LOOK_NAME, for_first_look, load
from supervisor.config.settings import Http, Journal, Log, LogFormat, LogLevel
from supervisor.config.values.readers import Endpoint
from supervisor.config.values.resets import reset_windows
from supervisor.core.calendar.rules import Daily, Once, Weekly
from supervisor.core.calendar.windows import WindowKind, custom, daily_restart, weekly_restart
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.policy import AccountMode, Policy, Reauth, RequiredFarm, Timing
from tests.config.loading import LIVE, NOW, config_of, gateway

TODAY = NOW.date()


def policy_of(keys: str) -> Policy:
    (policy,) = config_of(gateway(keys)).gateways
    return policy


def test_a_gateway_without_further_keys_has_every_default_of_the_core() -> None:
    (policy,) = config_of(f"gateways: [{LIVE}]").gateways
    assert policy == Policy("live", "127.0.0.1", 4001, 911, kernel=True, windows=reset_windows(None, TODAY))
    assert policy.timing == Timing()


def test_a_file_without_further_keys_has_every_default() -> None:
    config = config_of(f"gateways: [{LIVE}]")
    assert config.http == Http(Endpoint("127.0.0.1", 14000), None)
    assert config.log == Log(LogLevel.INFO, LogFormat.CONSOLE, None)
    assert config.journal.retention == timedelta(days=400).total_seconds()
    assert not config.show_accounts


def test_gateways_keep_their_order() -> None:
    text = "gateways: [{name: z, port: 1, client_id: 1}, {name: a, port: 2, client_id: 1}]"
    assert [policy.name for policy in config_of(text).gateways] == ["z", "a"]


def test_a_daily_restart() -> None:
    policy = policy_of('daily_restart: {time: "23:45", timezone: Europe/London, lead: 1m, grace: 10m}')
    expected = daily_restart(time(23, 45), "Europe/London", timedelta(minutes=1), timedelta(minutes=10))
    assert policy.windows[0] == expected
    assert policy.timezone == "Europe/London"


def test_a_daily_restart_without_lead_and_grace_has_those_of_the_core() -> None:
    policy = policy_of('daily_restart: {time: "23:45:30", timezone: UTC}')
    assert policy.windows[0] == daily_restart(time(23, 45, 30), "UTC")


def test_a_weekly_restart() -> None:
    policy = policy_of('weekly_restart: {day: sunday, time: "12:00", timezone: Asia/Hong_Kong, grace: 30m}')
    expected = weekly_restart(6, time(12), "Asia/Hong_Kong", grace=timedelta(minutes=30))
    assert policy.windows[0] == expected
    assert policy.timezone == "Asia/Hong_Kong"


def test_own_windows() -> None:
    once = '{name: move, from: "2026-12-01T10:00:00+01:00", to: 2026-12-01T14:00:00Z}'
    weekly = '{name: sat, weekly: "Sat 04:00", for: 2h, timezone: Europe/London, grace: 5m}'
    windows = [
        window for window in policy_of(f"windows: [{once}, {weekly}]").windows if window.kind is WindowKind.CUSTOM
    ]
    assert windows == [
        custom("move", Once(datetime(2026, 12, 1, 9, tzinfo=UTC)), timedelta(hours=5)),
        custom("sat", Weekly(5, time(4), "Europe/London"), timedelta(hours=2), timedelta(minutes=5)),
    ]


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("north_america", "north_america"),
        ("[europe, asia_pacific]", ["europe", "asia_pacific"]),
        ("[none]", "none"),
        ("none", "none"),
        ("[]", None),
        ("null", None),
    ],
)
def test_server_resets(setting: str, meant: str | list[str] | None) -> None:
    assert policy_of(f"server_reset: {setting}").windows == reset_windows(meant, TODAY)


def test_the_table_of_server_resets_is_that_of_the_day_of_the_load() -> None:
    text = gateway("server_reset: north_america")
    (policy,) = config_of(text, now=datetime(2024, 12, 20, tzinfo=UTC)).gateways
    assert isinstance(policy.windows[0].rule, Daily)
    assert policy.windows[0].rule.time == time(23, 45)


@pytest.mark.parametrize(
    ("keys", "reauth"),
    [
        ("account_mode: live", Reauth.MANUAL),
        ("account_mode: any", Reauth.MANUAL),
        ("account_mode: paper", Reauth.AUTOMATIC),
        ("account_mode: paper, reauth: manual", Reauth.MANUAL),
        ("account_mode: live, reauth: automatic", Reauth.AUTOMATIC),
        ("account_mode: paper, reauth: null", Reauth.AUTOMATIC),
    ],
)
def test_a_paper_login_needs_no_person_unless_the_file_says_so(keys: str, reauth: Reauth) -> None:
    assert policy_of(keys).reauth is reauth


def test_required_farms() -> None:
    assert policy_of("required_farms: all").required_farms is None
    assert policy_of("required_farms: []").required_farms == ()
    assert policy_of("required_farms: [usfarm, historical/ushmds]").required_farms == (
        RequiredFarm("usfarm"),
        RequiredFarm("ushmds", FarmKind.HISTORICAL),
    )


def test_every_other_key_of_a_gateway() -> None:
    policy = policy_of(
        "host: gw.example.net, client_id_fallback: 913, account_mode: live, follow_port_change: true, "
        "upstream_probe: false, timing: {heartbeat_interval: 4s, heartbeat_misses: 3, stable_after: 0s}"
    )
    assert (policy.host, policy.client_id_fallback, policy.account_mode) == ("gw.example.net", 913, AccountMode.LIVE)
    assert policy.follow_port_change
    assert not policy.upstream_probe
    assert policy.timing == Timing(heartbeat_interval=4.0, heartbeat_misses=3, stable_after=0.0)


@pytest.mark.parametrize("host", ["::1", "[::1]", "0:0:0:0:0:0:0:1"])
def test_an_ipv6_address_loses_its_brackets(host: str) -> None:
    assert policy_of(f'host: "{host}"').host == "::1"


@pytest.mark.parametrize(
    ("written", "steps"),
    [
        ("retry_max: 500ms", (0.25, 0.5, 0.5)),
        ("retry_max: 100ms", (0.1, 0.1, 0.1)),
        ("retry_max_early: 10s", (0.25, 10, 10)),
        ("retry_initial: 2s", (2, 2, 5)),
        ("retry_initial: 50ms, retry_max: 200ms", (0.05, 0.2, 0.2)),
        ("retry_initial: 30s", (30, 30, 30)),
        ("retry_max: 1m", (0.25, 1, 60)),
    ],
)
def test_steps_of_the_backoff_that_are_not_written_give_way(written: str, steps: tuple[float, ...]) -> None:
    (policy,) = config_of(gateway(f"timing: {{{written}}}")).gateways
    timing = policy.timing
    assert (timing.retry_initial, timing.retry_max_early, timing.retry_max) == steps


@pytest.mark.parametrize(
    ("written", "suspect", "early"),
    [
        ("", 0.5, 2.0),
        ("heartbeat_timeout: 200ms", 0.2, 2.0),
        ("handshake_timeout: 1s", 0.5, 1.0),
        ("heartbeat_timeout: 4s, suspect_after: 4s, handshake_timeout: 9s, handshake_timeout_early: 9s", 4.0, 9.0),
    ],
)
def test_a_part_of_a_timer_that_is_not_written_gives_way_to_it(written: str, suspect: float, early: float) -> None:
    timing = policy_of(f"timing: {{{written}}}").timing
    assert (timing.suspect_after, timing.handshake_timeout_early) == (suspect, early)


def test_labels_and_programs() -> None:
    policy = policy_of('labels: {env: prod, desk: fx, _room: "3"}, programs: [18, 0]')
    assert policy.labels == (("_room", "3"), ("desk", "fx"), ("env", "prod"))
    assert policy.programs == (18, 0)


def test_labels_of_defaults_merge_with_those_of_a_gateway() -> None:
    config = config_of("""
defaults: {client_id: 911, labels: {desk: fx, env: prod}}
gateways: [{name: live, port: 4001, labels: {env: "test"}}]
""")
    assert config.gateways[0].labels == (("desk", "fx"), ("env", "test"))


def test_further_names_of_the_daemon() -> None:
    text = f"gateways: [{LIVE}]\nhttp: {{names: [ib-supervisor, gateways.example.net]}}"
    assert config_of(text).http.names == ("ib-supervisor", "gateways.example.net")


def test_sections_of_the_daemon_itself() -> None:
    config = config_of(
        f"gateways: [{LIVE}]\nhttp: {{listen: '[::1]:0'}}\njournal: {{path: /var/j.db, retention: 30d}}\n"
        "log: {level: debug, format: json, wire: /var/wire}\nshow_accounts: true"
    )
    assert config.http.listen == Endpoint("::1", 0)
    assert config.journal == Journal(Path("/var/j.db"), timedelta(days=30).total_seconds())
    assert config.log == Log(LogLevel.DEBUG, LogFormat.JSON, Path("/var/wire"))
    assert config.show_accounts
    assert config.gateways[0].show_accounts


def test_sections_that_are_commented_out_to_nothing_are_empty() -> None:
    text = f"gateways: [{LIVE}]\nhttp:\njournal:\nlog:\ndefaults:\n"
    assert config_of(text).http == Http()
    assert policy_of("timing:, windows:, daily_restart:").timing == Timing()


def test_the_journal_lies_under_the_state_directory_or_else_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / "supervisor.yaml"
    file.write_text(f"gateways: [{LIVE}]\njournal: {{path: history.db}}\nlog: {{wire: wire}}")
    beside = load(file, {}, NOW)
    assert (beside.journal.path, beside.log.wire) == (tmp_path / "history.db", tmp_path / "wire")
    under = load(file, {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, NOW)
    assert (under.journal.path, under.log.wire) == (Path("/var/lib/a/history.db"), Path("/var/lib/a/wire"))


def test_paths_are_absolute_even_if_the_file_was_named_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.yaml").write_text(f"gateways: [{LIVE}]\nhttp: {{web_config: web.yaml}}")
    (tmp_path / "web.yaml").write_text("{}\n")
    monkeypatch.chdir(tmp_path)
    config = load(Path("c.yaml"), {})
    assert config.journal.path == tmp_path / "journal.db"
    assert config.http.web_config == tmp_path / "web.yaml"
    assert config.path == Path("c.yaml")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + f"gateways: [{LIVE}]".encode())
    assert load(file, {}, NOW).gateways[0].name == "live"


def test_an_alias_says_the_same_again() -> None:
    text = """
gateways:
  - {name: live, port: 4001, client_id: 911, daily_restart: &restart {time: "23:45", timezone: America/New_York}}
  - {name: paper, port: 4002, client_id: 911, daily_restart: *restart}
"""
    live, paper = config_of(text).gateways
    assert live.windows == paper.windows


DEFAULTS = """
defaults:
  client_id: 911
  windows: [{name: sat, weekly: "Sat 04:00", for: 2h, timezone: Europe/London}]
  daily_restart: {timezone: America/New_York, grace: 10m}
  timing: {heartbeat_interval: 3s, settle: 5s}
gateways:
  - {name: one, port: 4001, daily_restart: {time: "23:45"}}
  - {name: two, port: 4002, client_id: 7, daily_restart: null, windows: [], timing: {settle: 1s}}
"""


def test_of_defaults_mappings_merge_by_key_and_everything_else_is_replaced() -> None:
    one, two = config_of(DEFAULTS).gateways
    assert (one.client_id, two.client_id) == (911, 7)
    assert one.timing == Timing(heartbeat_interval=3.0, settle=5.0)
    assert two.timing == Timing(heartbeat_interval=3.0, settle=1.0)
    assert one.windows[0] == daily_restart(time(23, 45), "America/New_York", grace=timedelta(minutes=10))
    assert [window.name for window in one.windows] == ["daily_restart", "server_reset", "sat"]
    assert [window.name for window in two.windows] == ["server_reset"]


def test_a_first_look_is_a_gateway_with_every_default_and_keeps_nothing() -> None:
    config = for_first_look("[::1]:4002", NOW)
    (from_file,) = config_of(
        f"gateways: [{{name: {FIRST_LOOK_NAME}, host: '::1', port: 4002, client_id: {FIRST_LOOK_CLIENT_ID}}}]"
    ).gateways
    assert config.gateways == (from_file,)
    assert config.journal.path is None
    assert config.path is None
    assert config.http == Http()


@pytest.mark.parametrize("wrong", ["4001", "localhost", "localhost:0", ":4001", "::1:4001", "a b:4001", ""])
def test_a_first_look_at_what_is_no_host_and_port_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=f'^"{re.escape(wrong)}" .*; write'):
        for_first_look(wrong)
