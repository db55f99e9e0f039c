"""Market data that obeys the request: quotes, snapshots, depth, ticks, bars, contracts."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from supervisor.simulator import ManualClock, Scenario, SimulatedGateway, parse
from tests.simulator.trader import AAPL, Trader

NOON = 1_795_797_000.0  # Friday 2026-11-27, 11:30 in New York
EUR = (0, "EUR", "CASH", "", 0, "", "", "IDEALPRO", "", "USD", "", "")
SPX = (0, "SPX", "IND", "", 0, "", "", "CBOE", "", "USD", "", "")
BTC = (0, "BTC", "CRYPTO", "", 0, "", "", "PAXOS", "", "USD", "", "")


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with SimulatedGateway(clock=ManualClock(NOON)) as gateway:
        yield gateway


@pytest.fixture
def trader(gateway: SimulatedGateway) -> Iterator[Trader]:
    with Trader(gateway.port) as trader:
        yield trader


def bars(trader: Trader, contract: tuple[object, ...] = AAPL, end: str = "", size: str = "5 mins", span: str = "1 D",
         regular: int = 1, what: str = "TRADES", form: int = 1) -> list[list[str]]:  # fmt: skip
    """The bars of one request, eight fields each."""
    trader.ask(20, 31, *contract, 0, end, size, span, regular, what, form, 0, "")
    told = trader.message()
    assert told[0] == "17", told
    return [told[at : at + 8] for at in range(5, len(told), 8)]


def refused(trader: Trader, *after: object, contract: tuple[object, ...] = AAPL) -> tuple[str, str]:
    """The code and text with which a request for bars is refused."""
    trader.ask(20, 31, *contract, 0, *after)
    told = trader.message()
    assert told[:3] == ["4", "2", "31"], told
    return told[3], told[4]


@pytest.mark.parametrize(
    ("size", "span", "regular", "count", "first"),
    [
        ("5 mins", "1 D", 1, 24, "20261127 09:30:00 US/Eastern"),
        ("5 mins", "2 D", 1, 24 + 78, "20261126 09:30:00 US/Eastern"),
        ("1 hour", "1 D", 0, 8, "20261127 04:00:00 US/Eastern"),
        ("1 min", "1800 S", 0, 30, "20261127 11:00:00 US/Eastern"),
        ("1 secs", "60 S", 1, 60, "20261127 11:29:00 US/Eastern"),
        ("1 day", "5 D", 1, 5, "20261123"),
        ("1 week", "1 M", 1, 5, "20261030"),
        ("1 month", "1 Y", 1, 13, "20251128"),
    ],
)
def test_bars_follow_from_size_duration_and_hours(
    trader: Trader, size: str, span: str, regular: int, count: int, first: str
) -> None:
    found = bars(trader, size=size, span=span, regular=regular)
    assert (len(found), found[0][0]) == (count, first)


def test_a_bar_closes_where_the_next_one_opens_and_its_extremes_hold_both(trader: Trader) -> None:
    found = [[float(value) for value in each[1:5]] for each in bars(trader)]
    for (opened, high, low, closed), after in pairwise(found):
        assert closed == after[0]
        assert low <= min(opened, closed)
        assert high >= max(opened, closed)


def test_the_same_bars_are_told_again_and_by_another_gateway_with_the_same_seed(trader: Trader) -> None:
    found = bars(trader)
    with SimulatedGateway(clock=ManualClock(NOON)) as other, Trader(other.port) as second:
        assert bars(second) == found == bars(trader)
    with SimulatedGateway(Scenario(seed=2), clock=ManualClock(NOON)) as other, Trader(other.port) as second:
        assert bars(second) != found


def test_an_end_in_the_past_and_unix_seconds_are_obeyed(trader: Trader) -> None:
    found = bars(trader, end="20261120 12:00:00 US/Eastern", size="1 hour", form=2)
    assert [int(each[0]) for each in found] == [1795185000 + hour * 3600 for hour in range(3)]
    assert bars(trader, end="20261120-17:00:00", size="1 hour", form=2) == found


def test_what_is_shown_differs(trader: Trader) -> None:
    trades, bids, asks = (bars(trader, what=what)[0] for what in ("TRADES", "BID", "ASK"))
    assert float(bids[1]) < float(asks[1])
    assert int(trades[5]) > 0
    assert (bids[5], bids[7]) == ("-1", "-1")
    assert bars(trader, what="BID_ASK")[0][3] <= bids[1]


def test_a_currency_has_no_trades_and_trades_at_night(trader: Trader) -> None:
    assert len(bars(trader, EUR, what="MIDPOINT", size="1 hour")) == 19
    code, text = refused(trader, "", "5 mins", "1 D", 1, "TRADES", 1, 0, "", contract=EUR)
    assert (code, "No historical market data" in text) == ("162", True)


def test_crypto_trades_at_the_weekend(trader: Trader) -> None:
    assert len(bars(trader, BTC, end="20261122 12:00:00 US/Eastern", size="1 day", span="7 D")) == 7


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        (("", "7 mins", "1 D", 1, "TRADES", 1, 0, ""), "321", "Legal ones are: 1 secs"),
        (("", "5 mins", "1 X", 1, "TRADES", 1, 0, ""), "321", "duration"),
        (("yesterday", "5 mins", "1 D", 1, "TRADES", 1, 0, ""), "321", "date"),
        (("", "5 mins", "1 D", 1, "NONSENSE", 1, 0, ""), "321", "NONSENSE"),
        (("", "1 secs", "1 Y", 1, "TRADES", 1, 0, ""), "162", "Time length exceed max"),
        (("20261122 12:00:00", "1 min", "60 S", 1, "TRADES", 1, 1, ""), "321", "keepUpToDate"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    trader: Trader, request_: tuple[object, ...], code: str, words: str
) -> None:
    told, text = refused(trader, *request_)
    assert told == code
    assert words in text


def test_a_history_is_kept_up_to_date_until_it_is_cancelled(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.ask(20, 31, *AAPL, 0, "", "1 min", "1800 S", 0, "TRADES", 1, 1, "")
    assert trader.message()[0] == "17"
    gateway.advance(3)
    updates = [trader.message() for _ in range(3)]
    assert [told[0] for told in updates] == ["90"] * 3
    assert updates[0][3] == "20261127 11:30:00 US/Eastern"
    trader.ask(25, 1, 31)
    assert "cancelled: 31" in trader.error(162)[4]
    trader.ask(25, 1, 31)
    assert trader.error(366)


def test_a_schedule_is_sessions_and_no_bars(trader: Trader) -> None:
    trader.ask(20, 31, *AAPL, 0, "", "1 day", "3 D", 1, "SCHEDULE", 1, 0, "")
    told = trader.message()
    assert told[:2] == ["106", "31"]
    assert told[4:9] == ["US/Eastern", "3", "20261125-09:30:00", "20261125-16:00:00", "20261125"]


def test_quotes_tell_everything_once_and_then_what_changes(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.ask(1, 11, 21, *AAPL, 0, "", 0, 0, "")
    heard = trader.until(lambda told: told[0] == "1" and told[3] == "14")
    assert [told[0] for told in heard[:2]] == ["58", "81"]
    ticks = {told[3]: float(told[4]) for told in heard if told[0] == "1"}
    assert ticks.keys() == {"1", "2", "4", "6", "7", "9", "14"}
    assert ticks["1"] < ticks["2"]
    gateway.do("price", contract="AAPL", last=300, bid=299.9, ask=300.1)
    gateway.advance(0.25)
    told = {each[3]: each[4] for each in trader.until(lambda told: told[:4] == ["1", "6", "21", "4"]) if each[0] == "1"}
    assert told == {"1": "299.9", "2": "300.1", "4": "300.0"}
    trader.ask(2, 2, 21)
    trader.ask(2, 2, 21)
    assert trader.error(300)


def test_a_snapshot_ends(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.ask(1, 11, 21, *AAPL, 0, "", 1, 0, "")
    assert trader.until("57")[-1] == ["57", "1", "21"]
    gateway.advance(5)
    assert trader.silent_for(0.1)


def test_delayed_prices_cannot_be_executed_automatically(trader: Trader) -> None:
    trader.ask(59, 1, 3)
    trader.ask(1, 11, 21, *AAPL, 0, "", 1, 0, "")
    bid = trader.until(lambda told: told[0] == "1")[-1]
    assert (bid[3], bid[6]) == ("66", "0")


def test_an_index_has_no_sides_and_a_currency_no_last_trade(trader: Trader) -> None:
    for contract, absent in ((SPX, {"1", "2"}), (EUR, {"4"})):
        trader.ask(1, 11, 21, *contract, 0, "", 1, 0, "")
        assert not absent & {told[3] for told in trader.until("57") if told[0] == "1"}


def test_generic_ticks_are_said_not_to_be_done(trader: Trader) -> None:
    trader.ask(1, 11, 21, *AAPL, 0, "233", 1, 0, "")
    assert "does not do the generic ticks 233" in trader.error(10090)[4]


def test_a_ticker_id_is_used_once_and_tickers_are_counted(trader: Trader) -> None:
    for number in range(100):
        trader.ask(1, 11, number, *AAPL, 0, "", 0, 0, "")
    trader.ask(1, 11, 5, *AAPL, 0, "", 0, 0, "")
    assert trader.until(lambda told: told[0] == "4", 5000)[-1][3] == "102"
    trader.ask(1, 11, 100, *AAPL, 0, "", 0, 0, "")
    assert trader.until(lambda told: told[0] == "4", 5000)[-1][3] == "101"


@pytest.mark.parametrize(("smart", "number"), [(0, "12"), (1, "13")])
def test_depth_is_rows_of_both_sides(trader: Trader, smart: int, number: str) -> None:
    trader.ask(10, 5, 21, *AAPL, 3, smart, "")
    rows = [trader.message() for _ in range(6)]
    assert {told[0] for told in rows} == {number}
    assert [told[3] for told in rows] == ["0", "1", "2"] * 2


def test_tick_by_tick_begins_with_the_past_that_was_asked_for(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.ask(97, 21, *AAPL, "BidAsk", 5, 0)
    told = trader.message()
    assert (told[0], told[2]) == ("97", "5")
    assert trader.message()[:3] == ["99", "21", "3"]
    gateway.do("price", contract="AAPL", last=300)
    gateway.advance(0.25)
    assert trader.message()[0] == "99"
    trader.ask(97, 22, *AAPL, "Nonsense", 0, 0)
    assert trader.error(10189)


def test_realtime_bars_come_every_five_seconds(gateway: SimulatedGateway, trader: Trader) -> None:
    trader.ask(50, 3, 21, *AAPL, 5, "TRADES", 0, "")
    trader.ask(8, 1, 1)
    trader.until("9")
    gateway.advance(15)
    assert [int(trader.message()[3]) for _ in range(3)] == [int(NOON), int(NOON) + 5, int(NOON) + 10]


@pytest.mark.parametrize(("what", "number"), [("TRADES", "98"), ("BID_ASK", "97"), ("MIDPOINT", "96")])
def test_historical_ticks(trader: Trader, what: str, number: str) -> None:
    trader.ask(96, 21, *AAPL, 0, "20261127 10:00:00", "", 7, what, 1, 0, "")
    told = trader.message()
    assert (told[0], told[2], told[-1]) == (number, "7", "1")


def test_the_first_moment_and_the_histogram_are_told(trader: Trader) -> None:
    trader.ask(87, 21, *AAPL, 0, 1, "TRADES", 1)
    assert trader.message()[:2] == ["88", "21"]
    trader.ask(88, 22, *AAPL, 0, 1, "1 day")
    assert trader.message()[0] == "89"


def test_contracts_of_every_kind_are_known(trader: Trader) -> None:
    kinds = {}
    for number, symbol in enumerate(("AAPL", "SPX", "EUR", "BTC", "ES", "XAUUSD", "IBUS500")):
        trader.ask(9, 8, number, 0, symbol)
        for told in trader.until("52")[:-1]:
            kinds[told[3]] = told
    assert kinds.keys() == {"STK", "OPT", "IND", "CASH", "CRYPTO", "FUT", "CMDTY", "CFD"}
    assert kinds["STK"] is not None


def test_contract_details_are_as_captured_from_a_real_gateway(trader: Trader) -> None:
    trader.ask(9, 8, 11, 265598)
    told = trader.message()
    assert told[9:12] == ["AAPL", "NMS", "NMS"]
    venues, rules = told[16], told[-6]
    assert venues.count(",") == rules.count(",")
    assert set(rules.split(",")) == {"26"}
    assert told[-3:] == ["0.0001", "0.0001", "100"]
    assert any(field.startswith("20261127:0930-20261127:1600;20261128:CLOSED") for field in told)


def test_option_chains_symbols_rules_and_exchanges(trader: Trader) -> None:
    trader.ask(78, 21, "AAPL", "", "STK", 265598)
    chain = trader.until("76")
    assert chain[0][:4] == ["75", "21", "SMART", "265598"]
    trader.ask(81, 22, "app")
    assert trader.message()[3:6] == ["265598", "AAPL", "STK"]
    trader.ask(91, 26)
    assert trader.message() == ["93", "26", "1", "0.0", "0.01"]
    trader.ask(91, 9999)
    assert trader.error(321)
    trader.ask(82)
    assert trader.message()[0] == "80"
    trader.ask(83, 23, "9c0001")
    assert trader.message()[0] == "82"


def test_an_options_price_and_volatility_are_each_others_inverse(trader: Trader) -> None:
    trader.ask(9, 8, 11, 0, "AAPL", "OPT", "", 190, "C", "", "SMART", "", "USD")
    con_id = next(told[12] for told in trader.until("52") if told[0] == "10")
    option = (con_id, "", "", "", 0, "", "", "", "", "", "", "")
    trader.ask(55, 3, 21, *option, 0.3, 190, "")
    price = trader.message()[6]
    trader.ask(54, 3, 22, *option, price, 190, "")
    assert abs(float(trader.message()[4]) - 0.3) < 1e-6


def test_a_scenario_can_bring_instruments_and_positions() -> None:
    scenario = parse(
        """\
version: 1
cash: 5000
instruments: [{symbol: TSLA, price: 240, primary_exchange: NASDAQ}]
positions: [{contract: TSLA, quantity: 10, cost: 200}]
"""
    )
    with SimulatedGateway(scenario, clock=ManualClock(NOON)) as gateway, Trader(gateway.port) as trader:
        gateway.do("price", contract="TSLA", last=250)
        trader.ask(6, 2, 1, "")
        heard = trader.until("54")
        (row,) = [told for told in heard if told[0] == "7"]
        assert row[3] == "TSLA"
        assert row[13:18] == ["10", "250.0", "2500.0", "200.0", "500.0"]
        assert ["6", "2", "NetLiquidation", "7500.00", "USD", "DU1234567"] in heard


def test_gains_follow_the_price(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("price", contract="AAPL", last=100, bid=100, ask=100)
    trader.place(1)
    trader.until("59")
    trader.ask(92, 21, "DU1234567", "")
    assert trader.message() == ["94", "21", "-1.0", "-1.0", "0.0"]
    gateway.do("price", contract="AAPL", last=110)
    gateway.advance(1)
    assert trader.message() == ["94", "21", "999.0", "999.0", "0.0"]
    trader.ask(94, 22, "DU1234567", "", 265598)
    assert trader.message() == ["95", "22", "100", "999.0", "999.0", "0.0", "11000.0"]


@pytest.mark.parametrize("request_", [(62, 1, 5, "Nobody", "NetLiquidation"), (6, 2, 1, "U999"), (92, 5, "U999", "")])
def test_an_account_or_group_that_is_not_there_is_refused(trader: Trader, request_: tuple[object, ...]) -> None:
    trader.ask(*request_)
    assert trader.message()[3] == "321"


def test_pacing_is_enforced_on_request(gateway: SimulatedGateway, trader: Trader) -> None:
    gateway.do("pacing")
    again = (20, 31, *AAPL, 0, "", "1 min", "1800 S", 0, "TRADES", 1, 0, "")
    trader.ask(*again)
    assert trader.message()[0] == "17"
    trader.ask(*again)
    assert "pacing violation" in trader.error(162)[4]
    for _ in range(60):
        trader.ask(8, 1, 1)
    assert [told[3] for told in trader.until("4", 100)[-1:]] == ["100"]
    assert trader.ending() in ("fin", "rst")
