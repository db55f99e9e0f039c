"""An operator's own program, which prints where the login stands.

- Its last line that is not empty counts: a state of `LoginState`, or `unknown`, and then words for a person. A word
  `pid=N` among them names the gateway's process.
- It gets no input, its errors are not read, and it has a time limit. Then it and what it started are killed: a program
  that hangs is started again at the next look, never beside itself.
- An exit status other than 0 means that nothing is known.
"""

import re
import subprocess
import tempfile

from supervisor.controllers import processes
from supervisor.controllers.base import MOST_BYTES, unknown
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import LoginState, Sight
from supervisor.platform import end_group, in_own_group

_PID = re.compile(r"\bpid=(\d{1,10})\b", re.ASCII)
_WORDS = 200


class Command:
    """Runs the program and reads its last line."""

    def __init__(self, asked: settings.Command) -> None:
        self._argv = asked.argv
        self._timeout = asked.timeout
        self.every = asked.every
        self.patience = asked.timeout + 1.0

    def look(self) -> Sight:
        """Run it once."""
        with tempfile.TemporaryFile() as output:
            try:
                program = subprocess.Popen(
                    self._argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.DEVNULL,
                    **in_own_group(),
                )
            except (OSError, ValueError) as error:
                return unknown(f"the command cannot be started: {error}")
            try:
                status = program.wait(self._timeout)
            except subprocess.TimeoutExpired:
                return unknown(f"the command took longer than {self._timeout:g} s")
            finally:
                end_group(program)
            output.seek(0)
            text = output.read(MOST_BYTES).decode("utf-8", "replace")
        if status != 0:
            return unknown(f"the command ended with status {status}")
        return said(text)


def said(text: str) -> Sight:
    """What a program printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    word, _, words = lines[-1].partition(" ") if lines else ("", "", "")
    words = words.strip()[:_WORDS]
    if word == "unknown":
        return unknown(words)
    try:
        state = LoginState(word)
    except ValueError:
        return unknown("the command printed no state" if word else "the command printed nothing")
    named = _PID.search(words)
    process = processes.identify(int(named[1])) if named is not None else None
    return Sight(state, process=process, running=state is not LoginState.NOT_RUNNING, words=words)
