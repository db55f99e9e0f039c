"""The one printer of the command line. Text from outside reaches the terminal as text only.

- A gateway, or a program that answers in the daemon's place, could send codes that move the cursor, set the title,
  overwrite a line or reverse its letters (bidi overrides). Such characters are shown as escapes.
- A line stays one line, so a text cannot add a line that looks like ours.
- Output of rich follows the same rule in `terminal`, beside this. A test checks that no command prints otherwise.
"""

import json
import sys
from typing import Any

from supervisor.observe.masking import clean


def say(*lines: object, err: bool = False, flush: bool = False) -> None:
    """Print each of these on a line of its own. Without any, print an empty line. `err` is for standard error."""
    text = "\n".join(clean(str(line)) for line in lines)
    print(text, file=sys.stderr if err else sys.stdout, flush=flush)


def say_text(text: object, *, err: bool = False) -> None:
    """Print a text of our own, which may have several lines."""
    say(*str(text).split("\n"), err=err)


def say_json(value: Any) -> None:
    """Print it as JSON in plain ASCII. All other characters are escaped."""
    print(json.dumps(value, indent=2).replace("\x7f", "\\u007f"))
