"""Plays every story and writes the tables of docs/alerts.md. Some minutes."""

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.deploy.stories.measure import told
from tests.deploy.stories.page import PAGE, policy_table, put, story_row, story_table
from tests.deploy.stories.stories import STORIES


def row(number: int) -> str:
    """The row of a story."""
    story = STORIES[number]
    with tempfile.TemporaryDirectory() as folder:
        return story_row(story, told(story.play(), Path(folder)))


def main() -> None:
    """The command."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(row, range(len(STORIES))))
    text = PAGE.read_text(encoding="utf-8")
    text = put(put(text, "policy", policy_table()), "stories", story_table(rows))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
