"""The checks of a real gateway pass at the simulated one, and each finds the quirk it is there for."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supervisor.commands.main import app
from supervisor.simulator import Scenario, SimulatedGateway
from supervisor.simulator.scenario.files import read
from supervisor.simulator.verify import checks
from supervisor.simulator.verify.checks import CHECKS, carry_out
from supervisor.simulator.verify.layouts import LAYOUTS
from supervisor.simulator.verify.place import Check, Finding, Place, Verdict, name_of
from supervisor.simulator.verify.report import markdown, masked
from tests.simulator.tamper import Change, tampered

HELD = ({"contract": "AAPL", "quantity": 100},)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("version", [157, 176, 226])
def test_all_checks_pass_at_the_simulated_gateway(version: int) -> None:
    with SimulatedGateway(read({"server_version": version, "positions": HELD})) as gateway:
        findings = {check: carry_out(check, Place("127.0.0.1", gateway.port, 97, 98)) for check in CHECKS}
    wrong = {name_of(check): found.seen for check, found in findings.items() if found.verdict is Verdict.NOT_SO}
    assert wrong == {}
    if version == 226:
        assert {found.verdict for found in findings.values()} == {Verdict.SO}


def found_with(check: Check, **settings: object) -> Finding:
    with SimulatedGateway(Scenario(**settings)) as gateway:  # type: ignore[arg-type]
        return carry_out(check, Place("127.0.0.1", gateway.port, 97, 98))


def found_under(check: Check, word: str, **arguments: object) -> Finding:
    with SimulatedGateway(Scenario(server_version=200)) as gateway:
        gateway.do(word, **arguments)
        return carry_out(check, Place("127.0.0.1", gateway.port, 97, 98))


def found_behind(check: Check, said: Callable[[], Change], keep_open: bool = False) -> Finding:
    with (
        SimulatedGateway(Scenario(server_version=200)) as gateway,
        tampered(gateway.port, said, keep_open=keep_open) as port,
    ):
        return carry_out(check, Place("127.0.0.1", port, 97, 98))


def test_a_clock_that_is_wrong_is_found() -> None:
    assert found_with(checks.handshake_clock, clock_offset=437.0).verdict is Verdict.NOT_SO


@pytest.mark.parametrize("per", ["connection", "gateway"])
def test_whose_throttle_it_is_is_seen(per: str) -> None:
    assert found_with(checks.throttle_scope, server_version=200, time_throttle=per).seen == f"per {per}"


def test_missing_farm_notices_are_found() -> None:
    assert found_with(checks.farm_notices, greeting=()).verdict is Verdict.NOT_SO


def test_a_farm_without_a_name_is_found() -> None:
    greeting = ((2104, "Die Verbindung zur Farm ist in Ordnung"),)
    assert found_with(checks.farm_names, greeting=greeting).verdict is Verdict.NOT_SO


def test_words_before_start_api_are_found() -> None:
    assert found_under(checks.silence_before_start, "greeting_with_handshake").verdict is Verdict.NOT_SO


def test_a_gateway_that_does_not_tell_the_time_is_found() -> None:
    assert found_under(checks.time_answer, "ignore_time").verdict is Verdict.NOT_SO


def test_missing_contract_details_are_found() -> None:
    assert found_under(checks.contract_layout, "no_contracts", mode="error").verdict is Verdict.NOT_SO


def test_a_gateway_that_does_not_get_ready_is_found() -> None:
    assert found_under(checks.ready_order, "never_ready").verdict is Verdict.NOT_SO


def swapped() -> Change:
    """The first message after the handshake comes after the second."""
    held: list[bytes] = []
    count = 0

    def change(payload: bytes) -> list[bytes]:
        nonlocal count
        count += 1
        if count == 2:
            held.append(payload)
            return []
        return [payload, held.pop()] if held else [payload]

    return change


def test_another_order_of_the_first_messages_is_found() -> None:
    assert found_behind(checks.ready_order, swapped).verdict is Verdict.NOT_SO


def replaced(number: bytes, change: Callable[[bytes], list[bytes]]) -> Callable[[], Change]:
    return lambda: lambda payload: change(payload) if payload.startswith(number + b"\0") else [payload]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (checks.error_layouts, replaced(b"4", lambda payload: [payload[: payload[:-1].rindex(b"\0") + 1]])),
        (checks.unknown_contract, replaced(b"4", lambda payload: [payload.replace(b"\x00200\0", b"\x00321\0")])),
        (checks.contract_layout, replaced(b"10", lambda payload: [payload + b"new\0"])),
        (checks.history_layout, replaced(b"108", lambda payload: [])),
        (checks.lists_end, replaced(b"102", lambda payload: [])),
        (checks.summary, replaced(b"63", lambda payload: [payload.replace(b"AccountType", b"Zccount")])),
        (checks.time_millis, replaced(b"109", lambda payload: [payload, payload])),
        (checks.version_agreed, lambda: lambda payload: [payload.replace(b"157\0", b"200\0")]),
        (checks.handshake_frame, lambda: lambda payload: [payload[:-1]] if payload.startswith(b"200\0") else [payload]),
    ],
    ids=lambda each: name_of(each) if callable(each) and hasattr(checks, each.__name__) else "",
)
def test_another_layout_is_found(check: Check, said: Callable[[], Change]) -> None:
    assert found_behind(check, said).verdict is Verdict.NOT_SO


@pytest.mark.parametrize("check", LAYOUTS, ids=name_of)
def test_a_field_more_is_found_in_every_layout(check: Check) -> None:
    numbers = {"61", "6", "79", "93", "75", "78", "80", "107", "88", "106", "96"}

    def change(payload: bytes) -> list[bytes]:
        return [payload + b"new\0" if payload.partition(b"\0")[0].decode() in numbers else payload]

    with (
        SimulatedGateway(read({"server_version": 200, "positions": HELD})) as gateway,
        tampered(gateway.port, lambda: change) as port,
    ):
        assert carry_out(check, Place("127.0.0.1", port, 97, 98)).verdict is Verdict.NOT_SO


def test_a_layout_that_is_refused_or_empty_could_not_be_tried() -> None:
    by_name = {name_of(check): check for check in LAYOUTS}
    assert found_with(by_name["position-layout"]) == Finding(Verdict.UNTRIED, "an empty list")
    refused = found_under(by_name["ticks-layout"], "farm_broken", farm="ushmds")
    assert (refused.verdict, refused.seen[:6]) == (Verdict.UNTRIED, "84 165")


@pytest.mark.timeout(120)
def test_the_command_finds_ten_quirks_of_one_stand_in(tmp_path: Path) -> None:
    quirks: dict[bytes, Callable[[bytes], list[bytes]]] = {
        b"4": lambda payload: [payload.replace(b"\x00200\0", b"\x00321\0")],
        b"10": lambda payload: [payload + b"new\0"],
        b"63": lambda payload: [payload.replace(b"AccountType", b"Zccount")],
        b"79": lambda payload: [payload + b"new\0"],
        b"93": lambda payload: [payload[:-5]],
        b"102": lambda payload: [],
        b"106": lambda payload: [payload.replace(b"US/Eastern\0", b"")],
        b"108": lambda payload: [],
        b"109": lambda payload: [payload, payload],
    }

    def change(payload: bytes) -> list[bytes]:
        quirk = quirks.get(payload.partition(b"\0")[0])
        return [payload] if quirk is None else quirk(payload)

    with (
        SimulatedGateway(Scenario(server_version=200, clock_offset=420)) as gateway,
        tampered(gateway.port, lambda: change) as port,
    ):
        report = tmp_path / "r.md"
        run = CliRunner().invoke(app, ["verify", f"127.0.0.1:{port}", "--report", str(report)])
    assert run.exit_code == 1, run.output
    differs = [line.split()[1] for line in run.output.splitlines() if line.startswith("DIFFERS")]
    assert differs == [
        "handshake-clock",
        "unknown-contract",
        "time-millis",
        "contract-layout",
        "summary",
        "lists-end",
        "history-layout",
        "symbols-layout",
        "rule-layout",
        "schedule-layout",
    ]
    assert report.read_text().count("| DIFFERS |") == 10


def test_a_connection_that_stays_after_326_is_found() -> None:
    assert found_behind(checks.id_in_use, lambda: lambda payload: [payload], keep_open=True).verdict is Verdict.NOT_SO


def test_an_end_without_326_is_found() -> None:
    found = found_behind(checks.id_in_use, replaced(b"4", lambda payload: [] if b"\x00326\0" in payload else [payload]))
    assert found == Finding(Verdict.NOT_SO, "codes none, ended")


def test_an_id_that_stays_occupied_is_found() -> None:
    assert found_under(checks.id_free_again, "ghost", for_="5s").verdict is Verdict.NOT_SO


def test_a_gateway_without_a_throttle_is_found() -> None:
    with SimulatedGateway(Scenario(server_version=200)) as gateway:

        def impatient() -> Change:
            def change(payload: bytes) -> list[bytes]:
                return [b"105\0"] if payload.startswith(b"49\0") else [payload]  # it has no throttle

            return change

        def renamed() -> Change:
            return lambda payload: [b"49\x001\0" + payload[4:14] + b"\0" if payload.startswith(b"109\0") else payload]

        with tampered(gateway.port, renamed, impatient) as port:
            found = carry_out(checks.time_throttle, Place("127.0.0.1", port, 97, 98))
    assert found.verdict is Verdict.NOT_SO
    assert "after 0.2 s answered" in found.seen


def test_the_report_has_no_account_numbers_and_says_what_was_assumed() -> None:
    found: dict[Check, Finding] = {
        checks.summary: Finding(Verdict.SO, "rows of DU1234567 and U7654321"),
        checks.details_cache: Finding(Verdict.SO, "1 ms"),
    }
    told = markdown(found, "ib-supervisor 1", 1_795_797_000.0)
    assert "1234567" not in told
    assert "7654321" not in told
    assert "| summary | An account summary is rows of seven fields" in told
    assert masked("F123456") == "ACCOUNT"


@pytest.mark.parametrize("account", ["U1234567", "DU1234567", "DUM1234567", "DFP1234567", "I12345"])
@pytest.mark.parametrize("before", ["", "\n", "\t", "\x00", "x", "_"])
def test_what_a_check_quotes_has_no_account_number_either(before: str, account: str) -> None:
    """`farm_names` quotes a text as Python does: its escapes are letters, and stand before the number."""
    assert masked(f"no name in {before + account!r}").endswith("ACCOUNT'")


@pytest.mark.timeout(120)
def test_the_command_prints_a_table_and_writes_a_report(tmp_path: Path) -> None:
    with SimulatedGateway(Scenario(server_version=226)) as gateway:
        run = CliRunner().invoke(app, ["verify", f"127.0.0.1:{gateway.port}", "--report", str(tmp_path / "r.md")])
    assert run.exit_code == 0, run.output
    assert "32 ok, 1 not tried" in run.output  # no account holds anything
    assert (tmp_path / "r.md").read_text().startswith("### verify")
    gone = CliRunner().invoke(app, ["verify", f"127.0.0.1:{gateway.port}"])
    assert gone.exit_code == 1


@pytest.mark.parametrize("place", ["nowhere", "127.0.0.1:99999", "127.0.0.1:0", ":4002", "\udcff:4002", "::1:4002"])
def test_what_is_no_address_is_refused(place: str) -> None:
    run = CliRunner().invoke(app, ["verify", place])
    assert run.exit_code == 2, run.output
    assert "4002" in run.output


def test_a_report_that_cannot_be_written_is_refused_before_the_checks(tmp_path: Path) -> None:
    with SimulatedGateway(Scenario(server_version=226)) as gateway:
        run = CliRunner().invoke(app, ["verify", f"127.0.0.1:{gateway.port}", "--report", str(tmp_path / "no" / "r")])
        assert run.exit_code == 1
        assert "cannot write" in run.output
        assert "handshake-frame" not in run.output
