"""The simulated gateway: a real TCP server that speaks TWS's protocol and misbehaves on command.

```python
with SimulatedGateway(Scenario(server_version=176)) as gateway:
    connect_to("127.0.0.1", gateway.port)
    gateway.do("notice", code=1100, text="Connectivity between IBKR and Trader Workstation has been lost.")
    gateway.do("refuse", for_=5.0)  # drops the sessions by RST, and is back by itself
    gateway.do("heal")
    gateway.clients  # [Client(client_id=7, server_version=176, ready=True)]
    gateway.received[49]  # how many REQ_CURRENT_TIME came
```

The words, with their arguments; `for_` (seconds or "5s") heals a fault by itself, without it the fault stays until
`heal`:

- said to every started client: `notice` code text request; `garbage` mode; `oversize` size; `burst_4096` quiet
- the port: `refuse` for sessions (drop, keep); `accept_again`; `port_changed` port; `restart` for then then_for
- new connections, one at a time: `close_on_accept` for how (fin, rst); `mute`; `half_handshake`; `split_handshake`
  gap; `greeting_with_handshake`; `error_before_handshake` code text; `bad_version`; `not_tws`; `never_ready`; all
  with `for`
- live sessions: `freeze` for; `thaw`; `rst`; `fin`; `half_open`; `ghost` for client_id
- answers: `ignore_time` for; `delay` by for; `no_contracts` mode (silent, error) for; `slow_writes` gap bytes for
- IBKR and others: `upstream_lost` for data (maintained, lost) repeat; `farm_broken` farm for; `competing_session` for;
  `no_quotes` for
- orders and prices: `drop_orders` for; `reject_orders` code text for; `fill` order client quantity price;
  `cancel_order` order client reason; `price` contract last bid ask; `position` contract quantity cost account
- settings: `clock` offset timezone for; `accounts` accounts for; `next_valid_id` id; `server_version` version;
  `greeting` greeting; `fills` mode (market, never) parts apart; `market` state (open, closed); `master_client` id;
  `pacing` on; `push_orders` on; `read_only` on; `time_throttle` per (connection, gateway)
- `heal`: everything as the scenario's head says, on the first port; `state`: what it is like now
- with every word: `after`, `times`, `every`

`ghost`: from now on a client id stays occupied for `for` after its session ended; with `client_id` only that id is,
at once. `freeze`: sockets stay open, the kernel still accepts, nothing is read or answered; what has queued up is
answered after `thaw`. `half_open`: the sessions of this moment are never answered again; new ones are. What a session
met at its handshake stays with it when the fault is healed.

Rooms: `wire` (bytes, requests), `says` (every message in both layouts), `state` (instruments, prices, orders,
accounts), `answers` (a healthy gateway), `behaviour` (what is wrong), `scenario` (words and files), `connection`
(sockets), `engine` (the gateway itself), `fleet` (threads), `app` (the command). Nothing here imports the daemon. The
names below are loaded when they are first used, so that pytest can look for the plugin without paying for it.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervisor.simulator.clock import ManualClock
    from supervisor.simulator.engine.server import Client
    from supervisor.simulator.fleet import Fleet, SimulatedGateway
    from supervisor.simulator.scenario.files import Scenario, ScenarioError, load, parse, step
    from supervisor.simulator.scenario.words import Step
    from supervisor.simulator.settings import Settings
    from supervisor.simulator.testing import Gateway

_HOME = {
    "Client": "engine.server",
    "Fleet": "fleet",
    "Gateway": "testing",
    "ManualClock": "clock",
    "Scenario": "scenario.files",
    "ScenarioError": "scenario.files",
    "Settings": "settings",
    "SimulatedGateway": "fleet",
    "Step": "scenario.words",
    "load": "scenario.files",
    "parse": "scenario.files",
    "step": "scenario.files",
}

__all__ = [
    "Client",
    "Fleet",
    "Gateway",
    "ManualClock",
    "Scenario",
    "ScenarioError",
    "Settings",
    "SimulatedGateway",
    "Step",
    "load",
    "parse",
    "step",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
