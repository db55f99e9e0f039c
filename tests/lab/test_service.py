"""The installed service under a real systemd. Each claim on every systemd of the lab."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.config.web_files import PASSWORD, USERS, a_web_file
from tests.lab.machine import seconds_since
from tests.lab.service import CONFIG, UNIT, Service
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.timeout(400)]

STATE = "/var/lib/private/ib-supervisor"


def test_start_returns_when_it_is_ready_and_the_status_line_tells(service: Service) -> None:
    service.machine.run("systemctl", "stop", UNIT)
    began = time.monotonic()
    service.machine.run("systemctl", "start", UNIT)
    taken = seconds_since(began)
    assert service.machine.show(UNIT, "ActiveState", "SubState") == {"ActiveState": "active", "SubState": "running"}
    wait_until(lambda: service.property("StatusText") == "1/1 up", 20, every=0.2)
    assert 'Status: "1/1 up"' in service.machine.run("systemctl", "status", UNIT)
    service.note(f"start returned ready after {taken:.2f} s")
    assert taken < 10


def test_a_gateway_that_is_down_is_told_and_no_reason_to_wait(service: Service) -> None:
    service.machine.run("systemctl", "stop", UNIT, "simulated-gateway")
    service.machine.run("systemctl", "start", UNIT)
    wait_until(lambda: service.property("StatusText").startswith("0/1 up; sim: down"), 20, every=0.2)
    assert service.property("NRestarts") == "0"


def test_a_reload_keeps_the_session(service: Service) -> None:
    before, process = service.status(), service.main_pid()
    service.machine.write(CONFIG, service.config("  - {name: more, port: 4001, client_id: 913, server_reset: none}\n"))
    service.machine.run("systemctl", "reload", UNIT)
    wait_until(lambda: service.property("StatusText") == "2/2 up", 30, every=0.2)
    after = service.status()
    assert (after["epoch"], after["status"], service.main_pid()) == (before["epoch"], "up", process)
    assert after["since"] == before["since"]


def test_a_reload_with_a_bad_file_changes_nothing_and_is_told(service: Service) -> None:
    before, process = service.status(), service.main_pid()
    service.machine.write(CONFIG, "gateways: [{name: sim, prot: 4001}]\n")
    service.machine.run("systemctl", "reload", UNIT)
    wait_until(lambda: service.log("KIND=reload_failed", f"_PID={process}"), 20, every=0.2)
    assert service.log("KIND=reload_failed")[-1]["PRIORITY"] == "3"
    assert service.status()["epoch"] == before["epoch"]
    assert service.machine.show(UNIT, "ActiveState", "MainPID") == {"ActiveState": "active", "MainPID": str(process)}


def test_a_frozen_process_is_replaced_by_the_watchdog(service: Service) -> None:
    process = service.main_pid()
    service.machine.run("kill", "-STOP", str(process))
    taken = service.wait_restarted(process, 60)
    service.wait_up()
    assert any("Watchdog timeout" in line["MESSAGE"] for line in service.log("--since=-2min"))
    service.note(f"a process frozen by SIGSTOP was replaced after {taken:.1f} s")
    assert taken < 30


def test_a_blocked_loop_is_seen_at_once_and_replaced_with_its_stack_in_the_journal(service: Service) -> None:
    process = service.main_pid()
    with held_still(service, process):
        wait_until(lambda: http_status(service, "/-/healthy") == 503, 20, every=0.2, what="an unhealthy daemon")
        taken = service.wait_restarted(process, 60)
    service.wait_up()
    told = "\n".join(str(line["MESSAGE"]) for line in service.log("--since=-2min"))
    assert "Watchdog timeout" in told
    assert "supervisor/runtime/loop.py" in told, "the stack of the loop"
    service.note(f"a process whose loop was blocked was replaced {taken:.1f} s after /-/healthy said so")


@pytest.mark.parametrize("signal", ["SEGV", "KILL"])
def test_a_crash_restarts(service: Service, signal: str) -> None:
    process = service.main_pid()
    service.machine.run("kill", f"-{signal}", str(process))
    taken = service.wait_restarted(process, 60)
    service.wait_up()
    service.note(f"ready again {taken:.1f} s after SIG{signal}")


def test_a_bad_config_does_not_loop(service: Service) -> None:
    service.machine.run("systemctl", "stop", UNIT)
    service.machine.write(CONFIG, "gateways: [{name: sim, prot: 4001}]\n")
    assert service.machine.status_of("systemctl", "start", UNIT) != 0
    shown = service.machine.show(UNIT, "ActiveState", "SubState", "ExecMainStatus", "NRestarts")
    assert shown == {"ActiveState": "failed", "SubState": "failed", "ExecMainStatus": "78", "NRestarts": "0"}
    told = "\n".join(str(line["MESSAGE"]) for line in service.log("--since=-1min"))
    assert f"{CONFIG}:1" in told, "the file and its line"


def test_a_taken_http_port_is_told_and_tried_again(service: Service) -> None:
    service.machine.run("systemctl", "stop", UNIT)
    other = ("python3", "-m", "http.server", "14000", "--bind", "127.0.0.1")
    service.machine.run("systemd-run", "--quiet", "--unit=other", *other)
    try:
        wait_until(lambda: http_status(service, "/") == 200, 20, every=0.2)
        assert service.machine.status_of("systemctl", "start", UNIT) != 0
        assert service.property("ExecMainStatus") == "1"
        assert any("cannot listen on 127.0.0.1:14000" in str(line["MESSAGE"]) for line in service.log("--since=-1min"))
    finally:
        service.machine.run("systemctl", "stop", "other")
    service.wait_up()


def test_stop_is_clean_and_quick(service: Service) -> None:
    began = time.monotonic()
    service.machine.run("systemctl", "stop", UNIT)
    taken = seconds_since(began)
    shown = service.machine.show(UNIT, "ActiveState", "Result", "ExecMainCode", "ExecMainStatus")
    assert shown == {"ActiveState": "inactive", "Result": "success", "ExecMainCode": "1", "ExecMainStatus": "0"}
    service.note(f"stop took {taken:.2f} s")
    assert taken < 4


def test_the_history_survives_a_stop_and_a_kill(service: Service) -> None:
    service.machine.run("systemctl", "restart", "simulated-gateway")
    service.wait_up()
    before = outages(service)
    assert before
    process = service.main_pid()
    service.machine.run("kill", "-KILL", str(process))
    service.wait_restarted(process, 60)
    service.machine.run("systemctl", "stop", UNIT)
    service.machine.run("systemctl", "start", UNIT)
    service.wait_up()
    assert outages(service)[: len(before)] == before


def test_the_log_is_in_the_journal_with_fields(service: Service) -> None:
    service.gateway_does(do="notice", code=1100, text="Connectivity between IBKR and TWS has been lost.")
    wait_until(lambda: service.log("GATEWAY=sim", "CODE=1100"), 20, every=0.2)
    service.gateway_does(do="notice", code=1102, text="Connectivity has been restored - data maintained.")
    line = service.log("GATEWAY=sim", "CODE=1100")[-1]
    assert (line["PRIORITY"], line["KIND"]) == ("4", "upstream_lost")
    assert line["SYSLOG_IDENTIFIER"] == "ib-supervisor"
    assert line["_SYSTEMD_UNIT"] == UNIT
    assert service.log("PRIORITY=6", "GATEWAY=sim"), "what is no trouble has another priority"


def test_it_runs_as_nobody_and_can_do_nothing_else(service: Service) -> None:
    process = service.main_pid()
    status = service.machine.run("cat", f"/proc/{process}/status")
    said = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert said["Uid"].split()[0] != "0"
    assert {said[name] for name in ("CapEff", "CapBnd", "CapPrm", "CapAmb")} == {"0" * 16}
    assert (said["NoNewPrivs"], said["Seccomp"]) == ("1", "2")
    inside = ["nsenter", "-t", str(process), "-m", "--"]
    assert service.machine.run(*inside, "ls", "/root", check=False) == ""
    assert service.machine.status_of(*inside, "touch", "/etc/here") != 0
    assert service.machine.status_of(*inside, "touch", "/opt/ib-supervisor/here") != 0
    modes = service.machine.run("stat", "-c", "%a", STATE, f"{STATE}/journal.db").split()
    assert modes == ["700", "600"]


def test_tls_and_users_come_as_credentials_and_are_asked_for(service: Service, tmp_path: Path) -> None:
    store = "/etc/credstore/ib-supervisor"
    tls = "tls_server_config: {cert_file: ib-supervisor.crt, key_file: ib-supervisor.key}\n"
    a_web_file(tmp_path, "")
    service.machine.write(f"{store}.web.yaml", tls + USERS, 0o600)
    service.machine.write(f"{store}.crt", (tmp_path / "tls.crt").read_text(), 0o600)
    service.machine.write(f"{store}.key", (tmp_path / "tls.key").read_text(), 0o600)
    service.machine.write("/root/auth", f"prometheus:{PASSWORD}\n", 0o600)
    web = "${CREDENTIALS_DIRECTORY:-/etc/credstore}/ib-supervisor.web.yaml"
    service.machine.write(CONFIG, f"{service.config()}http: {{web_config: '{web}'}}\n")
    try:
        assert "https://127.0.0.1:14000" in service.machine.script(f"ib-supervisor check-config {CONFIG}")
        service.machine.run("systemctl", "restart", UNIT)
        asked = (
            f"SSL_CERT_FILE={store}.crt ib-supervisor wait --gateway sim --timeout 30s --url https://127.0.0.1:14000"
        )
        service.machine.script(f"{asked} --auth-file /root/auth")
        assert service.machine.status_of("sh", "-c", asked) == 2, "nobody without a password, and at once"
        process = service.main_pid()
        environment = service.machine.run("cat", f"/proc/{process}/environ").split("\0")
        folder = next(word.partition("=")[2] for word in environment if word.startswith("CREDENTIALS_DIRECTORY="))
        modes = service.machine.run("nsenter", "-t", str(process), "-m", "--", "sh", "-c", f"stat -c %a {folder}/*")
        assert set(modes.split()) <= {"400", "440"}
    finally:
        service.machine.script(f"rm -f {store}.*")
        service.machine.write(CONFIG, service.config())
        service.machine.run("systemctl", "restart", UNIT)


def test_an_instance_has_a_config_and_a_history_of_its_own(service: Service) -> None:
    unit = "ib-supervisor@paper.service"
    gateway = "gateways: [{name: paper, port: 4001, client_id: 914, server_reset: none}]\n"
    service.machine.write("/etc/ib-supervisor/paper.yaml", f"{gateway}http: {{listen: '127.0.0.1:14001'}}\n")
    service.machine.run("systemctl", "start", unit)
    try:
        asked = ["ib-supervisor", "wait", "--gateway", "paper", "--timeout", "30s", "--url", "127.0.0.1:14001"]
        service.machine.run(*asked)
        assert service.status()["status"] == "up", "the other one goes on"
        service.machine.run("test", "-f", "/var/lib/private/ib-supervisor@paper/journal.db")
    finally:
        service.machine.run("systemctl", "stop", unit)
        os.unlink(service.machine.path("/etc/ib-supervisor/paper.yaml"))


def test_a_trading_program_waits_for_its_gateway_and_survives_the_supervisor(service: Service) -> None:
    text = service.machine.run("cat", "/opt/ib-supervisor/current/share/ib-supervisor/examples/trading-program.service")
    for there, here in (
        ("--gateway live", "--gateway sim"),
        ("/opt/trading/bin/trade", "/bin/sleep inf"),
        ("User=", "#"),
    ):
        text = text.replace(there, here)
    service.machine.write("/etc/systemd/system/trade.service", text)
    service.machine.run("systemctl", "stop", UNIT, "simulated-gateway")
    service.machine.run("systemctl", "daemon-reload")
    service.machine.run("systemctl", "start", "--no-block", "trade")

    def state() -> str:
        return service.machine.show("trade", "SubState")["SubState"]

    try:
        wait_until(lambda: state() == "start-pre" and service.property("ActiveState") == "active", 20, every=0.2)
        service.machine.run("systemctl", "start", "simulated-gateway")
        wait_until(lambda: state() == "running", 30, every=0.2)
        process = service.main_pid()
        service.machine.run("kill", "-KILL", str(process))
        service.wait_restarted(process, 60)
        service.machine.run("systemctl", "stop", UNIT)
        assert state() == "running"
    finally:
        service.machine.run("systemctl", "stop", "trade")


def test_systemd_finds_no_fault_in_the_units_and_little_to_harden(service: Service) -> None:
    for unit in ("ib-supervisor.service", "ib-supervisor@x.service"):
        assert service.machine.script(f"systemd-analyze verify {unit}") == ""
    for unit in ("ib-supervisor.service", "ib-supervisor@paper.service"):
        said = service.machine.script(
            f"systemd-analyze security --offline=true --threshold=12 --no-pager {unit} | tail -1"
        )
        service.note(said.strip())


# -- helpers ----------------------------------------------------------------------------------------------------------


@contextmanager
def held_still(service: Service, thread: int) -> Iterator[None]:
    """One thread of the daemon does not get on, the others do."""
    service.machine.write("/srv/blocked.py", (Path(__file__).parent / "blocked.py").read_text())
    holder = service.machine.start("python3", "/srv/blocked.py", str(thread))
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.communicate(timeout=20)


def http_status(service: Service, path: str) -> int:
    """How the daemon answers; 0 if it does not."""
    ask = (
        "import sys,urllib.request,urllib.error\n"
        "try: print(urllib.request.urlopen(sys.argv[1], timeout=3).status)\n"
        "except urllib.error.HTTPError as e: print(e.code)\n"
        "except OSError: print(0)"
    )
    return int(service.machine.run("python3", "-c", ask, f"http://127.0.0.1:14000{path}"))


def outages(service: Service) -> list[str]:
    """Lines of the history about outages, oldest first."""
    lines = service.machine.run(
        "python3",
        "-c",
        "import sqlite3; "
        f"print('\\n'.join(t for (t,) in sqlite3.connect('file:{STATE}/journal.db?mode=ro', uri=True)"
        ".execute(\"select at || ' ' || text from log where kind like '%outage%' order by id\")))",
    )
    return lines.splitlines()
