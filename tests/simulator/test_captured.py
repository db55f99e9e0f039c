"""The simulator's bytes are those that were captured between real clients and a server that satisfied them."""

import pytest

from supervisor.simulator import ManualClock, Scenario, SimulatedGateway
from supervisor.simulator.says import accounts, quotes, session
from supervisor.simulator.says.history import bars
from supervisor.simulator.says.session import handshake
from supervisor.simulator.state.bars import Bar
from supervisor.simulator.wire.frames import Field, FrameReader
from supervisor.simulator.wire.ids import Answer, Ask
from supervisor.simulator.wire.message import encode, text_frame
from supervisor.simulator.wire.requests import read_hello, read_request
from tests.simulator.client import RawClient, framed

FARM = "Market data farm connection is OK:usfarm"
HMDS = "HMDS data farm connection is inactive but should be available upon demand.ushmds"
SECDEF = "Sec-def data farm connection is OK:secdefnj"
AT_200, AT_203, AT_225 = 1795235622858, 1795235624445, 1795235626171

BAR_TEXT = (
    b"2\x0020240102 09:30:00 US/Eastern\x0010.0\x0011.0\x009.5\x0010.5\x001200\x0010.25\x0042\x00"
    b"20240102 09:31:00 US/Eastern\x0010.5\x0010.75\x0010.25\x0010.5\x00800\x0010.5\x0017\x00"
)


START, END = "20240102 09:30:00 US/Eastern", "20240102 09:32:00 US/Eastern"
BARS = [
    (START, Bar(0.0, None, 10.0, 11.0, 9.5, 10.5, 1200, 10.25, 42)),
    ("20240102 09:31:00 US/Eastern", Bar(0.0, None, 10.5, 10.75, 10.25, 10.5, 800, 10.5, 17)),
]


class Said:
    """What the gateway says to a client of one server version."""

    def __init__(self, version: int) -> None:
        self.version = version

    def managed_accounts(self, names: list[str]) -> bytes:
        return encode(session.managed_accounts(names), self.version)

    def next_valid_id(self, number: int) -> bytes:
        return encode(session.next_valid_id(number), self.version)

    def error(self, request: int, code: int, words: str, millis: int) -> bytes:
        return encode(session.error(request, code, words, millis), self.version)

    def current_time(self, seconds: int) -> bytes:
        return encode(session.current_time(seconds), self.version)

    def current_time_millis(self, millis: int) -> bytes:
        return encode(session.current_time_millis(millis), self.version)

    def account_summary(self, request: int, account: str, tag: str, value: str, currency: str) -> bytes:
        return encode(accounts.summary(request, account, tag, value, currency), self.version)

    def end(self, answer: Answer, request: int) -> bytes:
        return encode(session.end(answer, request), self.version)

    def history(self, request: int) -> bytes:
        return b"".join(encode(message, self.version) for message in bars(request, START, END, BARS))

    def market_data_type(self, request: int, kind: int) -> bytes:
        return encode(quotes.market_data_type(request, kind), self.version)

    def tick_price(self, request: int, tick: int, price: float, size: int) -> bytes:
        return encode(quotes.price(request, tick, price, size, quotes.AUTO_EXECUTE), self.version)

    def text(self, number: int, *fields: Field) -> bytes:
        return text_frame(self.version, number, *fields)


def text(version: int) -> Said:
    return Said(version)


TOLD = {
    # 9.81.1 at 157
    "handshake 157": (handshake(157, "20261121 04:33:39 EST"), b"\x00\x00\x00\x1a157\x0020261121 04:33:39 EST\x00"),
    "accounts 157": (text(157).managed_accounts(["DU1234567"]), b"\x00\x00\x00\x0f15\x001\x00DU1234567\x00"),
    "next id 157": (text(157).next_valid_id(1), b"\x00\x00\x00\x069\x001\x001\x00"),
    "2104 157": (
        text(157).error(-1, 2104, FARM, 0),
        b"\x00\x00\x0054\x002\x00-1\x002104\x00Market data farm connection is OK:usfarm\x00",
    ),
    "2107 157": (
        text(157).error(-1, 2107, HMDS, 0),
        b"\x00\x00\x00]4\x002\x00-1\x002107\x00HMDS data farm connection is inactive but should be available upon "
        b"demand.ushmds\x00",
    ),
    "2158 157": (
        text(157).error(-1, 2158, SECDEF, 0),
        b"\x00\x00\x0084\x002\x00-1\x002158\x00Sec-def data farm connection is OK:secdefnj\x00",
    ),
    "time 157": (text(157).current_time(1795235620), b"\x00\x00\x00\x1049\x001\x001795235620\x00"),
    "summary 157": (
        text(157).account_summary(9001, "DU1234567", "NetLiquidation", "1000000.00", "USD"),
        b"\x00\x00\x00263\x001\x009001\x00DU1234567\x00NetLiquidation\x001000000.00\x00USD\x00",
    ),
    "summary end 157": (text(157).end(Answer.ACCOUNT_SUMMARY_END, 9001), b"\x00\x00\x00\n64\x001\x009001\x00"),
    "history 157": (
        text(157).history(9002),
        b"\x00\x00\x00\xc117\x009002\x0020240102 09:30:00 US/Eastern\x0020240102 09:32:00 US/Eastern\x00" + BAR_TEXT,
    ),
    "data type 157": (text(157).market_data_type(9003, 3), b"\x00\x00\x00\x0c58\x001\x009003\x003\x00"),
    "tick 157": (
        text(157).tick_price(9003, 66, 189.25, 300),
        b"\x00\x00\x00\x191\x006\x009003\x0066\x00189.25\x00300\x001\x00",
    ),
    # 10.30.1 at 187
    "2104 187": (
        text(187).error(-1, 2104, FARM, 0),
        b"\x00\x00\x0064\x002\x00-1\x002104\x00Market data farm connection is OK:usfarm\x00\x00",
    ),
    "2107 187": (
        text(187).error(-1, 2107, HMDS, 0),
        b"\x00\x00\x00^4\x002\x00-1\x002107\x00HMDS data farm connection is inactive but should be available upon "
        b"demand.ushmds\x00\x00",
    ),
    "2158 187": (
        text(187).error(-1, 2158, SECDEF, 0),
        b"\x00\x00\x0094\x002\x00-1\x002158\x00Sec-def data farm connection is OK:secdefnj\x00\x00",
    ),
    # 10.37.2 at 200
    "handshake 200": (handshake(200, "20261121 04:33:42 EST"), b"\x00\x00\x00\x1a200\x0020261121 04:33:42 EST\x00"),
    "2104 200": (
        text(200).error(-1, 2104, FARM, AT_200),
        b"\x00\x00\x00B4\x00-1\x002104\x00Market data farm connection is OK:usfarm\x00\x001795235622858\x00",
    ),
    "2107 200": (
        text(200).error(-1, 2107, HMDS, AT_200),
        b"\x00\x00\x00j4\x00-1\x002107\x00HMDS data farm connection is inactive but should be available upon "
        b"demand.ushmds\x00\x001795235622858\x00",
    ),
    "2158 200": (
        text(200).error(-1, 2158, SECDEF, AT_200),
        b"\x00\x00\x00E4\x00-1\x002158\x00Sec-def data farm connection is OK:secdefnj\x00\x001795235622858\x00",
    ),
    "millis 200": (text(200).current_time_millis(1795235623259), b"\x00\x00\x00\x12109\x001795235623259\x00"),
    "history 200": (
        text(200).history(9002),
        b"\x00\x00\x00\x8717\x009002\x00" + BAR_TEXT + b"\x00\x00\x00C108\x009002\x00"
        b"20240102 09:30:00 US/Eastern\x0020240102 09:32:00 US/Eastern\x00",
    ),
    # 10.37.2 at 203: raw ids, text bodies, errors as protobuf
    "accounts 203": (text(203).managed_accounts(["DU1234567"]), b"\x00\x00\x00\x10\x00\x00\x00\x0f1\x00DU1234567\x00"),
    "next id 203": (text(203).next_valid_id(1), b"\x00\x00\x00\x08\x00\x00\x00\t1\x001\x00"),
    "2104 203": (
        text(203).error(-1, 2104, FARM, AT_203),
        b"\x00\x00\x00C\x00\x00\x00\xcc\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\xfd\xeb\x86\xe3\x9f4\x18\xb8\x10"
        b'"(Market data farm connection is OK:usfarm',
    ),
    "2107 203": (
        text(203).error(-1, 2107, HMDS, AT_203),
        b"\x00\x00\x00k\x00\x00\x00\xcc\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\xfd\xeb\x86\xe3\x9f4\x18\xbb\x10"
        b'"PHMDS data farm connection is inactive but should be available upon demand.ushmds',
    ),
    "2158 203": (
        text(203).error(-1, 2158, SECDEF, AT_203),
        b"\x00\x00\x00F\x00\x00\x00\xcc\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\xfd\xeb\x86\xe3\x9f4\x18\xee\x10"
        b'"+Sec-def data farm connection is OK:secdefnj',
    ),
    "time 203": (text(203).current_time(1795235624), b"\x00\x00\x00\x11\x00\x00\x0011\x001795235624\x00"),
    "millis 203": (text(203).current_time_millis(1795235624846), b"\x00\x00\x00\x12\x00\x00\x00m1795235624846\x00"),
    "summary 203": (
        text(203).account_summary(9001, "DU1234567", "NetLiquidation", "1000000.00", "USD"),
        b"\x00\x00\x003\x00\x00\x00?1\x009001\x00DU1234567\x00NetLiquidation\x001000000.00\x00USD\x00",
    ),
    "summary end 203": (
        text(203).end(Answer.ACCOUNT_SUMMARY_END, 9001),
        b"\x00\x00\x00\x0b\x00\x00\x00@1\x009001\x00",
    ),
    # 10.46.1 at 225: protobuf both ways
    "accounts 225": (text(225).managed_accounts(["DU1234567"]), b"\x00\x00\x00\x0f\x00\x00\x00\xd7\n\tDU1234567"),
    "next id 225": (text(225).next_valid_id(1), b"\x00\x00\x00\x06\x00\x00\x00\xd1\x08\x01"),
    "2104 225": (
        text(225).error(-1, 2104, FARM, AT_225),
        b"\x00\x00\x00C\x00\x00\x00\xcc\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\xbb\xf9\x86\xe3\x9f4\x18\xb8\x10"
        b'"(Market data farm connection is OK:usfarm',
    ),
    "time 225": (
        text(225).current_time(1795235626),
        b"\x00\x00\x00\n\x00\x00\x00\xf9\x08\xaa\xbe\x84\xd8\x06",
    ),
    "millis 225": (
        text(225).current_time_millis(1795235626573),
        b"\x00\x00\x00\x0b\x00\x00\x015\x08\xcd\xfc\x86\xe3\x9f4",
    ),
    "summary 225": (
        text(225).account_summary(9001, "DU1234567", "NetLiquidation", "1000000.00", "USD"),
        b'\x00\x00\x003\x00\x00\x01\x07\x08\xa9F\x12\tDU1234567\x1a\x0eNetLiquidation"\n1000000.00*\x03USD',
    ),
    "summary end 225": (text(225).end(Answer.ACCOUNT_SUMMARY_END, 9001), b"\x00\x00\x00\x07\x00\x00\x01\x08\x08\xa9F"),
    "history 225": (
        text(225).history(9002),
        b"\x00\x00\x00\xab\x00\x00\x00\xd9\x08\xaaF\x12Q\n\x1c20240102 09:30:00 US/Eastern\x11\x00\x00\x00\x00\x00"
        b"\x00$@\x19\x00\x00\x00\x00\x00\x00&@!\x00\x00\x00\x00\x00\x00#@)\x00\x00\x00\x00\x00\x00%@2\x041200:\x0510.25@*"
        b"\x12O\n\x1c20240102 09:31:00 US/Eastern\x11\x00\x00\x00\x00\x00\x00%@\x19\x00\x00\x00\x00\x00\x80%@"
        b"!\x00\x00\x00\x00\x00\x80$@)\x00\x00\x00\x00\x00\x00%@2\x03800:\x0410.5@\x11"
        b"\x00\x00\x00C\x00\x00\x014\x08\xaaF\x12\x1c20240102 09:30:00 US/Eastern\x1a\x1c20240102 09:32:00 US/Eastern",
    ),
    "data type 225": (text(225).market_data_type(9003, 3), b"\x00\x00\x00\t\x00\x00\x01\x02\x08\xabF\x10\x03"),
    "tick 225": (
        text(225).tick_price(9003, 66, 189.25, 300),
        b'\x00\x00\x00\x19\x00\x00\x00\xc9\x08\xabF\x10B\x19\x00\x00\x00\x00\x00\xa8g@"\x03300(\x01',
    ),
    # text replies that 10.46.1 took at 225
    "time as text 225": (
        text(225).text(Answer.CURRENT_TIME, 1, 1795235628),
        b"\x00\x00\x00\x11\x00\x00\x0011\x001795235628\x00",
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_the_gateway_says_is_byte_for_byte_as_captured(name: str) -> None:
    ours, captured = TOLD[name]
    assert ours == captured


ASKED = [
    (157, b"\x00\x00\x00\x0871\x002\x007\x00\x00", Ask.START_API, (1, 1), 7),
    (157, b"\x00\x00\x00\x0549\x001\x00", Ask.CURRENT_TIME, None, None),
    (157, b"\x00\x00\x00\x1d62\x001\x009001\x00All\x00NetLiquidation\x00", Ask.ACCOUNT_SUMMARY, (1, 1), 9001),
    (157, b"\x00\x00\x00\x0759\x001\x003\x00", Ask.MARKET_DATA_TYPE, (1, 1), 3),
    (200, b"\x00\x00\x00\x04105\x00", Ask.CURRENT_TIME_MILLIS, None, None),
    (203, b"\x00\x00\x00\t\x00\x00\x00G2\x007\x00\x00", Ask.START_API, (1, 1), 7),
    (203, b"\x00\x00\x00\x06\x00\x00\x0011\x00", Ask.CURRENT_TIME, None, None),
    (203, b"\x00\x00\x00\x04\x00\x00\x00i", Ask.CURRENT_TIME_MILLIS, None, None),
    (203, b"\x00\x00\x00\x1e\x00\x00\x00>1\x009001\x00All\x00NetLiquidation\x00", Ask.ACCOUNT_SUMMARY, (1, 1), 9001),
    (225, b"\x00\x00\x00\x06\x00\x00\x01\x0f\x08\x07", Ask.START_API, (1, 1), 7),
    (225, b"\x00\x00\x00\x04\x00\x00\x00\xf9", Ask.CURRENT_TIME, None, None),
    (225, b"\x00\x00\x00\x04\x00\x00\x011", Ask.CURRENT_TIME_MILLIS, None, None),
    (
        225,
        b"\x00\x00\x00\x1c\x00\x00\x01\x06\x08\xa9F\x12\x03All\x1a\x0eNetLiquidation",
        Ask.ACCOUNT_SUMMARY,
        (1, 1),
        9001,
    ),
    (225, b"\x00\x00\x00\x06\x00\x00\x01\x03\x08\x03", Ask.MARKET_DATA_TYPE, (1, 1), 3),
]


@pytest.mark.parametrize(("version", "captured", "ask", "place", "value"), ASKED)
def test_what_real_clients_sent_is_understood(
    version: int, captured: bytes, ask: Ask, place: tuple[int, int] | None, value: int | None
) -> None:
    reader = FrameReader()
    reader.feed(captured)
    (payload,) = reader.payloads()
    request = read_request(version, payload)
    assert request.number == ask
    if place is not None:
        assert request.integer(*place) == value


CONTRACTS = [
    (
        157,
        Ask.HISTORY,
        (1, 2),
        b"\x00\x00\x00B20\x009002\x000\x00AAPL\x00STK\x00\x000.0\x00\x00\x00SMART\x00\x00USD\x00\x00\x000\x00\x00"
        b"1 min\x001 D\x001\x00TRADES\x001\x000\x00\x00",
    ),
    (
        157,
        Ask.MARKET_DATA,
        (2, 2),
        b"\x00\x00\x0011\x0011\x009003\x000\x00AAPL\x00STK\x00\x000.0\x00\x00\x00SMART\x00\x00USD\x00\x00\x000\x00\x000\x000"
        b"\x00\x00",
    ),
    (
        200,
        Ask.HISTORY,
        (1, 2),
        b"\x00\x00\x00?20\x009002\x000\x00AAPL\x00STK\x00\x00\x00\x00\x00SMART\x00\x00USD\x00\x00\x000\x00\x001 min"
        b"\x001 D\x001\x00TRADES\x001\x000\x00\x00",
    ),
    (
        225,
        Ask.HISTORY,
        (1, 2),
        b"\x00\x00\x00:\x00\x00\x00\xdc\x08\xaaF\x12\x19\x08\x00\x12\x04AAPL\x1a\x03STKB\x05SMARTR\x03USD"
        b'"\x051 min*\x031 D0\x01:\x06TRADES@\x01',
    ),
    (
        225,
        Ask.MARKET_DATA,
        (2, 2),
        b'\x00\x00\x00"\x00\x00\x00\xc9\x08\xabF\x12\x19\x08\x00\x12\x04AAPL\x1a\x03STKB\x05SMARTR\x03USD',
    ),
]


@pytest.mark.parametrize(("version", "ask", "place", "captured"), CONTRACTS)
def test_the_contract_in_a_captured_request_is_found(
    version: int, ask: Ask, place: tuple[int, int], captured: bytes
) -> None:
    reader = FrameReader()
    reader.feed(captured)
    (payload,) = reader.payloads()
    request = read_request(version, payload)
    contract = request.contract(*place)
    assert request.number == ask
    assert (contract.con_id, contract.symbol, contract.sec_type, contract.currency) == (0, "AAPL", "STK", "USD")


def test_the_captured_hellos_are_understood() -> None:
    reader = FrameReader()
    reader.feed(b"API\x00\x00\x00\x00\tv100..157")
    assert reader.take(4) == b"API\x00"
    payload = reader.payload()
    assert payload is not None
    assert read_hello(payload) == 157
    assert read_hello(b"v100..203 +PACEAPI") == 203


@pytest.mark.parametrize("version", [157, 187, 203, 225])
def test_the_greeting_is_accounts_then_next_valid_id_then_notices(version: int) -> None:
    greeting = ((2104, FARM), (2107, HMDS), (2158, SECDEF))
    scenario = Scenario(server_version=version, greeting=greeting)
    with (
        SimulatedGateway(scenario, clock=ManualClock(AT_200 / 1000)) as gateway,
        RawClient(gateway.port) as client,
    ):
        client.hello(version).payload()
        client.socket.sendall(framed((b"71\0" if version < 201 else b"\0\0\0G") + b"2\x007\0\0"))
        say = Said(version)
        assert [framed(client.payload()) for _ in range(5)] == [
            say.managed_accounts(["DU1234567"]),
            say.next_valid_id(1),
            say.error(-1, 2104, FARM, AT_200),
            say.error(-1, 2107, HMDS, AT_200),
            say.error(-1, 2158, SECDEF, AT_200),
        ]
