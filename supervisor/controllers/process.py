"""A process of this machine, by arguments of its command line: whether it runs, and which one it is."""

from supervisor.controllers import processes
from supervisor.controllers.base import unknown
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import Sight


class Process:
    """Looks through `/proc`."""

    every = 2.0
    patience = 1.0

    def __init__(self, asked: settings.Process) -> None:
        self._match = asked.match

    def look(self) -> Sight:
        """Look once."""
        if processes.hidden():
            return unknown("the command lines of other users are hidden from this one")
        found = processes.matching(self._match)
        if len(found) > 1:
            return Sight(running=True, words=f"{len(found)} processes have these arguments: name more of them")
        return Sight(process=found[0] if found else None, running=bool(found))
