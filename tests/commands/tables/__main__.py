"""`python -m tests.commands.tables` writes what is expected. Look at the difference before you keep it."""

import os
import tempfile
import time
from pathlib import Path

from tests.commands.tables.shown import EXPECTED, WIDTHS, name_of, shown

if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    EXPECTED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for width in WIDTHS:
            for table, text in shown(width, Path(folder)).items():
                name_of(table, width).write_text(text, encoding="utf-8")
