"""The callbacks alone: `error()` in every layout (docs/facts/ibapi.md#error-layouts), and impossible values."""

import threading
from typing import Any

import pytest

from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    NoticeReceived,
    ProbeAnswered,
    SessionEvent,
    TrafficSeen,
)
from supervisor.gateway.wrapper import Callbacks, SummaryEnd, SummaryRow, Undecodable

TEXT = "Market data farm connection is OK:usfarm"


def told_by(callback: str, *args: Any) -> list[SessionEvent]:
    told: list[SessionEvent] = []
    getattr(Callbacks(3, told.append), callback)(*args)
    return told


@pytest.mark.parametrize(
    "args",
    [
        (-1, 2104, TEXT),
        (-1, 2104, TEXT, ""),
        (-1, 2104, TEXT, '{"reject": 1}'),
        (-1, 0, 2104, TEXT),
        (-1, 1767632400000, 2104, TEXT, ""),
        (-1, 1767632400000, 2104, TEXT, '{"reject": 1}'),
    ],
    ids=["9.81", "10.19", "10.30", "10.37 local", "10.37", "10.51"],
)
def test_error_is_understood_in_every_layout(args: tuple[Any, ...]) -> None:
    assert told_by("error", *args) == [NoticeReceived(3, -1, 2104, TEXT)]


def test_an_error_of_too_few_arguments_is_a_fault_of_ours() -> None:
    (failed,) = told_by("error", -1, 2104)
    assert isinstance(failed, CallbackFailed)
    assert failed.callback == "error"


@pytest.mark.parametrize("code", [502, 504])
def test_what_ibapi_says_of_having_no_connection_is_no_notice_unless_there_is_one(code: int) -> None:
    assert told_by("error", -1, code, "Not connected") == []
    told: list[SessionEvent] = []
    callbacks = Callbacks(3, told.append)
    callbacks.connectAck()
    callbacks.error(-1, code, "as a gateway may say, too")
    assert told == [NoticeReceived(3, -1, code, "as a gateway may say, too")]


@pytest.mark.parametrize("code", [505, 507, 531])
def test_other_codes_of_ibapi_are_notices(code: int) -> None:
    assert told_by("error", -1, code, "words") == [NoticeReceived(3, -1, code, "words")]


@pytest.mark.parametrize(
    ("listed", "accounts"),
    [("DU1", ("DU1",)), ("DU1,DU2", ("DU1", "DU2")), ("DU1, DU2,", ("DU1", "DU2")), ("", ())],
)
def test_accounts_are_split_at_their_commas(listed: str, accounts: tuple[str, ...]) -> None:
    assert told_by("managedAccounts", listed) == [AccountsReceived(3, accounts)]


@pytest.mark.parametrize(
    ("callback", "args"),
    [
        ("currentTime", (-1,)),
        ("currentTime", (10**12,)),
        ("nextValidId", (2**31,)),
        ("error", (1, 2**31, "x")),
        ("error", (None, 1, "x")),
        ("error", (1, "1", "x")),
    ],
)
def test_numbers_that_no_gateway_means_are_undecodable(callback: str, args: tuple[Any, ...]) -> None:
    with pytest.raises(Undecodable):
        told_by(callback, *args)


def test_a_probe_is_answered_by_its_first_row_alone() -> None:
    told: list[SessionEvent] = []
    callbacks = Callbacks(3, told.append)
    for request in (7, 7, 8):
        callbacks.contractDetails(request, object())
    assert told == [ProbeAnswered(3, 7), ProbeAnswered(3, 8)]


def test_summaries_go_to_who_asked_and_are_traffic_otherwise() -> None:
    rows: list[SummaryRow | SummaryEnd] = []
    told: list[SessionEvent] = []
    callbacks = Callbacks(3, told.append, on_summary=rows.append)
    callbacks.accountSummary(1, "DU1", "NetLiquidation", "1000.00", "USD")
    callbacks.accountSummaryEnd(1)
    assert rows == [SummaryRow("DU1", "NetLiquidation", "1000.00", "USD"), SummaryEnd()]
    silent = Callbacks(3, told.append)
    silent.accountSummary(1, "DU1", "NetLiquidation", "1000.00", "USD")
    silent.accountSummaryEnd(1)
    silent.handled()
    assert told == [TrafficSeen(3)]


def test_a_message_that_ibapi_calls_bad_is_not_quoted() -> None:
    assert told_by("error", -1, 506, "Bad message: 5,7,DU1234567") == []


def test_what_ibapi_says_to_the_thread_that_asks_belongs_to_the_request() -> None:
    told: list[SessionEvent] = []
    callbacks = Callbacks(3, told.append)
    callbacks.connectAck()
    with callbacks.asking() as said:
        callbacks.error(-1, 1767632400000, 531, "Request Current Time Sending Error - no")
        other = threading.Thread(target=callbacks.error, args=(-1, 2104, TEXT))
        other.start()
        other.join()
    callbacks.error(-1, 531, "later")
    assert said == ["531: Request Current Time Sending Error - no"]
    assert told == [NoticeReceived(3, -1, 2104, TEXT), NoticeReceived(3, -1, 531, "later")]
