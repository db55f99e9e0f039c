"""What an operator may ask, how it may be written, and what is refused with which words."""

from datetime import timedelta

import pytest

from supervisor.core.model.events import (
    IdsConfirmed,
    LoginConfirmed,
    MaintenanceAsked,
    MaintenanceEnded,
    OperatorEvent,
    PauseAsked,
    ResumeAsked,
)
from supervisor.observe.web.control import BadRequest, event_of, fields_of
from tests.observe.played import BEGIN

FORM = "application/x-www-form-urlencoded"
JSON = "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("what", "fields", "event"),
    [
        ("pause", {}, PauseAsked()),
        ("pause", {"for": "15m"}, PauseAsked(BEGIN + timedelta(minutes=15))),
        ("pause", {"for": "400d"}, PauseAsked(BEGIN + timedelta(days=400))),
        ("resume", {}, ResumeAsked()),
        ("maintenance", {"for": "90s"}, MaintenanceAsked(BEGIN + timedelta(seconds=90))),
        (
            "maintenance",
            {"for": "1.5h", "reason": " new disk "},
            MaintenanceAsked(BEGIN + timedelta(hours=1.5), "new disk"),
        ),
        ("maintenance", {"for": "4h", "reason": ""}, MaintenanceAsked(BEGIN + timedelta(hours=4))),
        ("maintenance", {"for": "15m", "end": "false"}, MaintenanceAsked(BEGIN + timedelta(minutes=15))),
        ("maintenance", {"end": "true"}, MaintenanceEnded()),
        ("maintenance", {"end": "True"}, MaintenanceEnded()),
        ("confirm-login", {}, LoginConfirmed()),
        ("confirm-ids", {}, IdsConfirmed()),
    ],
)
def test_what_may_be_asked(what: str, fields: dict[str, str], event: OperatorEvent) -> None:
    assert event_of(what, fields, BEGIN) == event


def test_a_pause_says_who_asked() -> None:
    assert event_of("pause", {}, BEGIN, "ann") == PauseAsked(by="ann")
    assert event_of("resume", {}, BEGIN, "ann") == ResumeAsked()


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    [
        ("pause", {"for": "15"}, "'for' is a duration such as 90s, 15m or 2h, not '15'"),
        ("pause", {"for": ""}, "'for' is a duration such as 90s, 15m or 2h, not ''"),
        ("pause", {"for": "-1h"}, "'for' is a duration"),
        ("pause", {"for": "1e3s"}, "'for' is a duration"),
        ("pause", {"for": "٣h"}, "'for' is a duration"),
        ("pause", {"for": "0s"}, "'for' is longer than 0"),
        ("pause", {"for": "401d"}, "'for' is at most 9600h"),
        ("pause", {"For": "1h"}, "pause does not know 'For': it takes for"),
        ("resume", {"for": "1h"}, "resume does not know 'for': it takes nothing"),
        ("confirm-login", {"x": ""}, "confirm-login does not know 'x': it takes nothing"),
        ("maintenance", {}, "say either how long, such as for=15m, or end=true"),
        ("maintenance", {"for": "15m", "end": "true"}, "say either how long"),
        ("maintenance", {"end": "yes"}, "'end' is true or false"),
        ("maintenance", {"for": "14401s"}, "'for' is at most 4h"),
        ("maintenance", {"for": "15m", "reason": "two\nlines"}, "'reason' is one line of at most 200 characters"),
        ("maintenance", {"for": "15m", "reason": "x" * 201}, "'reason' is one line of at most 200 characters"),
    ],
)
def test_what_is_refused(what: str, fields: dict[str, str], words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        event_of(what, fields, BEGIN)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("query", "body", "content_type"),
    [
        ("for=15m&reason=new+disk%21", b"", ""),
        ("", b"for=15m&reason=new+disk%21", FORM),
        ("", b"for=15m&reason=new+disk%21", ""),
        ("for=15m", b"reason=new disk!", FORM),
        ("", b'{"for": "15m", "reason": "new disk!"}', JSON),
        ("for=15m", b'{"reason": "new disk!"}', JSON),
    ],
)
def test_query_form_and_json_say_the_same(query: str, body: bytes, content_type: str) -> None:
    assert fields_of(query, body, content_type) == {"for": "15m", "reason": "new disk!"}


def test_json_may_say_true() -> None:
    assert fields_of("", b'{"end": true}', JSON) == {"end": "true"}


@pytest.mark.parametrize(
    ("query", "body", "content_type", "words"),
    [
        ("for=1h&for=2h", b"", "", "'for' is given twice"),
        ("for=1h", b"for=2h", FORM, "'for' is given twice"),
        ("", b'{"for": "1h", "for": "2h"}', JSON, "'for' is given twice"),
        ("", b"\xff", FORM, "the body is not UTF-8"),
        ("", b"\xff", JSON, "the body is not UTF-8"),
        ("for=%ff", b"", "", "write fields as name=value, joined by &"),
        ("&".join(f"a{n}=1" for n in range(40)), b"", "", "write fields as name=value, joined by &"),
        ("", b"{", JSON, "the body is not JSON"),
        ("", b"[" * 60_000, JSON, "the body is not JSON"),
        ("", b"[]x", JSON, "the body is not JSON"),
        ("", b'"for"', JSON, "the body is not a JSON object"),
        ("", b"[1]", JSON, "the body is not a JSON object"),
        ("", b'{"for": 15}', JSON, "'for' is neither a text nor true or false"),
        ("", b'{"for": {"for": "15m"}}', JSON, "'for' is neither a text nor true or false"),
        ("", b"<for>15m</for>", "text/xml", "send a form (application/x-www-form-urlencoded) or a JSON object"),
    ],
)
def test_what_cannot_be_read_is_refused(query: str, body: bytes, content_type: str, words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        fields_of(query, body, content_type)
    assert words in str(refused.value)
