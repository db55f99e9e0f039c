"""A journal of 400 days answers as quickly as is promised. Of the processor, so that a busy machine changes nothing."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bench.history import asked, fill


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "journal.db"
    fill(path, 400)
    return path


@pytest.mark.parametrize(("days", "promised"), [(30, 0.3), (1, 0.2)])
def test_a_long_journal_answers_at_once(path: Path, days: int, promised: float) -> None:
    asked(path, timedelta(days=days))
    begun = time.process_time()
    assert asked(path, timedelta(days=days)).count('"began"') == 18 * days
    assert time.process_time() - begun < promised
