"""The program of docs/ib-async.md is Python, and what it uses of ours is there."""

import re
from pathlib import Path

from supervisor.host import Gate

PAGE = Path(__file__).parents[2] / "docs" / "ib-async.md"


def test_the_program_compiles_and_its_gate_can_be_asked(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    compile(program, str(PAGE), "exec")
    (place,) = re.findall(r'Gate\("(.*?)"\)', program)
    assert not Gate(tmp_path / Path(place).name).check().open, "without a daemon it is closed, unless told otherwise"
