"""Every incident is told as its story says, and as docs/alerts.md says."""

from pathlib import Path

import pytest

from supervisor.core.model.pages import PAGES, Severity
from tests.deploy.stories.measure import told
from tests.deploy.stories.page import PAGE, policy_table, story_row
from tests.deploy.stories.stories import STORIES, Story
from tests.deploy.tools import needs


@needs("promtool")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.play.__name__)
def test_an_incident_is_told_as_the_page_says(story: Story, tmp_path: Path) -> None:
    messages = told(story.play(), tmp_path)
    assert tuple(message.word for message in messages) == story.told
    assert story_row(story, messages) in PAGE.read_text(encoding="utf-8"), "run python -m tests.deploy.stories"


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
