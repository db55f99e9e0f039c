"""A file that is being written is read when it rests."""

import os
from pathlib import Path

import pytest

from supervisor.config.reading.faults import Faults
from supervisor.config.reading.settled import PATIENCE, RESTS, settled_text
from supervisor.config.web_file import read_web_file


def test_a_file_that_rests_is_read_at_once(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_bytes(b"whole")
    os.utime(file, (1000, 1000))
    assert settled_text(file, Faults(""), pause=lambda _: pytest.fail("waited")) == "whole"


def test_half_a_file_is_read_again_when_the_writer_is_done(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_bytes(b"ha")
    os.utime(file, (1000, 1000))
    now = [1000.1]

    def pause(seconds: float) -> None:
        if now[0] < 1000.5:
            file.write_bytes(b"whole")
            os.utime(file, (1000.3, 1000.3))
        now[0] += seconds

    assert settled_text(file, Faults(""), wall=lambda: now[0], pause=pause) == "whole"
    assert now[0] >= 1000.3 + RESTS


def test_one_that_never_rests_is_read_in_the_end(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_bytes(b"busy")
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        os.utime(file, (1000 + sum(waited), 1000 + sum(waited)))

    os.utime(file, (1000, 1000))
    assert settled_text(file, Faults(""), wall=lambda: 1000 + sum(waited), pause=pause) == "busy"
    assert sum(waited) == pytest.approx(PATIENCE)


def test_a_time_in_the_future_delays_nothing(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_bytes(b"whole")
    assert settled_text(file, Faults(""), wall=lambda: 0.0, pause=lambda _: pytest.fail("waited")) == "whole"


@pytest.mark.parametrize("text", ["", "\n", " \n\n"])
def test_an_empty_file_lets_nobody_in_by_mistake(tmp_path: Path, text: str) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(text)
    os.utime(file, (1000, 1000))
    faults = Faults("web.yaml")
    read_web_file(file, faults)
    assert [str(fault) for fault in faults.told()] == [
        "web.yaml: is empty; write TLS or users into it, or leave web_config out"
    ]
