"""The gateway side at every server version under every supported `ibapi`, and the page that says so."""

import pytest

from tests.judges.matrix import BEGIN, END, PAGE, table

pytestmark = [pytest.mark.judges, pytest.mark.timeout(600)]


def test_the_matrix_is_whole_and_is_the_one_in_the_documentation() -> None:
    text, good = table()
    assert good, text
    written = PAGE.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    assert written == text, "run: python -m tests.judges.matrix --write"
