"""The race's own arithmetic: claims on a clock, medians with never in them, tables between markers."""

from pathlib import Path

import pytest

from tests.race.figures import median, ratio, seconds, spread, table, write_between
from tests.race.timeline import Timeline, Word


def claims(*words: tuple[float, str]) -> Timeline:
    line = Timeline()
    for at, says in words:
        line.add(Word(at, says))
    return line


def test_a_word_said_twice_is_one_edge() -> None:
    line = claims((1.0, "up"), (2.0, "down"), (3.0, "down"), (4.0, "up"))
    assert line.edge(False, 1.5) == 2.0
    assert line.edge(False, 2.5) is None
    assert line.seconds(True, 0.0, 10.0) == 1.0 + 6.0
    assert line.seconds(False, 0.0, 10.0) == 1.0 + 2.0


def test_time_before_the_first_word_is_not_up() -> None:
    assert not Timeline().up
    assert not claims((5.0, "up")).up_at(4.9)
    assert claims((5.0, "up")).up_at(5.0)


def test_the_last_edge_is_the_one_that_held() -> None:
    line = claims((1.0, "up"), (2.0, "down"), (3.0, "up"), (4.0, "down"), (5.0, "up"))
    assert line.last_edge(True, 2.5, 9.0) == 5.0
    assert line.last_edge(True, 2.5, 4.5) == 3.0


def test_other_words_are_counted_and_change_no_claim() -> None:
    line = claims((1.0, "up"), (2.0, "restart"), (3.0, "restart"))
    assert line.up
    assert line.count("restart", 0.0, 2.5) == 1
    assert line.first("restart", 2.5) == 3.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 3.0], 2.0), ([1.0, None, 2.0], 2.0), ([1.0, None], None), ([None], None), ([], None)],
)
def test_never_is_later_than_everything(values: list[float | None], expected: float | None) -> None:
    assert median(values) == expected


def test_figures_as_people_read_them() -> None:
    assert [seconds(value) for value in (None, 0.0042, 0.25, 9.5, 31.04)] == [
        "never",
        "4 ms",
        "0.25 s",
        "9.50 s",
        "31.0 s",
    ]
    assert spread([1.0, 2.0, None]) == "2.00 s (1.00 s to never)"
    assert (ratio(2.0, 31.0), ratio(2.0, 3.0), ratio(None, 3.0)) == ("16x", "1.5x", "-")


def test_a_table_replaces_only_what_is_between_its_markers(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text("before\n<!-- race -->\nold\n<!-- /race -->\nafter\n")
    write_between(document, "race", table(["a", "b"], [["1", "22"]]))
    assert document.read_text() == (
        "before\n<!-- race -->\n| a | b  |\n| - | -- |\n| 1 | 22 |\n<!-- /race -->\nafter\n"
    )
    with pytest.raises(ValueError, match="no markers"):
        write_between(document, "bench", "text")
