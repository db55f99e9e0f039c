"""The whole of a session at every server version, text, mixed and protobuf, against the simulated gateway.

Runs under every supported `ibapi`; what is negotiated is the lower of the two sides.
"""

import ibapi.server_versions
import pytest

from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    Ending,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    ProbeAnswered,
    SessionClosed,
    TimeAnswered,
)
from supervisor.simulator import Scenario, SimulatedGateway
from tests.gateway.heard import open_session
from tests.waiting import wait_until

SERVER_VERSIONS = (157, 176, 187, 200, 203, 225)
NEWEST: int = ibapi.server_versions.MAX_CLIENT_VER


def scenario(version: int) -> Scenario:
    return Scenario(server_version=version, accounts=("DU1234567", "DU7654321"), next_valid_id=42)


@pytest.mark.parametrize("version", SERVER_VERSIONS)
def test_a_session_hears_everything(version: int) -> None:
    with SimulatedGateway(scenario(version)) as gateway, open_session(gateway.port) as (session, heard):
        assert heard.first(HandshakeDone).server_version == min(version, NEWEST)
        assert heard.first(AccountsReceived).accounts == ("DU1234567", "DU7654321")
        assert heard.first(NextIdReceived).order_id == 42
        wait_until(lambda: len(heard.all(NoticeReceived)) == 3)
        assert [(told.request_id in (-1, 0), told.code) for told in heard.all(NoticeReceived)] == [
            (True, 2104),
            (True, 2106),
            (True, 2158),
        ]
        assert heard.all(NoticeReceived)[0].text == "Market data farm connection is OK:usfarm"
        session.ping()
        assert abs(heard.first(TimeAnswered).seconds - 1_700_000_000) < 2_000_000_000
        session.probe(77)
        assert heard.first(ProbeAnswered).request_id == 77
        gateway.do("fin")
        assert heard.closed().ending is Ending.CLOSED
        assert heard.all(CallbackFailed) == []


@pytest.mark.parametrize("version", SERVER_VERSIONS)
def test_a_probe_that_is_refused_is_a_notice(version: int) -> None:
    with SimulatedGateway(scenario(version)) as gateway, open_session(gateway.port) as (session, heard):
        heard.first(NextIdReceived)
        gateway.do("no_contracts", mode="error")
        session.probe(78)
        wait_until(lambda: [told for told in heard.all(NoticeReceived) if told.request_id == 78])
        assert heard.all(ProbeAnswered) == []


@pytest.mark.parametrize(
    "mode",
    [
        "length_prefix",
        "http",
        "zero_length",
        "non_numeric",
        "truncated",
        "unknown_id",
        "no_nul",
        "bad_protobuf",
        "decimal",
    ],
)
@pytest.mark.parametrize("version", [157, 200, 225])
def test_garbage_ends_the_session_as_protocol_or_is_survived(version: int, mode: str) -> None:
    """Which of the two, may differ between versions of `ibapi`; a third way there is not."""
    with SimulatedGateway(scenario(version)) as gateway, open_session(gateway.port) as (session, heard):
        heard.first(NextIdReceived)
        gateway.do("garbage", mode=mode)
        session.ping()
        wait_until(lambda: heard.all(SessionClosed) or heard.all(TimeAnswered))
        assert all(closed.ending is Ending.PROTOCOL for closed in heard.all(SessionClosed))


def test_a_server_version_from_the_future_is_taken_as_it_says_or_ends_the_session() -> None:
    with SimulatedGateway(scenario(999)) as gateway, open_session(gateway.port) as (_, heard):
        assert heard.first(HandshakeDone).server_version == NEWEST
        heard.first(NextIdReceived)
