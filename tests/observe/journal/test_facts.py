"""Facts as JSON, and back."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.model.cause import Cause, CauseKey, Message
from supervisor.core.model.facts import Facts, FirstId, OpenOutage, ToldTalk, UsedId
from supervisor.core.model.recovery.rules import DeedDone, OpenDeed, Rung
from supervisor.observe.journal.facts import VERSION, from_json, to_json

INSTANTS = st.datetimes(timezones=st.just(UTC))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
CAUSES = st.builds(
    Cause,
    key=st.sampled_from(CauseKey),
    host=st.text(),
    port=st.integers(),
    farms=st.lists(st.text()).map(tuple),
    day=st.none() | st.dates(),
    until=st.none() | INSTANTS,
    message=st.none() | st.builds(Message, st.integers(), st.just("accept the disclaimer")),
)
OUTAGES = st.builds(
    OpenOutage,
    began=INSTANTS,
    cause=st.text(),
    planned=st.booleans(),
    seconds=NUMBERS,
    why=st.none() | CAUSES,
)
FIRST = st.builds(FirstId, st.text(), st.integers(), st.integers(), st.text(), st.integers())
USED = st.builds(UsedId, st.integers(), st.none() | INSTANTS)
TALKS = st.builds(ToldTalk, st.text(), INSTANTS, st.text(), told=st.lists(st.text()).map(tuple), turned=st.booleans())
DEEDS = st.builds(
    DeedDone,
    st.sampled_from(Rung),
    INSTANTS,
    st.booleans(),
    st.none() | st.integers(),
    st.none() | NUMBERS,
    st.booleans(),
)
UNDER_WAY = st.builds(
    OpenDeed, st.sampled_from(Rung), INSTANTS, st.text(), st.none() | st.integers(), st.none() | NUMBERS
)
KINDS: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    str: st.text(),
    str | None: st.none() | st.text(),
    int | None: st.none() | st.integers(),
    datetime | None: st.none() | INSTANTS,
    OpenOutage | None: st.none() | OUTAGES,
    OpenDeed | None: st.none() | UNDER_WAY,
    int: st.integers(),
    tuple[DeedDone, ...]: st.lists(DEEDS).map(tuple),
    tuple[FirstId, ...]: st.lists(FIRST).map(tuple),
    tuple[ToldTalk, ...]: st.lists(TALKS).map(tuple),
    tuple[UsedId, ...]: st.lists(USED).map(tuple),
}
FACTS = st.builds(Facts, **{name: KINDS[kind] for name, kind in get_type_hints(Facts).items()})


@given(FACTS)
def test_all_facts_come_back_as_they_were(facts: Facts) -> None:
    assert from_json(to_json(facts)) == facts


def test_every_fact_is_written() -> None:
    written = json.loads(to_json(Facts()))
    assert set(written) == {"version", *(field.name for field in fields(Facts))}
    assert written["version"] == VERSION


def test_a_cause_that_only_a_newer_version_knows_is_none_and_costs_no_other_fact() -> None:
    why = Cause(CauseKey.MUTE, "127.0.0.1", 4001)
    left = OpenOutage(datetime(2026, 11, 21, tzinfo=UTC), "port", False, 3.0, why=why)
    said = to_json(Facts(known=True, outage=left)).replace('"mute"', '"of next year"')
    read = from_json(said)
    assert read.known
    assert read.outage == replace(left, why=None)


def test_a_message_of_the_gateway_is_masked_before_it_is_written() -> None:
    why = Cause(CauseKey.GATEWAY_SAID, "127.0.0.1", 4001, message=Message(1, "account:\tU1234567"))
    left = OpenOutage(datetime(2026, 11, 21, tzinfo=UTC), "session", False, 3.0, why=why)
    assert "U1234567" not in to_json(Facts(outage=left))


def test_a_key_of_a_newer_version_is_ignored() -> None:
    said = json.loads(to_json(Facts(known=True, highest_order_id=7)))
    said |= {"version": VERSION + 1, "learned_minute": 47, "more": {"a": []}}
    assert from_json(json.dumps(said)) == Facts(known=True, highest_order_id=7)


def test_a_key_that_an_older_version_did_not_write_is_unknown() -> None:
    assert from_json('{"version": 1, "paused": true}') == Facts(paused=True)


def test_an_instant_of_another_zone_is_the_same_instant_in_utc() -> None:
    lost = datetime(2026, 11, 21, 23, 45, tzinfo=timezone(timedelta(hours=-5)))
    read = from_json(to_json(Facts(session_lost_at=lost))).session_lost_at
    assert read == lost
    assert read is not None
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[" * 100_000, "nested"),
        ("[]", "not a mapping"),
        ("null", "not a mapping"),
        ('{"known": 1}', "facts.known"),
        ('{"known": null}', "facts.known"),
        ('{"highest_order_id": true}', "facts.highest_order_id"),
        ('{"highest_order_id": 1.5}', "facts.highest_order_id"),
        ('{"highest_order_id": "1"}', "facts.highest_order_id"),
        ('{"maintenance_reason": null}', "facts.maintenance_reason"),
        ('{"reauth_due": 5}', "facts.reauth_due"),
        ('{"reauth_due": "soon"}', "facts.reauth_due"),
        ('{"reauth_due": "2026-11-21T23:45:00"}', "facts.reauth_due"),
        ('{"outage": []}', "facts.outage"),
        ('{"outage": {"began": "2026-11-21T23:45:00Z", "cause": "port", "planned": false}}', "facts.outage.seconds"),
        (
            '{"outage": {"began": "2026-11-21T23:45:00Z", "cause": "port", "planned": false, "seconds": NaN}}',
            "facts.outage.seconds",
        ),
        (
            '{"outage": {"began": "2026-11-21T23:45:00Z", "cause": "port", "planned": false, "seconds": 1'
            + "0" * 400
            + "}}",
            "facts.outage.seconds",
        ),
        (
            '{"outage": {"began": "2026-11-21T23:45:00Z", "cause": null, "planned": false, "seconds": 1}}',
            "facts.outage.cause",
        ),
    ],
)
def test_a_broken_record_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        from_json(text)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(reauth_due=datetime(2026, 11, 21)),  # noqa: DTZ001
        Facts(outage=OpenOutage(datetime(2026, 11, 21, tzinfo=UTC), "port", False, float("nan"))),
    ],
)
def test_what_could_not_be_read_back_is_not_written(facts: Facts) -> None:
    with pytest.raises(ValueError, match=r"zone|compliant"):
        to_json(facts)


def test_whole_seconds_are_a_number_like_any_other() -> None:
    text = '{"outage": {"began": "2026-11-21T23:45:00Z", "cause": "port", "planned": false, "seconds": 3}}'
    outage = from_json(text).outage
    assert outage is not None
    assert outage.seconds == 3.0
