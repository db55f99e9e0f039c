"""What `check-config` warns of, and what it leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from supervisor.config.load import load
from supervisor.config.values.zones import doubt_about
from tests.config.loading import NOW, config_of, gateway
from tests.config.web_files import TLS, USERS, a_web_file

QUIET = 'daily_restart: {time: "23:45", timezone: America/New_York}, server_reset: north_america'


def warned(text: str, now: datetime = NOW) -> list[str]:
    """Path and words of each warning."""
    return [f"{fault.path}: {fault.wrong}" for fault in config_of(text, now=now).warnings]


def one(keys: str) -> list[str]:
    return warned(gateway(keys))


def test_a_config_as_it_should_be_is_left_alone() -> None:
    assert one(QUIET) == []


def test_no_region_named() -> None:
    assert one('daily_restart: {time: "23:45", timezone: UTC}') == [
        "gateways[0]: no region named, every nightly reset will be unplanned"
    ]
    assert one('daily_restart: {time: "23:45", timezone: UTC}, server_reset: none') == []


def test_no_daily_restart() -> None:
    assert one("server_reset: europe") == [
        "gateways[0]: no daily_restart, every restart of the gateway will be unplanned"
    ]


def test_what_many_gateways_are_told_in_the_same_words_is_told_once() -> None:
    """Sixty gateways without a restart were sixty warnings."""
    entries = [f"  - {{name: gw{number}, port: {4001 + number}, client_id: 911}}" for number in range(60)]
    assert warned("\n".join(["gateways:", *entries])) == [
        "gateways[0]: no region named, every nightly reset will be unplanned, and so in 59 more places, "
        "the last in line 61",
        "gateways[0]: no daily_restart, every restart of the gateway will be unplanned, and so in 59 more places, "
        "the last in line 61",
    ]
    assert len(warned("\n".join(["gateways:", *entries[:3]]))) == 6


def test_a_paper_gateway_outside_of_north_america() -> None:
    keys = 'account_mode: paper, daily_restart: {time: "23:45", timezone: UTC}, server_reset: '
    assert one(f"{keys}europe") == ["gateways[0].server_reset: paper accounts are served from North America"]
    assert one(f"{keys}[europe, north_america]") == []
    assert one(f"{keys}none") == []


@pytest.mark.parametrize(
    ("time", "zone", "region", "inside"),
    [
        ("00:15", "America/New_York", "north_america", True),
        ("01:44", "America/New_York", "north_america", True),
        ("01:45", "America/New_York", "north_america", False),
        ("00:14", "America/New_York", "north_america", False),
        ("05:30", "UTC", "north_america", True),
        ("04:30", "UTC", "north_america", True),  # in summer
        ("03:30", "UTC", "north_america", False),
        ("00:30", "America/New_York", "asia_pacific", False),
        ("20:30", "Asia/Hong_Kong", "asia_pacific", True),
    ],
)
def test_a_daily_restart_inside_the_regions_reset(time: str, zone: str, region: str, inside: bool) -> None:
    found = one(f'daily_restart: {{time: "{time}", timezone: {zone}}}, server_reset: {region}')
    assert ["falls into the server reset" in each for each in found] == [True] * inside


def test_of_a_daily_restart_inside_the_weekends_reset_nobody_is_warned() -> None:
    assert one('daily_restart: {time: "02:00", timezone: America/New_York}, server_reset: north_america') == []


def test_a_weekly_restart_inside_the_weekends_reset() -> None:
    weekly = 'weekly_restart: {day: saturday, time: "02:00", timezone: America/New_York}'
    (warning,) = one(f"{QUIET}, {weekly}")
    assert warning == "gateways[0].weekly_restart: falls into the server reset that begins Saturday 04:00 UTC"


def test_many_gateways_of_one_host_that_restart_in_the_same_minute_are_one_warning() -> None:
    (told,) = warned("""
defaults: {client_id: 911, server_reset: north_america, daily_restart: {time: "23:45", timezone: America/New_York}}
gateways: [{name: one, port: 4001}, {name: two, port: 4002}, {name: three, port: 4003}]
""")
    assert "one, two, three restart on the same host in the same minute" in told


def two(first: str, second: str) -> list[str]:
    restart = "server_reset: north_america, daily_restart: {time: '%s', timezone: %s}"
    return warned(f"""
gateways:
  - {{name: one, port: 4001, client_id: 911, {restart % tuple(first.split())}}}
  - {{name: two, host: localhost, port: 4002, client_id: 911, {restart % tuple(second.split())}}}
""")


def test_two_gateways_of_one_host_that_restart_in_the_same_minute() -> None:
    said = "gateways[1].daily_restart: one restarts on the same host in the same minute"
    told = f"{said}; with one settings directory they delete each other's token"
    assert two("23:45 America/New_York", "23:45 America/New_York") == [told]
    assert two("23:45 America/New_York", "23:45:50 America/New_York") == [told]
    assert two("23:45 America/New_York", "22:45 America/Chicago") == [told]
    assert told in two("23:45 America/New_York", "04:45 UTC"), "in winter; in summer that falls into the reset"
    assert two("23:45 America/New_York", "03:45 UTC") == [told], "in summer"
    assert two("23:45 America/New_York", "02:45 UTC") == []
    assert two("23:45 America/New_York", "23:46 America/New_York") == []
    assert two("23:45 America/New_York", "23:45 America/Denver") == []


def test_a_daily_and_a_weekly_restart_of_two_gateways_in_the_same_minute() -> None:
    text = f"""
defaults: {{{QUIET}}}
gateways:
  - {{name: one, port: 4001, client_id: 911}}
  - name: two
    port: 4002
    client_id: 911
    daily_restart: {{time: "22:00"}}
    weekly_restart: {{day: sun, time: "23:45", timezone: America/New_York}}
"""
    (warning,) = warned(text)
    assert warning.startswith("gateways[1].weekly_restart: one restarts on the same host")


def test_gateways_of_two_hosts_may_restart_together() -> None:
    text = f"""
defaults: {{client_id: 911, port: 4001, {QUIET}}}
gateways: [{{name: one, host: a.example}}, {{name: two, host: b.example}}]
"""
    assert warned(text) == []


def test_two_entries_for_one_gateway() -> None:
    text = """
defaults: {port: 4001, server_reset: north_america}
gateways:
  - {name: one, client_id: 911, daily_restart: {time: "23:45", timezone: UTC}}
  - {name: two, client_id: 913, daily_restart: {time: "23:50", timezone: UTC}}
"""
    assert warned(text) == ["gateways[1]: one is the same gateway, on the same host and port"]


def test_the_id_of_the_probe() -> None:
    text = f"gateways: [{{name: live, port: 4001, client_id: 911, client_id_fallback: 912, {QUIET}}}]"
    assert warned(text) == ["gateways[0].client_id_fallback: 912 is the id of the command probe"]


def test_an_id_that_a_program_uses_too() -> None:
    text = f"""
defaults: {{{QUIET}, programs: [17, 911, 912]}}
gateways:
  - {{name: one, port: 4001, client_id: 911, client_id_fallback: 17}}
  - {{name: two, port: 4002, client_id: 18}}
"""
    assert [each for each in warned(text) if "programs" in each] == [
        "defaults.programs[0]: 17 is also the client_id_fallback of one",
        "defaults.programs[1]: 911 is also the client_id of one",
        "defaults.programs[2]: 912 is also the id of the command probe",
    ]


@pytest.mark.parametrize(
    ("zone", "doubt", "right"),
    [
        ("EST", "has no summer time", "America/New_York"),
        ("Etc/GMT+8", "is 8 hours WEST of Greenwich in the tz database", "such as Asia/Hong_Kong"),
        ("Etc/GMT-5", "is 5 hours EAST of Greenwich in the tz database", "such as America/New_York"),
        ("Etc/GMT-14", "is 14 hours EAST of Greenwich in the tz database", "such as America/New_York"),
        ("localtime", "is the zone of this machine", "the gateway's zone"),
        ("posixrules", "is a rule of the tz database", "the gateway's zone"),
        ("Factory", "means that no zone was set", "the gateway's zone"),
        ("posix/Asia/Tokyo", "is a second form of a zone", "write Asia/Tokyo"),
    ],
)
def test_a_zone_that_is_most_likely_not_the_one_that_was_meant(zone: str, doubt: str, right: str) -> None:
    found = doubt_about(zone)
    assert found is not None
    assert found[0].startswith(doubt)
    assert right in found[1]


def test_a_doubtful_zone_of_a_restart_is_told() -> None:
    assert one('server_reset: none, daily_restart: {time: "20:00", timezone: EST}') == [
        "gateways[0].daily_restart.timezone: EST has no summer time"
    ]


def test_a_doubtful_zone_of_a_window_is_told_too() -> None:
    window = '{name: sat, weekly: "Sat 04:00", for: 2h, timezone: Etc/GMT+8}'
    (warning,) = one(f"{QUIET}, windows: [{window}]")
    assert warning.startswith("gateways[0].windows[0].timezone: Etc/GMT+8 is 8 hours WEST")


def test_no_warning_shows_what_was_in_a_variable() -> None:
    text = """
defaults: {name: "${NAME}", port: "${PORT}", client_id: 911}
gateways:
  - daily_restart: {time: "23:45", timezone: "${ZONE}"}
    windows:
      - {name: "${NAME}", from: "2020-01-01T00:00:00Z", to: "2020-01-02T00:00:00Z"}
  - {name: other, client_id: 913, programs: ["${ID}"]}
  - {name: third, port: 4003, daily_restart: {time: "23:45", timezone: Etc/GMT+5}}
http: {listen: "0.0.0.0:${PORT}"}
"""
    env = {"NAME": "hunter2", "PORT": "4711", "ZONE": "Etc/GMT+5", "ID": "911"}
    told = [str(warning).partition(": ")[2] for warning in config_of(text, env).warnings]
    assert len(told) > 8
    assert [each for each in told for value in ("hunter2", "4711") if value in each] == []
    assert sum("Etc/GMT+5" in each for each in told) == 1, "that of the third, which is written out"
    assert any(each.startswith('gateways[1].programs[0]: "${ID}" is also the client_id of "${NAME}"') for each in told)


def test_a_window_that_is_over() -> None:
    window = '{name: move, from: "2026-12-01T10:00:00Z", to: "2026-12-01T14:00:00Z", grace: 1h}'
    text = gateway(f"{QUIET}, windows: [{window}]")
    assert warned(text, now=datetime(2026, 12, 1, 14, 59, tzinfo=UTC)) == []
    assert warned(text, now=datetime(2026, 12, 1, 15, 0, tzinfo=UTC)) == ["gateways[0].windows[0]: move is over"]


@pytest.mark.parametrize(
    ("listen", "open_to_others"),
    [("127.0.0.1:1", False), ("127.0.0.9:1", False), ("[::1]:1", False), ("localhost:1", False),
     ("0.0.0.0:1", True), ("[::]:1", True), ("192.0.2.1:1", True), ("gw.example:1", True)],
)  # fmt: skip
def test_a_page_that_others_can_read(listen: str, open_to_others: bool) -> None:
    found = warned(f"{gateway(QUIET)}http: {{listen: '{listen}'}}")
    assert ["can read everything" in each for each in found] == [True] * open_to_others


def test_a_page_for_others_with_tls_and_users_is_left_alone(tmp_path: Path) -> None:
    web = a_web_file(tmp_path, TLS + USERS)
    assert warned(f"{gateway(QUIET)}http: {{listen: '0.0.0.0:1', web_config: {web}}}") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [("{}", "can read everything"), (TLS, "can read everything"), (USERS, "travel without encryption")],
)
def test_a_page_for_others_that_lacks_tls_or_users(tmp_path: Path, text: str, words: str) -> None:
    (found,) = warned(f"{gateway(QUIET)}http: {{listen: '0.0.0.0:1', web_config: {a_web_file(tmp_path, text)}}}")
    assert words in found


@pytest.mark.parametrize("name", ["web.yaml", "tls.key"])
def test_secrets_that_everybody_can_read(tmp_path: Path, name: str) -> None:
    web = a_web_file(tmp_path, TLS + USERS)
    (tmp_path / name).chmod(0o644)
    (found,) = warned(f"{gateway(QUIET)}http: {{web_config: {web}}}")
    assert f"everybody can read {tmp_path / name}" in found


def test_a_config_that_everybody_can_change(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(gateway(QUIET))
    file.chmod(0o646)
    (warning,) = load(file, {}, NOW).warnings
    assert warning.wrong == f"everybody can change {file}"


def test_a_warning_has_the_line_of_what_it_speaks_of() -> None:
    text = (
        f"defaults:\n  {QUIET.replace('}, ', '}' + chr(10) + '  ')}\n  client_id: 912\ngateways: [{{name: a, port: 1}}]"
    )
    (warning,) = config_of(text).warnings
    assert (warning.line, warning.path) == (4, "defaults.client_id")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            'quiet: {from: "07:00", to: "07:00", timezone: UTC}',
            "quiet: from and to are the same, so it is quiet all day and nothing is ever sent",
        ),
        ("gateways: []", "gateways: it names no gateway, so the target hears of the supervisor alone"),
        ('quiet: {from: "22:00", to: "07:00", timezone: UTC}, gateways: [live]', None),
    ],
)
def test_a_target_that_hears_nothing_or_next_to_nothing(keys: str, words: str | None) -> None:
    target = f'notify: [{{name: phone, url: "json://127.0.0.1/", {keys}}}]\n'
    assert warned(target + gateway(QUIET)) == ([] if words is None else [f"notify[0].{words}"])
