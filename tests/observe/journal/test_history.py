"""The journal as history: what is written of outages and of what was watched, and what is read back of a period."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.core.explain.causes import explain
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.facts import Facts, OpenOutage
from supervisor.core.model.layers import Layer
from supervisor.core.model.records import OutageClosed
from supervisor.core.model.vocabulary import Planning
from supervisor.observe.events import EventRing
from supervisor.observe.journal.history import History, PastOutage, open_outages, read
from supervisor.observe.journal.journal import Journal
from supervisor.observe.journal.place import HistoryError, place_of
from supervisor.observe.journal.spans import Watching
from supervisor.observe.web.history_json import BadPeriod, history_json, period
from tests.observe import rich
from tests.observe.journal_help import rows, told
from tests.waiting import wait_until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


WHY = Cause(CauseKey.NAME_UNKNOWN, "U1234567", 4001)
WORDS = str(explain(WHY)).replace("U1234567", "U***67")


def close(
    journal: Journal, began: datetime, seconds: float, *, layer: Layer = Layer.SESSION, planned: bool = False
) -> None:
    """An outage of `live` is over."""
    ended = began + timedelta(seconds=seconds)
    outage = OutageClosed(began, ended, layer, Planning.of(planned), seconds, recovered=True, cause=WHY)
    report = report_of(outage)
    assert report is not None
    journal.record("live", ended, report, outage=outage)


def watch(journal: Journal, gateway: str, began: datetime, until: datetime) -> None:
    at = began
    while at < until:
        journal.watched([gateway], at)
        at += SECOND
    journal.watched([gateway], until)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    found = Journal(path)
    found.open()
    yield found
    found.close(5.0)


def after(journal: Journal, path: Path, *names: str, since: datetime = NOON, until: datetime = NOON + HOUR) -> History:
    assert journal.close(5.0)
    return read(place_of(path), since, until, names or None)


def test_an_outage_is_a_row_with_its_first_likely_cause(journal: Journal, path: Path) -> None:
    began = NOON + 10 * MINUTE
    close(journal, began, 30.0)
    found = after(journal, path)
    assert found.outages == (PastOutage("live", began, began + 30 * SECOND, "session", False, 30.0, WORDS, True),)
    (view,) = rows(path, "SELECT gateway, began, ended, seconds, cause, planned, recovered, words FROM outages")
    assert view == (
        "live",
        "2026-11-23T12:10:00.000000Z",
        "2026-11-23T12:10:30.000000Z",
        30.0,
        "session",
        0,
        1,
        WORDS,
    )


def test_the_four_kinds_of_time_add_up_to_the_period(journal: Journal, path: Path) -> None:
    watch(journal, "live", NOON, NOON + 20 * MINUTE)
    watch(journal, "live", NOON + 40 * MINUTE, NOON + 50 * MINUTE)
    close(journal, NOON + MINUTE, 60.0, planned=True)
    close(journal, NOON + 5 * MINUTE, 120.0, layer=Layer.FARMS)
    (total,) = after(journal, path).totals
    assert (total.observed, total.unobserved) == (1800.0, 1800.0)
    assert (total.planned, total.unplanned, total.planned_outages, total.unplanned_outages) == (60.0, 120.0, 1, 1)
    assert total.availability == pytest.approx((1740 - 120) / 1740)
    assert total.availability_with_planned == pytest.approx((1800 - 180) / 1800)


def test_an_outage_counts_with_the_part_that_lies_in_the_period(journal: Journal, path: Path) -> None:
    watch(journal, "live", NOON - 10 * MINUTE, NOON + 20 * MINUTE)
    close(journal, NOON - MINUTE, 120.0)
    close(journal, NOON - 30 * MINUTE, 60.0)
    found = after(journal, path)
    assert [outage.began for outage in found.outages] == [NOON - MINUTE]
    assert found.totals[0].unplanned == pytest.approx(60.0)


def test_the_outage_that_is_open_counts_up_to_now(journal: Journal, path: Path) -> None:
    watch(journal, "live", NOON, NOON + 10 * MINUTE)
    journal.keep("live", Facts(known=True, outage=OpenOutage(NOON + 8 * MINUTE, "port", False, 120.0, why=WHY)))
    found = after(journal, path)
    assert found.outages == (PastOutage("live", NOON + 8 * MINUTE, None, "port", False, 120.0, WORDS),)
    assert found.totals[0].unplanned == 120.0


def test_an_outage_that_had_ended_when_the_daemon_was_killed_is_over(journal: Journal, path: Path) -> None:
    watch(journal, "live", NOON, NOON + 10 * MINUTE)
    left = OpenOutage(NOON + 2 * MINUTE, "port", False, 60.0, NOON + 3 * MINUTE)
    journal.keep("live", Facts(known=True, outage=left))
    found = after(journal, path)
    assert found.outages == (
        PastOutage("live", NOON + 2 * MINUTE, NOON + 3 * MINUTE, "port", False, 60.0, "", recovered=True),
    )
    assert found.totals[0].unplanned == 60.0


def test_what_nobody_saw_is_neither_an_outage_nor_available(journal: Journal, path: Path) -> None:
    journal.keep("live", Facts(known=True))
    (total,) = after(journal, path, "live").totals
    assert (total.observed, total.unobserved, total.availability) == (0.0, 3600.0, None)


def test_what_is_watched_now_counts_before_it_is_in_the_file(journal: Journal, path: Path) -> None:
    watch(journal, "live", NOON, NOON + 14 * SECOND)
    wait_until(lambda: rows(path, "SELECT seconds FROM watched") == [(10.0,)])
    (total,) = read(place_of(path), NOON, NOON + HOUR, ["live"], [], journal.watching()).totals
    assert total.observed == 14.0


def test_the_daemon_s_own_open_outage_has_its_likely_cause() -> None:
    gateway = rich.fresh()
    gateway.begin()
    gateway.refuse()
    (found,) = open_outages([gateway.snapshot])
    assert (found.gateway, found.ended, found.cause) == ("fresh", None, "port")
    assert found.words.startswith("Nothing accepts connections")


def test_spans_end_at_a_gap_at_a_clock_that_went_back_and_when_nobody_watches() -> None:
    watching = Watching()
    handed = []
    for at in (0, 1, 2, 30, 31, 20, 21):
        handed += watching.seen(["live"], NOON + at * SECOND)
    handed += watching.seen([], NOON + 22 * SECOND)
    spans = {span.began: span for span in handed}
    lasted = [(span.began - NOON, span.until - span.began) for span in spans.values()]
    assert lasted == [(0 * SECOND, 2 * SECOND), (30 * SECOND, SECOND), (20 * SECOND, SECOND)]


def test_a_span_is_handed_out_every_ten_seconds_only() -> None:
    watching = Watching()
    handed = [watching.seen(["live", "paper"], NOON + at * SECOND) for at in range(31)]
    assert [len(spans) for spans in handed] == [2, *([0] * 9), 2, *([0] * 9), 2, *([0] * 9), 2]


def test_overlaps_after_a_clock_was_set_back_count_once(journal: Journal, path: Path) -> None:
    watch(journal, "live", NOON, NOON + MINUTE)
    watch(journal, "live", NOON + 30 * SECOND, NOON + 2 * MINUTE)
    assert after(journal, path).totals[0].observed == 120.0


def test_a_notice_in_the_same_words_is_counted_for_a_day_and_then_anew(journal: Journal, path: Path) -> None:
    for hours in (0, 1, 2, 30):
        journal.heard("live", NOON + hours * HOUR, 2119, "connecting")
        wait_until(lambda h=hours: rows(path, f"SELECT 1 FROM heard WHERE times >= {min(h + 1, 3)}"))  # type: ignore[misc]
    journal.heard("paper", NOON, 2119, "connecting")
    assert journal.close()
    assert rows(path, "SELECT at, last_at, gateway, code, times FROM notices ORDER BY gateway, at") == [
        ("2026-11-23T12:00:00.000000Z", "2026-11-23T14:00:00.000000Z", "live", 2119, 3),
        ("2026-11-24T18:00:00.000000Z", "2026-11-24T18:00:00.000000Z", "live", 2119, 1),
        ("2026-11-23T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z", "paper", 2119, 1),
    ]


def test_retention_covers_outages_and_spans(journal: Journal, path: Path) -> None:
    watch(journal, "live", NOON, NOON + MINUTE)
    watch(journal, "live", NOON + HOUR, NOON + HOUR + MINUTE)
    close(journal, NOON, 60.0)
    close(journal, NOON + HOUR, 60.0)
    journal.prune(NOON + HOUR)
    wait_until(lambda: len(rows(path, "SELECT 1 FROM outages")) == 1)
    wait_until(lambda: len(rows(path, "SELECT 1 FROM watched")) == 1)


def test_sessions_restarts_logins_and_reloads_are_views(journal: Journal, path: Path) -> None:
    for seconds, kind, fields in (
        (0, "session_ready", {"epoch": 1, "server_version": 187}),
        (5, "session_lost", {"epoch": 1, "reason": "reset", "planned": True}),
        (7, "session_ready", {"epoch": 3, "server_version": 187}),
        (8, "restart", {"result": "in_time"}),
        (9, "login", {"assumed": False}),
        (10, "reloaded", {}),
        (11, "reload_failed", {}),
        (12, "status", {"status": "up", "before": "down", "layers": "port"}),
        (13, "layers", {"layers": ""}),
    ):
        journal.record("live", NOON + seconds * SECOND, told(kind, kind, **fields))
    assert journal.close()
    assert rows(path, "SELECT ready, epoch, server_version, lost, reason, planned FROM sessions ORDER BY ready") == [
        ("2026-11-23T12:00:00.000000Z", 1, 187, "2026-11-23T12:00:05.000000Z", "reset", 1),
        ("2026-11-23T12:00:07.000000Z", 3, 187, None, None, None),
    ]
    assert rows(path, "SELECT gateway, result, text FROM restarts") == [("live", "in_time", "restart")]
    assert rows(path, "SELECT gateway, assumed, kind FROM logins") == [("live", 0, "login")]
    assert rows(path, "SELECT ok, text FROM reloads ORDER BY at") == [(1, "reloaded"), (0, "reload_failed")]
    assert rows(path, "SELECT gateway, status, before, layers FROM statuses") == [("live", "up", "down", "port")]
    assert rows(path, "SELECT gateway, layers FROM layers ORDER BY at") == [("live", "port"), ("live", "")]


def test_every_view_is_documented_with_its_columns(journal: Journal, path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "for-programs.md").read_text("utf-8")
    found = re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \| .*$", page.partition("| view |")[2], flags=re.MULTILINE)
    views = [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'view'")]
    assert {name: re.findall(r"\w+", columns) for name, columns in found} == {
        view: [name for (name,) in rows(path, f"SELECT name FROM pragma_table_info('{view}')")] for view in views
    }


def test_the_stream_goes_on_where_an_earlier_process_ended(journal: Journal, path: Path) -> None:
    ring = EventRing()
    for number in range(3):
        journal.record("live", NOON, told(f"event {number}"), ring.append("live", NOON, told(f"event {number}")))
    assert journal.close()
    second, later = Journal(path), EventRing()
    second.open()
    last, recent = second.recent()
    later.resume(recent, last + 10)
    assert [record.text for record in later.after(1, 10)] == ["event 1", "event 2"]
    number = later.append("live", NOON, told("new"))
    second.record("live", NOON, told("new"), number)
    assert second.close()
    assert (number, rows(path, "SELECT id, text FROM events ORDER BY id")[-1]) == (14, (14, "new"))


def test_a_journal_in_memory_has_a_history_too() -> None:
    journal = Journal(None)
    journal.open()
    watch(journal, "live", NOON, NOON + MINUTE)
    close(journal, NOON, 2.0)
    wait_until(lambda: read(journal.place, NOON, NOON + HOUR).outages)
    assert journal.close()


def test_a_journal_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="there is no journal at"):
        place_of(tmp_path / "none.db")
    (tmp_path / "odd.db").write_bytes(b"x" * 4096)
    with pytest.raises(HistoryError, match="cannot be read: file is not a database"):
        read(place_of(tmp_path / "odd.db"), NOON, NOON + HOUR)


def test_the_answer_is_json_with_the_zone_and_the_windows_of_a_short_period(journal: Journal, path: Path) -> None:
    watch(journal, "live", NOON, NOON + MINUTE)
    close(journal, NOON, 2.0)
    found = after(journal, path, "live", until=NOON + timedelta(days=1))
    answer = json.loads(json.dumps(history_json(found, [rich.fresh("live").snapshot])))
    (gateway,) = answer["gateways"]
    assert gateway["timezone"] == "America/New_York"
    assert gateway["watched"] == [["2026-11-23T12:00:00.000Z", "2026-11-23T12:01:00.000Z"]]
    assert "daily_restart" in [window["name"] for window in gateway["windows"]]
    assert answer["outages"][0]["began"] == "2026-11-23T12:00:00.000Z"


def test_windows_that_an_operator_opened_are_remembered(journal: Journal, path: Path) -> None:
    for minutes, active in ((5, True), (20, False), (40, True)):
        at = NOON + minutes * MINUTE
        journal.record("live", at, told("window", "window", window="maintenance", active=active))
        journal.record("live", at, told("window", "window", window="server_reset", active=active))
    found = after(journal, path, "live")
    assert found.maintenance == {"live": ((NOON + 5 * MINUTE, NOON + 20 * MINUTE),)}
    (gateway,) = history_json(found, [rich.fresh("live").snapshot])["gateways"]
    assert {"name": "maintenance", "start": "2026-11-23T12:05:00.000Z", "end": "2026-11-23T12:20:00.000Z"} in gateway[
        "windows"
    ]


@pytest.mark.parametrize(
    ("since", "until", "lasts"),
    [
        (None, None, timedelta(days=7)),
        ("12h", None, 12 * HOUR),
        ("2h", "1h", HOUR),
        ("1.5h", "30m", HOUR),
        ("2026-11-23T11:00:00", None, HOUR),
        ("2026-11-23T11:00:00+01:00", "2026-11-23T12:00:00Z", 2 * HOUR),
        ("1h", "2036-01-01", HOUR),
    ],
)
def test_a_period_is_how_long_ago_or_an_instant(since: str | None, until: str | None, lasts: timedelta) -> None:
    begin, end = period(since, until, NOON)
    assert end - begin == lasts


@pytest.mark.parametrize(
    ("since", "until"), [("soon", None), ("1h", "1h"), ("0s", None), ("5000d", None), ("999999d", None), ("x" * 99, "")]
)
def test_a_period_that_makes_no_sense_is_refused(since: str, until: str | None) -> None:
    with pytest.raises(BadPeriod):
        period(since, until, NOON)
