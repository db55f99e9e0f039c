"""`ib-supervisor check-config`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from supervisor.commands.planning.check import BAD_CONFIG, check, check_config
from supervisor.observe.gate.files import GateFiles
from tests.observe.gate.standing import decided, standing
from tests.waiting import wait_until

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
"""A Wednesday; New York is on winter time."""

FILE = """
gateways:
  - name: live
    port: 4001
    client_id: 911
    client_id_fallback: 913
    account_mode: live
    required_farms: [usfarm, historical/ushmds]
    daily_restart: {time: "23:45", timezone: America/New_York}
    server_reset: north_america
    upstream_probe: false
    labels: {env: prod, desk: fx}
    programs: [17, 18]
    timing: {heartbeat_interval: 5s, heartbeat_misses: 3}
    windows:
      - {name: move, from: "2027-06-01T10:00:00Z", to: "2027-06-01T14:00:00Z"}
      - {name: over, from: "2026-06-01T10:00:00Z", to: "2026-06-01T14:00:00Z"}
      - {name: busy, weekly: "Wed 06:30", for: 2h, timezone: America/New_York}
  - {name: paper, host: "::1", port: 4002, client_id: 911, account_mode: paper, server_reset: none, required_farms: [],
     follow_port_change: true, gate: {farms: ignore, order_ids: true, quiet: 5s}}
journal: {path: /var/lib/ib/journal.db, retention: 30d}
log: {format: json, wire: /var/log/ib}
gate: {directory: gate}
"""

PLAN = """\
{file}: valid, 2 gateways

live
  gateway     127.0.0.1:4001, client id 911, else 913
  programs    client ids 17, 18
  labels      desk=fx, env=prod
  accounts    live, login by a person
  farms       usfarm, historical/ushmds
  zone        America/New_York
  window      busy: Wed 2026-11-18 06:30 EST to Wed 2026-11-18 08:30 EST, open now
  window      daily_restart: Wed 2026-11-18 23:44:30 EST to Wed 2026-11-18 23:50 EST
  window      server_reset: Thu 2026-11-19 00:10 EST to Thu 2026-11-19 02:00 EST
  window      move: Tue 2027-06-01 06:00 EDT to Tue 2027-06-01 10:00 EDT
  login due   Sun 2026-11-22 23:45 EST
  timing      heartbeat_interval 5s (default 1500ms)
  timing      heartbeat_misses 3 (default 2)
  gate        closed 1m before a restart, by a required farm of market data; opens after 1s
  kernel      asked once a second for the sockets on the gateway's port
  probe       off: only a notice, or silence, shows that IBKR's servers are back

paper
  gateway     [::1]:4002, client id 911
  accounts    paper, login without a person
  farms       none is required
  zone        not known, times are in UTC
  gate        closed by no farm, by a lower order id; opens after 5s
  kernel      asked once a second for the sockets on the gateway's port
  port        followed when the gateway announces another one

http        http://127.0.0.1:14000
journal     /var/lib/ib/journal.db, entries kept for 30d
log         info, json, messages in /var/log/ib
gate        files in /run/ib/gate
accounts    masked
"""

WARNINGS = """\
warning: {file}:17: gateways[0].windows[1]: over is over; remove it
warning: {file}:19: gateways[1]: no daily_restart, every restart of the gateway will be unplanned; \
write the time set in the gateway under Lock and Exit
"""

FAULTS = """\
{file}:2: gateways[0].port: 70000 is not a TCP port; write a number from 1 to 65535
{file}:3: http.listen: 14000 is not a host and a port; write host and port, such as "127.0.0.1:14000" or "[::1]:14000"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "supervisor.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text("gateways:\n  - {name: live, port: 70000, client_id: 911}\nhttp: {listen: 14000}\n")
    return path


def test_a_valid_file_gives_the_plan_and_the_warnings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(file, {"RUNTIME_DIRECTORY": "/run/ib"}, NOW) == 0
    printed = capsys.readouterr()
    assert printed.out == PLAN.format(file=file)
    assert printed.err == WARNINGS.format(file=file)


def test_a_bad_file_gives_all_its_faults_and_no_plan(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(bad, {}, NOW) == BAD_CONFIG
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == FAULTS.format(file=bad)


def test_a_page_with_users_and_accounts_in_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "web.yaml").write_text("{}\n")
    file = tmp_path / "c.yaml"
    file.write_text("gateways: [{name: a, port: 1, client_id: 1}]\nhttp: {web_config: web.yaml}\nshow_accounts: true")
    assert check(file, {"STATE_DIRECTORY": "/var/lib/ib"}, NOW) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{file}: valid, 1 gateway"
    assert f"http        http://127.0.0.1:14000, TLS and users as in {tmp_path}/web.yaml" in lines
    assert "journal     /var/lib/ib/journal.db, entries kept for 400d" in lines
    assert "accounts    shown in full" in lines
    assert "  farms       all are required" in lines


def test_what_is_not_clear_of_a_region_is_said_in_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("defaults: {client_id: 1, server_reset: asia_pacific}\ngateways: [{name: a, port: 1}]")
    assert check(file, {}, NOW) == 0
    (note,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  note ")]
    assert "in New York's winter the reset at 04:45 Hong Kong may come an hour later" in note


CANARY = """
gateways:
  - name: live
    host: 10.0.0.5
    port: 4001
    client_id: 911
    canary:
      contracts:
        - {symbol: EUR, sec_type: CASH, exchange: IDEALPRO, currency: USD}
        - {symbol: CSCO, sec_type: STK, exchange: SMART, currency: USD, primary_exchange: NASDAQ}
      max_age: 30s
"""
CANARYS_LINES = """\
  canary      a connection of its own with client id 913, one of the gateway's 32
  canary      EUR.USD (CASH at IDEALPRO in USD): dead after 30s without data while its market is open
  canary      CSCO (STK at SMART/NASDAQ in USD): dead after 30s without data while its market is open
  canary      it costs 2 lines of the account's market data, all the time; no snapshot, and delayed data where the \
account has no live data
  canary      a dead contract closes the gate; the status stays up
"""


def test_what_the_canary_watches_and_costs_is_in_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(CANARY)
    assert check(file, {}, NOW) == 0
    printed = capsys.readouterr().out
    assert CANARYS_LINES in printed
    assert "kernel" not in printed, "the gateway is on another machine"


@pytest.mark.parametrize(
    ("controller", "said"),
    [
        ("{kind: ibc}", "its command server at 127.0.0.1:7462 (every 10s once it runs), without a log, so that no "),
        ("{kind: ibc, log: /l/*.txt}", "its command server at 127.0.0.1:7462 (every 10s once it runs), and its log /l"),
        ("{kind: ibc2, events: /e.jsonl}", "ibc2: its events in /e.jsonl, every 2s; only read"),
        ("{kind: ibg, health: 'http://h/'}", "ibg: its health page http://h/, every 10s; only read"),
        ("{kind: unit, unit: gw.service}", "unit: systemctl show of the system's gw.service, every 5s; only read"),
        ("{kind: unit, unit: gw.service, user: true}", "unit: systemctl show of this user's gw.service, every 5s"),
        ("{kind: container, status: /s.json}", "container: what its host writes to /s.json, every 2s; only read"),
        ("{kind: process, match: [a.B, c]}", "process: the processes of this machine with a.B c in their command line"),
        ("{kind: command, argv: [/bin/s, x], every: 1m}", "command: /bin/s x, killed after 5s, every 1m; only read"),
    ],
)
def test_who_is_asked_for_the_login_state_is_in_the_plan(
    controller: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f"gateways: [{{name: a, port: 1, client_id: 1, controller: {controller}}}]")
    assert check(file, {}, NOW) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  controller")]
    assert said in line


@pytest.mark.parametrize(
    ("recovery", "said"),
    [
        ("{rungs: [{rung: restart}, {rung: reconnect_data}]}", "; read, and sent reconnect_data, restart by recovery"),
        ("{dry_run: true, rungs: [{rung: reconnect_data}]}", "; only read"),
        ("{rungs: [{rung: command, argv: [/bin/true]}]}", "; only read"),
    ],
)
def test_what_recovery_sends_to_the_controller_is_in_the_plan(
    recovery: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "c.yaml"
    ibc = "{kind: ibc2, events: /e, auto_restart_time_set: true}"
    file.write_text(f"gateways: [{{name: a, port: 1, client_id: 1, controller: {ibc}, recovery: {recovery}}}]")
    assert check(file, {}, NOW) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  controller")]
    assert line.endswith(said)


app = typer.Typer()
app.command("check-config")(check_config)


def test_the_command_ends_with_the_status(file: Path, bad: Path) -> None:
    assert CliRunner().invoke(app, [str(file)]).exit_code == 0
    assert CliRunner().invoke(app, [str(bad)]).exit_code == 78


def test_the_command_needs_a_file_and_explains_itself() -> None:
    assert CliRunner().invoke(app, []).exit_code == 2
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0


def test_a_gate_that_another_daemon_writes_is_a_warning_and_ones_own_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, other = tmp_path / "mine.yaml", tmp_path / "other.yaml"
    gates = GateFiles(lambda: (decided(standing()),), tmp_path / "gate", f"config {other}")
    text = "gateways: [{name: live, port: 4001, client_id: 911}]\ngate:\n  directory: gate\n"
    for file in (mine, other):
        file.write_text(text)
    gates.start()
    try:
        wait_until((tmp_path / "gate" / "live.json").exists)
        assert check(mine, {}, NOW) == 0
        said = capsys.readouterr().err
        assert f"warning: {mine}:3: gate.directory: another ib-supervisor (process " in said
        assert f", config {other}) writes the files of the gates in {tmp_path / 'gate'} (live); write a folder" in said
        assert check(other, {}, NOW) == 0
        assert "another ib-supervisor" not in capsys.readouterr().err
    finally:
        gates.close(5)
