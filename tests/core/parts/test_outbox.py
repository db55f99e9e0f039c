"""What waits for a target: one message a minute, the rest summed up, retries, quiet hours, and a bound."""

from datetime import UTC, datetime, time, timedelta

import pytest

from supervisor.core.calendar.clock import Now
from supervisor.core.model.pages import Severity
from supervisor.core.parts.telling import outbox
from supervisor.core.parts.telling.outbox import EMPTY, WAITING_AT_MOST, Item, Outbox, Pace, Quiet, Rules

PACE = Pace()
ANYBODY = Rules("phone")


def at(seconds: float) -> Now:
    return Now(100.0 + seconds, datetime(2027, 1, 6, 12, tzinfo=UTC) + timedelta(seconds=seconds))


def with_items(*keys: str, seconds: float = 0.0, box: Outbox = EMPTY) -> Outbox:
    return outbox.added(box, [Item(key) for key in keys], PACE, at(seconds))[0]


def test_nothing_is_sent_while_nothing_waits_or_something_is_on_its_way() -> None:
    assert outbox.wait(EMPTY, ANYBODY, at(0)) is None
    assert outbox.wait(outbox.taken(with_items("a")), ANYBODY, at(10)) is None


def test_a_storm_is_one_message() -> None:
    box = with_items(*(f"gw{number}" for number in range(60)))
    box = with_items(*(f"gw{number}" for number in range(60, 100)), seconds=2.0, box=box)
    assert outbox.wait(box, ANYBODY, at(2.0)) == pytest.approx(1.0)
    assert outbox.wait(box, ANYBODY, at(3.0)) == 0.0
    assert len(outbox.taken(box).flying) == 100


def test_the_next_message_comes_a_minute_later_with_all_that_came_meanwhile() -> None:
    box = outbox.sent(outbox.taken(with_items("a")), PACE, at(3.0))
    box = with_items("b", seconds=5.0, box=box)
    box = with_items("c", seconds=40.0, box=box)
    assert outbox.wait(box, ANYBODY, at(40.0)) == pytest.approx(23.0)
    assert outbox.wait(box, ANYBODY, at(63.0)) == 0.0
    assert outbox.taken(box).flying == (Item("b"), Item("c"))


@pytest.mark.parametrize(
    ("ago", "pause"),
    [(None, 3.0), (0.0, 60.0), (20.0, 40.0), (59.0, 3.0), (86400.0, 3.0), (-3600.0, 60.0)],
    ids=["never", "now", "20 s ago", "59 s ago", "yesterday", "by a clock that was set back"],
)
def test_another_process_keeps_the_minute_of_the_one_before(ago: float | None, pause: float) -> None:
    said = None if ago is None else at(-ago).wall
    box = with_items("a", box=outbox.begun(said, PACE, at(0)))
    assert outbox.wait(box, ANYBODY, at(0)) == pytest.approx(pause)


def test_what_fails_is_tried_again_with_backoff_and_never_given_up() -> None:
    box, now, pauses = with_items("a"), 3.0, []
    for _ in range(12):
        box = outbox.failed(outbox.taken(box), PACE, at(now), doubt=False)
        pause = outbox.wait(box, ANYBODY, at(now))
        assert pause is not None
        pauses.append(pause)
        now += pause
    assert pauses[:4] == pytest.approx([5, 10, 20, 40])
    assert pauses[-1] == pytest.approx(600)
    assert (box.waiting, box.retrying) == ((Item("a"),), 1)
    assert outbox.sent(outbox.taken(box), PACE, at(now)).failures == 0


def test_what_is_in_doubt_is_marked_and_waits_a_minute() -> None:
    box = outbox.failed(outbox.taken(with_items("a")), PACE, at(3.0), doubt=True)
    assert box.waiting == (Item("a", again=True),)
    assert outbox.wait(box, ANYBODY, at(3.0)) == pytest.approx(60)
    box = outbox.failed(outbox.taken(box), PACE, at(63.0), doubt=False)
    assert box.waiting == (Item("a", again=True),)


def test_only_so_many_wait_and_the_oldest_go() -> None:
    box = with_items(*map(str, range(WAITING_AT_MOST)))
    box, left_out = outbox.added(box, [Item("new")], PACE, at(1.0))
    assert [item.key for item in left_out] == ["0"]
    assert box.waiting[-1] == Item("new")
    assert len(box.waiting) == WAITING_AT_MOST


@pytest.mark.parametrize(
    ("begins", "ends", "now", "until"),
    [
        ("22:00", "07:00", "2027-01-06T23:00:00-05:00", "2027-01-07T07:00:00-05:00"),
        ("22:00", "07:00", "2027-01-07T06:59:00-05:00", "2027-01-07T07:00:00-05:00"),
        ("22:00", "07:00", "2027-01-07T07:00:00-05:00", None),
        ("22:00", "07:00", "2027-01-06T21:59:59-05:00", None),
        ("12:00", "14:00", "2027-01-06T13:00:00-05:00", "2027-01-06T14:00:00-05:00"),
        ("12:00", "14:00", "2027-01-06T14:00:00-05:00", None),
        ("22:00", "07:00", "2027-03-13T23:00:00-05:00", "2027-03-14T07:00:00-04:00"),  # summer time comes
    ],
)
def test_quiet_hours_end_on_the_wall_of_their_zone(begins: str, ends: str, now: str, until: str | None) -> None:
    quiet = Quiet(time.fromisoformat(begins), time.fromisoformat(ends), "America/New_York")
    found = quiet.until(datetime.fromisoformat(now).astimezone(UTC))
    assert found == (None if until is None else datetime.fromisoformat(until))


def test_in_quiet_hours_everything_waits_for_their_end() -> None:
    quiet = Rules("phone", quiet=Quiet(time(11), time(13), "UTC"))
    box = with_items("a")
    assert outbox.wait(box, quiet, at(0)) == pytest.approx(3600)
    assert outbox.wait(box, quiet, at(3600)) == 0.0


@pytest.mark.parametrize(
    ("gateway", "severity", "wanted"),
    [
        ("live", Severity.CRITICAL, True),
        ("live", Severity.WARNING, True),
        ("live", Severity.INFO, False),
        ("paper", Severity.CRITICAL, False),
        ("", Severity.CRITICAL, True),
    ],
)
def test_a_target_hears_of_its_gateways_and_of_the_supervisor(gateway: str, severity: Severity, wanted: bool) -> None:
    rules = Rules("phone", gateways=frozenset({"live"}))
    assert rules.want(gateway, severity) is wanted
