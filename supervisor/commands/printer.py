"""The one printer of the command line: nothing that came from outside reaches a terminal as more than text.

- A gateway, or whatever answers in the daemon's place, could move the cursor, set the title, paint over a line or turn
  its letters around (bidi overrides). Such signs are shown as escapes instead.
- A line stays one line: a text cannot add one that looks like ours.
- What goes through rich goes through `supervisor.commands.terminal`, by the same rule; a test sees to it that nothing
  else in this folder prints.
"""

import json
import sys
from typing import Any

from supervisor.observe.masking import clean


def say(*lines: object, err: bool = False, flush: bool = False) -> None:
    """Print lines, each of which stays one; none is an empty one. To standard error if `err`."""
    text = "\n".join(clean(str(line)) for line in lines)
    print(text, file=sys.stderr if err else sys.stdout, flush=flush)


def say_text(text: object, *, err: bool = False) -> None:
    """Print a text of ours, which has lines of its own."""
    say(*str(text).split("\n"), err=err)


def say_json(value: Any) -> None:
    """Print it as JSON, in which every sign that is no plain one is escaped."""
    print(json.dumps(value, indent=2).replace("\x7f", "\\u007f"))
