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
- new connections, one at a time: `close_on_accept` for how (fin, rst); `mute`; `half_handshake`; `split_handshake` gap;
  `greeting_with_handshake`; `error_before_handshake` code text; `bad_version`; `not_tws`; `never_ready`; all with `for`
- live sessions: `freeze` for; `thaw`; `rst`; `fin`; `half_open`; `ghost` for client_id
- answers: `ignore_time` for; `delay` by for; `no_contracts` mode (silent, error) for; `slow_writes` gap bytes for
- settings: `clock` offset timezone for; `accounts` accounts for; `next_valid_id` id; `server_version` version;
  `greeting` greeting
- `heal`: everything as the scenario's head says, on the first port; `state`: what it is like now
- with every word: `after`, `times`, `every`

`ghost`: from now on a client id stays occupied for `for` after its session ended; with `client_id` only that id is,
at once. `freeze`: sockets stay open, the kernel still accepts, nothing is read or answered; what has queued up is
answered after `thaw`. `half_open`: the sessions of this moment are never answered again; new ones are. What a session
met at its handshake stays with it when the fault is healed.

Modules: `wire` (bytes), `messages` and `requests` (layouts by server version), `answers` (a healthy gateway),
`behaviour` (what is wrong), `words` and `scenario` (steps and files), `link` and `listening` (sockets), `session`,
`server`, `fleet` (threads), `control` (JSON lines), `app` (the command). Nothing here imports the daemon.
"""

from supervisor.simulator.fleet import Fleet, SimulatedGateway
from supervisor.simulator.scenario import Scenario, ScenarioError, load, parse, step
from supervisor.simulator.server import Client
from supervisor.simulator.settings import Settings
from supervisor.simulator.words import Step

__all__ = [
    "Client",
    "Fleet",
    "Scenario",
    "ScenarioError",
    "Settings",
    "SimulatedGateway",
    "Step",
    "load",
    "parse",
    "step",
]
