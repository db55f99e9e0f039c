"""Your own program, kept alive: sessions of this project for a program that is written against `ibapi`.

```python
from supervisor.host import Host

host = Host(App, port=4001, client_id=17, daily_restart={"time": "23:45", "timezone": "America/New_York"})
host.run()
```
"""

from supervisor.gateway.hosted.errors import BadProgram, NotSent, Why
from supervisor.host.host import Host
from supervisor.host.subscriptions import Subscription
from supervisor.host.told import Loss, Queue, Ready, Reconciled

__all__ = ["BadProgram", "Host", "Loss", "NotSent", "Queue", "Ready", "Reconciled", "Subscription", "Why"]
