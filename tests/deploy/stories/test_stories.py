"""Every incident is told as its story says, and as docs/alerts.md says."""

from pathlib import Path

import pytest

from supervisor.core.model.pages import PAGES, Severity
from tests.deploy.stories.measure import told
from tests.deploy.stories.page import PAGE, policy_table, story_row
from tests.deploy.stories.stories import STORIES, Story
from tests.deploy.tools import needs

ALWAYS = frozenset(
    {
        # What is told of most, and what is rightly told of nobody.
        *("flap", "brief", "down", "restart", "reset", "maintenance", "upgrade", "standby"),
        # One of each pattern that wakes somebody, at its shortest.
        *("flapping", "overdue", "login", "upstream", "upstream_in_pieces", "farm_by_day", "mismatch", "killed"),
        *("crash_loop", "no_quotes", "desupported_tomorrow"),
        # What silences something else.
        *("taken_over", "blind", "approval"),
    }
)
"""What `make test` plays; `make long` plays the rest."""


@needs("promtool")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "story",
    [
        pytest.param(story, id=story.play.__name__, marks=() if story.play.__name__ in ALWAYS else pytest.mark.long)
        for story in STORIES
    ],
)
def test_an_incident_is_told_as_the_page_says(story: Story, tmp_path: Path) -> None:
    messages = told(story.play(), tmp_path)
    assert tuple(message.word for message in messages) == story.told
    assert story_row(story, messages) in PAGE.read_text(encoding="utf-8"), "run python -m tests.deploy.stories"


def test_each_pattern_that_wakes_somebody_is_always_played() -> None:
    assert {story.play.__name__ for story in STORIES} >= ALWAYS
    always = [story.told for story in STORIES if story.play.__name__ in ALWAYS]
    pages = {word for story in STORIES for word in story.told if word.startswith("critical")}
    assert pages <= {word for told in always for word in told}
    assert () in always


def test_every_story_has_a_row_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [story.what for story in STORIES if f"\n| {story.what} | " not in page] == []


def test_no_cause_pages_twice_and_at_least_thirty_are_told_of() -> None:
    assert len(STORIES) >= 30
    for story in STORIES:
        pages = [word for word in story.told if word.startswith("critical")]
        assert len(pages) <= (2 if "supervisor dies too" in story.what else 1), "two causes, two pages"


def test_the_policy_on_the_page_is_the_table() -> None:
    assert policy_table() in PAGE.read_text(encoding="utf-8"), "run python -m tests.deploy.stories"


def test_every_pattern_that_is_told_has_a_story() -> None:
    told_of = {word for story in STORIES for word in story.told}
    rows = {f"{page.severity} {page.name}" for page in PAGES if page.severity is not Severity.INFO}
    assert rows - told_of == set()
