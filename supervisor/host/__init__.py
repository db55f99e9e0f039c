"""For people's own programs: kept alive by this project's sessions, and told when orders are safe.

```python
from supervisor.host import Host

host = Host(App, port=4001, client_id=17, daily_restart={"time": "23:45", "timezone": "America/New_York"})
host.run()
```

Nothing of the daemon is imported, and neither web, terminal, yaml nor pydantic. `Gate` needs the standard library
alone; all else is loaded when it is first used, and ibapi with it.
"""

import importlib
from typing import TYPE_CHECKING

from supervisor.observe.gate.reader import Check, Gate

if TYPE_CHECKING:
    from supervisor.gateway.hosted.errors import BadProgram, NotSent, Why
    from supervisor.host.gate import HostGate
    from supervisor.host.host import Host
    from supervisor.host.subscriptions import Subscription
    from supervisor.host.told import Loss, Queue, Ready, Reconciled

_HOME = {
    "BadProgram": "supervisor.gateway.hosted.errors",
    "Host": "supervisor.host.host",
    "HostGate": "supervisor.host.gate",
    "Loss": "supervisor.host.told",
    "NotSent": "supervisor.gateway.hosted.errors",
    "Queue": "supervisor.host.told",
    "Ready": "supervisor.host.told",
    "Reconciled": "supervisor.host.told",
    "Subscription": "supervisor.host.subscriptions",
    "Why": "supervisor.gateway.hosted.errors",
}

__all__ = [
    "BadProgram",
    "Check",
    "Gate",
    "Host",
    "HostGate",
    "Loss",
    "NotSent",
    "Queue",
    "Ready",
    "Reconciled",
    "Subscription",
    "Why",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
