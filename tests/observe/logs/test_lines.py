"""The forms of a line, as pure functions."""

import json
import logging
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.observe.logs.lines import LONGEST, Line, as_json, console, datagram, line_of, prefixed

LINE = Line(1795244996.5, logging.WARNING, "upstream lost", "supervisor.told", "live", "upstream_lost", {"code": 1100})


def record(text: str, **extras: object) -> logging.LogRecord:
    made = logging.LogRecord("x", logging.INFO, __file__, 1, text, None, None)
    made.__dict__.update(extras)
    return made


def line(text: str, **extras: object) -> Line:
    return line_of(record(text, **extras), text, 0.0)


@pytest.mark.parametrize(
    ("level", "name", "priority"),
    [(5, "debug", 7), (10, "debug", 7), (20, "info", 6), (30, "warning", 4), (40, "error", 3), (50, "critical", 2)],
)
def test_levels_have_names_and_syslog_s_numbers(level: int, name: str, priority: int) -> None:
    assert (replace(LINE, level=level).level_name, replace(LINE, level=level).priority) == (name, priority)


def test_a_console_line_has_its_time_with_milliseconds_and_offset() -> None:
    date, time, level, gateway, *sentence = console(LINE).decode().split()
    assert (date.count("-"), time[8], time[12] in "+-", level, gateway) == (2, ".", True, "WARNING", "live:")
    assert sentence == ["upstream", "lost"]


@given(st.text())
def test_whatever_a_gateway_says_is_one_line_that_moves_no_cursor(text: str) -> None:
    said = line(text, gateway="live")
    for form in (console(said), as_json(said), prefixed(said)):
        assert form.count(b"\n") == 1
        assert form.endswith(b"\n")
        assert form[:-1].decode("utf-8").isprintable()


@given(st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.floats() | st.text()))
def test_every_field_has_a_form(fields: dict[str, object]) -> None:
    said = line("x", fields=fields)
    assert set(json.loads(as_json(said))["fields"]) == set(fields)
    assert prefixed(said).count(b"\n") == 1
    for name in names(datagram(said)):
        assert name[0].isalpha()
        assert name.replace("_", "A").isalnum()
        assert name == name.upper()
        assert len(name) <= 64


def names(datagram: bytes) -> list[str]:
    """The names of the variables, read as journald does."""
    found = []
    while datagram:
        head, _, datagram = datagram.partition(b"\n")
        name, equals, _ = head.partition(b"=")
        found.append(name.decode("ascii"))
        if not equals:
            (length,) = struct.unpack_from("<Q", datagram)
            assert datagram[8 + length : 9 + length] == b"\n"
            datagram = datagram[9 + length :]
    return found


def test_account_numbers_are_masked_in_sentence_fields_and_traceback() -> None:
    try:
        raise ValueError("U7654321")
    except ValueError as error:
        told = record("of DU1234567", fields={"account": "F1234567"}, exc_info=(ValueError, error, None))
    said = line_of(told, "of DU1234567", 0.0)
    for form in (console(said), as_json(said), prefixed(said), datagram(said)):
        assert b"DU***67" in form
        assert b"U***21" in form
        assert not any(number in form for number in (b"DU1234567", b"U7654321", b"F1234567"))


def test_a_field_cannot_pass_for_one_of_ours() -> None:
    said = line("x", fields={"message": "no", "priority": 0, "gateway": "other", "_pid": 1, "1st": 2})
    found = names(datagram(said))
    assert found.count("MESSAGE") == 1
    assert {"FIELD_MESSAGE", "FIELD_PRIORITY", "FIELD_GATEWAY", "FIELD__PID", "FIELD_1ST"} <= set(found)


def test_a_traceback_is_part_of_journald_s_message_and_prefixed_line_by_line() -> None:
    said = replace(LINE, trace="Traceback\n  here\nError: x")
    assert names(datagram(said))[0] == "MESSAGE"
    assert b"live: upstream lost\nTraceback\n  here\nError: x\n" in datagram(said)
    assert all(part.startswith("<4>") for part in prefixed(said).decode().splitlines())
    assert json.loads(as_json(said))["trace"] == said.trace


def test_an_endless_sentence_is_cut() -> None:
    said = line("x" * 1_000_000, fields={"long": "y" * 1_000_000})
    assert len(console(said)) < LONGEST + 100
    assert len(datagram(said)) < 100_000


def test_a_number_that_is_none_is_told_in_words() -> None:
    said = line("x", fields={"a": float("nan"), "b": float("inf")})
    assert json.loads(as_json(said))["fields"] == {"a": "nan", "b": "inf"}
