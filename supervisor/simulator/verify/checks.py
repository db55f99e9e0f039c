"""The checks, each by name: what this project assumes of a gateway, and how it is seen.

Rules
- A check returns a `Finding`: it is so, it is not so, or it could not be tried; and what was seen, in one line.
- A question (throttle per connection or per gateway, details from a cache) is never wrong: its answer is what was seen.
- No check writes anything at the gateway, and none asks for market data.
"""

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

from supervisor.platform import is_own
from supervisor.simulator.says.contracts import details
from supervisor.simulator.state.instruments import book
from supervisor.simulator.verify.caller import TEXT_VERSION, Caller, Ended, Fields
from supervisor.simulator.verify.layouts import LAYOUTS
from supervisor.simulator.verify.place import EURUSD, Check, Finding, Place, Verdict, said

FARM_CODES = frozenset({"2103", "2104", "2105", "2106", "2107", "2108", "2119", "2157", "2158"})
_EURUSD = next(row for row in book(date(2026, 1, 1)) if row.con_id == 12087792)
_HOURS = re.compile(r"\d{8}:(?:\d{4}|CLOSED)")
_FARM = re.compile(r"(?::|upon demand\.)([a-z][a-z0-9.]*)$")


def handshake_frame(place: Place) -> Finding:
    """The hello is answered by one frame of a version and a clock."""
    with place.call() as caller:
        return said(caller.handshake(), f"version {caller.version}, clock {caller.clock!r}")


def handshake_clock(place: Place) -> Finding:
    """The handshake's clock is the gateway's wall clock, whole quarters of an hour from UTC."""
    with place.call() as caller:
        caller.handshake()
        try:
            told = datetime.strptime(caller.clock[:17] + " +0000", "%Y%m%d %H:%M:%S %z")
        except ValueError:
            return said(False, f"clock {caller.clock!r}")
        offset = (told - datetime.now(UTC)).total_seconds()
        quarter = round(offset / 900) * 900
        return said(abs(offset - quarter) < 120, f"{quarter / 3600:+g} h from UTC, {offset - quarter:+.0f} s off, zone "
                    f"{caller.clock[18:]!r}")  # fmt: skip


def version_agreed(place: Place) -> Finding:
    """A session speaks the lower of both sides' newest versions."""
    with place.call(157) as caller:
        caller.handshake()
        return said(caller.version == 157, f"offered 157, got {caller.version}")


def silence_before_start(place: Place) -> Finding:
    """Nothing is said between the handshake and START_API."""
    with place.call() as caller:
        caller.handshake()
        told = caller.message(0.5)
        return said(told is None, "silent" if told is None else f"message {told[0]}")


def ready_order(place: Place) -> Finding:
    """managedAccounts comes first, nextValidId second."""
    with place.call() as caller:
        caller.handshake()
        told = [each[0] for each in caller.start(place.client_id)]
        return said(told == ["15", "9"], f"messages {', '.join(told)}")


def _codes(told: list[Fields], version: int) -> list[tuple[str, str]]:
    """The code and text of each message code; before 194 its layout has a version in front."""
    at = 2 if version >= 194 else 3
    return [(each[at], each[at + 1]) for each in told if each[0] == "4" and len(each) > at + 1]


def _farm_notices(place: Place) -> list[tuple[str, str]]:
    with place.call() as caller:
        caller.handshake()
        told = caller.start(place.client_id) + caller.rest(2.0)
        return [each for each in _codes(told, caller.version) if each[0] in FARM_CODES]


def farm_notices(place: Place) -> Finding:
    """A new client is told its farms within two seconds."""
    codes = [code for code, _ in _farm_notices(place)]
    return said(bool(codes), f"codes {', '.join(codes) or 'none'}")


def farm_names(place: Place) -> Finding:
    """Every farm notice names a farm at its end."""
    texts = [text for _, text in _farm_notices(place)]
    nameless = [text for text in texts if not _FARM.search(text)]
    names = [match[1] for text in texts if (match := _FARM.search(text))]
    return said(not nameless, f"farms {', '.join(names) or 'none'}" if not nameless else f"no name in {nameless[0]!r}")


def _error(place: Place, newest: int) -> tuple[int, Fields]:
    """The version that was agreed, and the message code for a contract that does not exist; empty if none came."""
    with place.ready(place.client_id, newest) as caller:
        caller.ask(9, 8, 77, 0, "NOSUCHTHING", "STK", "", 0, "", "", "SMART", "", "USD", "", "", 0, "", "", "")
        told = caller.until(lambda told: told[0] == "4")
        return caller.version, next((each for each in told if each[0] == "4"), [])


def error_layouts(place: Place) -> Finding:
    """A message code has 5 fields before version 166, then 6; from 194 on the last one is the time."""
    seen = [_error(place, version) for version in (157, 187, TEXT_VERSION)]
    right = all(
        len(fields) == (5 if version < 166 else 6) and (version < 194 or fields[-1].isdigit())
        for version, fields in seen
    )
    return said(right, ", ".join(f"{len(fields)} at {version}" for version, fields in seen))


def unknown_contract(place: Place) -> Finding:
    """A contract that does not exist is answered with 200 on the request's id."""
    version, fields = _error(place, TEXT_VERSION)
    at = 1 if version >= 194 else 2
    return said(fields[at : at + 2] == ["77", "200"], " ".join(fields[at : at + 3]) or "no answer")


def time_answer(place: Place) -> Finding:
    """A request for the time is answered within a second."""
    with place.ready(place.client_id) as caller:
        begun = time.monotonic()
        caller.ask(49, 1)
        told = caller.until(lambda each: each[0] == "49", 3.0)
        took = time.monotonic() - begun
        return said(bool(told) and told[-1][0] == "49" and took < 1.0, f"after {took * 1000:.0f} ms")


def time_throttle(place: Place) -> Finding:
    """A request for the time right after an answer is ignored; one 1.2 s after it is answered."""
    with place.ready(place.client_id) as caller:
        caller.ask(49, 1)
        caller.until(lambda each: each[0] == "49", 3.0)
        answered = time.monotonic()
        time.sleep(0.2)
        caller.ask(49, 1)
        early = caller.until(lambda each: each[0] == "49", 0.8)
        time.sleep(max(0.0, answered + 1.25 - time.monotonic()))
        caller.ask(49, 1)
        late = caller.until(lambda each: each[0] == "49", 3.0)
        return said(not early and bool(late), f"after 0.2 s {'answered' if early else 'ignored'}, after 1.25 s "
                    f"{'answered' if late else 'ignored'}")  # fmt: skip


def throttle_scope(place: Place) -> Finding:
    """A question: is that throttle one of the connection, or of the gateway?"""
    with place.ready(place.client_id) as one, place.ready(place.other_id) as two:
        time.sleep(1.2)
        one.ask(49, 1)
        first = one.until(lambda each: each[0] == "49", 2.0)
        two.ask(49, 1)
        second = two.until(lambda each: each[0] == "49", 1.0)
        if not first:
            return Finding(Verdict.UNTRIED, "the first client was not answered")
        return Finding(Verdict.SO, "per connection" if second else "per gateway")


def time_millis(place: Place) -> Finding:
    """The time in milliseconds is answered as often as it is asked for."""
    with place.ready(place.client_id) as caller:
        if caller.version < 197:
            return Finding(Verdict.UNTRIED, f"version {caller.version} has no such request")
        for _ in range(2):
            caller.ask(105)
        told = [each for each in caller.until(lambda _: False, 1.0) if each[0] == "109"]
        return said(len(told) == 2 and all(len(each) == 2 for each in told), f"{len(told)} answers of 2")


def second_client(place: Place) -> Finding:
    """A second client is greeted like the first, which hears nothing of it."""
    with place.ready(place.client_id) as first, place.call() as second:
        second.handshake()
        told = [each[0] for each in second.start(place.other_id)]
        heard = first.message(0.5)
        return said(set(told) >= {"15", "9"} and heard is None, f"{', '.join(told)}; the first heard "
                    f"{heard[0] if heard else 'nothing'}")  # fmt: skip


def id_in_use(place: Place) -> Finding:
    """A client id in use is answered with 326 and the end of the connection within two seconds."""
    with place.ready(place.client_id), place.call() as second:
        second.handshake()
        second.ask(71, 2, place.client_id, "")
        told, ended = second.to_the_end(2.0)
        codes = [code for code, _ in _codes(told, second.version)]
        return said(
            ended and "326" in codes, f"codes {', '.join(codes) or 'none'}, {'ended' if ended else 'still open'}"
        )


def id_free_again(place: Place) -> Finding:
    """A client id is free within three seconds after its connection was closed."""
    place.ready(place.client_id).close()
    begun = time.monotonic()
    while time.monotonic() - begun < 10:
        try:
            place.started(place.client_id).close()
        except Ended:
            time.sleep(0.02)
            continue
        took = time.monotonic() - begun
        return said(took < 3.0, f"ready again {took:.2f} s after the close")
    return said(False, "in use for more than 10 s")


def _details(caller: Caller, number: int) -> tuple[list[Fields], float]:
    begun = time.monotonic()
    caller.ask(9, 8, number, *EURUSD, 0, "", "", "")
    told = caller.until(lambda each: each[0] in ("52", "4"))
    return told, time.monotonic() - begun


def contract_layout(place: Place) -> Finding:
    """Contract details of EUR.USD are one row with as many fields as the simulated gateway writes, and an end."""
    with place.ready(place.client_id) as caller:
        told, _ = _details(caller, 78)
        rows = [each for each in told if each[0] == "10"]
        if len(rows) != 1:
            return said(False, f"{len(rows)} rows")
        row = rows[0]
        liquid = max(place for place, field in enumerate(row) if _HOURS.match(field))  # security ids follow 3 fields on
        expected = 1 + len(details(78, _EURUSD, 0.0).fields(caller.version)) + 2 * int(row[liquid + 3] or 0)
        ended = told[-1][0] == "52"
        right = ended and len(row) == expected and "12087792" in row
        return said(right, f"{len(row)} fields of {expected}, {'an' if ended else 'no'} end")


def details_cache(place: Place) -> Finding:
    """A question: do contract details come from IBKR each time, or from the gateway's memory?"""
    with place.ready(place.client_id) as caller:
        times = [_details(caller, number)[1] * 1000 for number in (79, 80)]
        return Finding(Verdict.SO, f"{times[0]:.0f} ms, again {times[1]:.0f} ms")


def summary(place: Place) -> Finding:
    """An account summary is rows of seven fields in alphabetical order, and an end."""
    with place.ready(place.client_id) as caller:
        caller.ask(62, 1, 81, "All", "NetLiquidation,BuyingPower,AccountType")
        told = caller.until(lambda each: each[0] == "64")
        rows = [each for each in told if each[0] == "63"]
        tags = [each[4] for each in rows if each[3] == rows[0][3]]
        ended = bool(told) and told[-1] == ["64", "1", "81"]
        caller.ask(63, 1, 81)
        right = ended and bool(rows) and tags == sorted(tags) and all(len(each) == 7 for each in rows)
        return said(right, f"{len(rows)} rows: {', '.join(tags)}; {'an' if ended else 'no'} end")


def lists_end(place: Place) -> Finding:
    """Positions, open orders, completed orders and executions each have an end."""
    with place.ready(place.client_id) as caller:
        missing = []
        for name, request, answer in (
            ("positions", (61, 1), "62"),
            ("open orders", (5, 1), "53"),
            ("completed orders", (99, 0), "102"),
            ("executions", (7, 3, 82, 0, "", "", "", "", "", "", 2147483647, 0), "55"),
        ):
            caller.ask(*request)
            told = caller.until(lambda each, wanted=answer: each[0] == wanted)  # type: ignore[misc]
            if not told or told[-1][0] != answer:
                missing.append(name)
        return said(not missing, f"no end of {', '.join(missing)}" if missing else "four ends")


def history_layout(place: Place) -> Finding:
    """Bars come in one message of eight fields each; from version 196 on their start and end in another."""
    with place.ready(place.client_id) as caller:
        caller.ask(20, 83, *EURUSD, 0, "", "1 hour", "1 D", 0, "MIDPOINT", 1, 0, "")
        apart = caller.version >= 196
        last = "108" if apart else "17"
        told = caller.until(lambda each: each[0] in (last, "4"), 10.0)
        if told and told[-1][0] == "4":
            return Finding(Verdict.UNTRIED, " ".join(told[-1][1:5]))
        kinds = [each[0] for each in told if each[0] in ("17", "108")]
        bars = next((each for each in told if each[0] == "17"), ["17", "", "", "", "0"])
        at = 2 if apart else 4
        right = kinds == (["17", "108"] if apart else ["17"]) and len(bars) == at + 1 + 8 * int(bars[at])
        return said(right, f"messages {', '.join(kinds) or 'none'}, {bars[at]} bars, {len(bars)} fields")


def raw_ids(place: Place) -> Finding:
    """From version 201 on ids are four raw bytes, and the time is protobuf from 213 on."""
    with place.call(226) as caller:
        caller.handshake()
        if caller.version < 213:
            return Finding(Verdict.UNTRIED, f"the gateway speaks up to {caller.version}")
        caller.send((271).to_bytes(4, "big") + b"\x08" + bytes([place.client_id & 0x7F]))
        caller.rest(1.0)
        caller.send((249).to_bytes(4, "big"))
        told = caller.payload(2.0)
        number = int.from_bytes(told[:4], "big") if told else 0
        return said(number == 249, f"version {caller.version}, message {number}")


CHECKS: tuple[Check, ...] = (
    handshake_frame,
    handshake_clock,
    version_agreed,
    silence_before_start,
    ready_order,
    farm_notices,
    farm_names,
    error_layouts,
    unknown_contract,
    time_answer,
    time_throttle,
    throttle_scope,
    time_millis,
    second_client,
    id_in_use,
    id_free_again,
    contract_layout,
    details_cache,
    summary,
    lists_end,
    history_layout,
    *LAYOUTS,
    raw_ids,
)
"""All of them, in the order in which they are made."""


def carry_out(check: Check, place: Place) -> Finding:
    """Make one check; what goes wrong on the way is its finding."""
    try:
        return check(place)
    except Ended as error:
        return Finding(Verdict.NOT_SO, f"the connection ended: {error}")
    except (OSError, ValueError, IndexError) as error:
        if isinstance(error, OSError) and is_own(error):
            return Finding(Verdict.UNTRIED, f"it failed on this machine: {error.strerror}")
        return Finding(Verdict.NOT_SO, f"{type(error).__name__}: {error}")


def all_of_them(place: Place, budget: float = 60.0) -> Iterator[tuple[Check, Finding]]:
    """Make one after the other; none begins once `budget` seconds are over, as at a gateway that answers nothing."""
    begun = time.monotonic()
    for check in CHECKS:
        late = time.monotonic() - begun >= budget
        yield check, Finding(Verdict.UNTRIED, "the time was over") if late else carry_out(check, place)
