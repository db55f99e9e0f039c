"""What one fault did to one racer: seconds on a clock, and the rows of the tables."""

import re
from dataclasses import replace

from tests.race import report
from tests.race.course import Results
from tests.race.doors import BY_FILE, BY_HTTP
from tests.race.faults import DAILY, FARM, HANG, IBKR_AWAY, KILLED, NETWORK, PORT, SCRIPT
from tests.race.figures import ROOT
from tests.race.racers import DOOR, HOSTED, KEPT, NAUTILUS, NEW_IBAPI, OURS, RECOVERY, STOQEY, WATCHDOG
from tests.race.scoring import Moments, Result, Sending, judged, missed, sending
from tests.race.test_judging import claims
from tests.race.timeline import Timeline, Word

MOMENTS = Moments(begun=10.0, ended=30.0, until=50.0)
READY = Result(ready=True)


def test_found_and_back_count_from_the_beginning_and_the_end_of_the_cause() -> None:
    line = claims((1.0, "up"), (12.0, "suspect"), (15.0, "down"), (33.0, "up"))
    told = judged(line, MOMENTS, READY, broken=True)
    assert (told.suspected, told.found, told.back, told.again) == (2.0, 5.0, 3.0, 23.0)
    assert (told.noticed, told.early, told.false) == (True, False, 5.0)


def test_who_says_nothing_is_never_back_and_told_connected_all_the_time() -> None:
    told = judged(claims((1.0, "up")), MOMENTS, READY, broken=True)
    assert (told.found, told.noticed, told.again, told.false) == (None, False, None, 20.0)


def test_who_is_not_back_at_the_end_is_lost() -> None:
    told = judged(claims((1.0, "up"), (10.0, "down")), MOMENTS, READY, broken=True)
    assert (told.back, told.again) == (None, None)
    assert report.lost({("a", "b"): told, ("c", "b"): replace(told, ready=False)}, "b") == 1


def test_a_claim_to_be_back_while_the_cause_lasts_is_too_early() -> None:
    line = claims((1.0, "up"), (11.0, "down"), (20.0, "up"))
    assert judged(line, MOMENTS, READY, broken=True).early
    assert not judged(line, MOMENTS, READY, broken=False).early


def test_a_door_that_is_open_while_nothing_can_arrive_may_send_and_should_not() -> None:
    door = claims((1.0, "up"), (12.0, "down"), (34.0, "up"))
    assert sending(door, MOMENTS, broken=True) == Sending(wrong=2.0, needless=4.0)


def test_a_door_that_is_shut_while_orders_arrive_may_not_send_and_could() -> None:
    door = claims((1.0, "up"), (12.0, "down"), (34.0, "up"))
    assert sending(door, MOMENTS, broken=False) == Sending(wrong=0.0, needless=22.0)
    assert sending(Timeline(), MOMENTS, broken=True) == Sending(wrong=0.0, needless=20.0)


def test_an_execution_is_missed_if_the_program_knows_nothing_of_it_at_the_end() -> None:
    line = Timeline()
    for at, number in ((31.0, 1), (32.0, 1), (60.0, 2)):
        line.add(Word(at, "fill", number))
    line.add(Word(33.0, "heard", 3))
    assert missed(line, [1], 50.0) == 0
    assert missed(line, [1, 2, 3], 50.0) == 2
    assert line.codes(0.0, 60.0) == [3]


NAMES = (OURS, RECOVERY, HOSTED, KEPT, WATCHDOG, NEW_IBAPI, NAUTILUS, STOQEY)


def played() -> Results:
    """A run in which everybody was wrong for one second of every fault, and asked for one restart."""
    wrong = Sending(1.0, 2.0)
    doors = {OURS: {BY_FILE: wrong, BY_HTTP: wrong}, RECOVERY: {BY_FILE: wrong, BY_HTTP: wrong}}
    return {
        (fault.name, name): Result(
            ready=True,
            found=1.0,
            back=2.0,
            again=3.0,
            noticed=True,
            false=1.0,
            suspected=0.5,
            reconnects=1,
            restarts=1,
            sent=70,
            heard=70,
            filled=1,
            missed=1,
            doors=doors.get(name, {DOOR: wrong}),
        )
        for fault in SCRIPT
        for name in NAMES
    }


def rows(text: str) -> dict[str, list[str]]:
    """The cells of a table by the first of each row."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {first: rest for first, *rest in found}


def test_the_tables_have_their_rows() -> None:
    runs = [played()]
    told = rows(report.connection(runs, NAMES))
    assert told[f"{HANG}: suspected after"][0] == "0.50 s"
    assert not any(KILLED in row for row in told)
    assert told["whole script: told connected, and was not"][0] == f"{len(SCRIPT) - 1:.1f} s"

    sends = rows(report.sending(runs, NAMES))
    assert sends[""][:3] == [BY_FILE, BY_HTTP, HOSTED]
    assert sends[f"{KILLED}: {report.WRONG}"][0] == "1.00 s"
    assert f"{FARM}: {report.WRONG}" not in sends
    assert sends[f"{FARM}: {report.NEEDLESS}"][0] == "2.00 s"
    assert sends[f"whole script: {report.WRONG}"][0] == f"{len(SCRIPT):.1f} s"

    programs = rows(report.programs(runs, NAMES))
    assert programs[""] == [HOSTED, KEPT, WATCHDOG, NEW_IBAPI, NAUTILUS, STOQEY]
    assert {f"{fault}: ready after the port's return" for fault in (PORT, DAILY)} <= programs.keys()
    assert programs[f"whole script: executions missed, of {len(SCRIPT)}"][0] == str(len(SCRIPT))
    assert programs[f"whole script: {report.LOST}"][0] == "0"

    restarts = rows(report.restarting(runs, NAMES))
    assert {f"{fault}; a restart cures nothing" for fault in (IBKR_AWAY, FARM, NETWORK)} <= restarts.keys()
    assert restarts[f"{HANG}; a restart cures it"] == ["1"] * len(NAMES)
    assert restarts[f"{HANG}: up again, from its beginning"][1] == "3.00 s"


def test_the_short_table_says_what_may_be_sent_and_what_was_missed() -> None:
    short = rows(report.short([played()], NAMES))
    assert {
        report.WRONG,
        report.NEEDLESS,
        report.LOST,
        "executions missed",
        "gateway restarts asked for",
    } <= short.keys()
    assert short["executions missed"][0] == "-", "the daemon sends no orders"
    assert RECOVERY not in short["found after / back after its end"]


def test_the_written_tables_have_these_rows_with_their_date_and_commit() -> None:
    page, readme = (rows((ROOT / name).read_text()) for name in ("docs/race.md", "README.md"))
    whole = {report.WRONG, report.NEEDLESS, report.LOST, "gateway restarts asked for"}
    assert {f"whole script: {what}" for what in whole} <= page.keys()
    assert f"{HANG}: suspected after" in page
    assert whole | {"executions missed"} <= readme.keys()
    for name in ("docs/race.md", "README.md"):
        assert re.search(
            r"\nMeasured 20\d\d-\d\d-\d\d on .* Runs of the script: \d.* Commit \w+", (ROOT / name).read_text()
        )
