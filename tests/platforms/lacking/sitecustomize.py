"""What other systems lack, taken away before a program begins: put this folder first on PYTHONPATH.

The names go from the modules of C, so that the standard library itself is set up as on a system without them: `signal`
makes no SIGHUP, `selectors` finds neither poll nor epoll, and `socket` makes its pairs out of TCP connections.
"""

import _socket
import importlib
import select
import sys
import time
from types import ModuleType

_signal = importlib.import_module("_signal")  # of which nobody has the types
LACKING: tuple[tuple[ModuleType, str], ...] = (
    (time, "CLOCK_BOOTTIME"),
    (_signal, "SIGHUP"),
    (_signal, "pthread_sigmask"),
    (_signal, "sigwait"),
    (select, "poll"),
    (select, "epoll"),
    (select, "PIPE_BUF"),
    (_socket, "MSG_DONTWAIT"),
    (_socket, "AF_UNIX"),
    (_socket, "socketpair"),
)


def no_proc(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: there is no /proc."""
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith("/proc"):
        raise FileNotFoundError(2, "No such file or directory", arguments[0])


early = sorted({"socket", "signal", "selectors"} & sys.modules.keys())
if early:
    raise ImportError(f"imported before anything could be taken away: {early}")
for module, name in LACKING:
    delattr(module, name)
sys.addaudithook(no_proc)
