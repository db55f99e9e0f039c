"""The script of the race: each fault, what begins it, what ends it, and what is true meanwhile.

- A fault lasts up to `spread` seconds longer than its name says, drawn anew for each run: else the periods of those who
  retry every 5 s would fit it, or just not.
- `begin` and `end` are done to each racer's own simulated gateway at the same time.
- `broken` is whether a program could not use the connection while it lasted: a claim to be connected is then false.
- `sound` is whether the API session stayed well: to end it was needless.
- In the middle of each fault that is `broken`, an order of the program's client id is filled: whether the program
  hears of it, then or later, is counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from supervisor.simulator import SimulatedGateway

Deed = Callable[[SimulatedGateway], object]

CLIENT_ID = 911
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
RESTORED = (
    "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
    "All data farms are connected: usfarm; ushmds; secdefnj."
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the script; `seconds` from its cause to the cause's end."""

    name: str
    seconds: float
    begin: Deed
    end: Deed
    spread: float = 5.0
    broken: bool = True
    sound: bool = False
    restart: bool = False
    """It is the scheduled restart: this daemon is told its minute, as an operator would."""
    messages: bool = False
    """What counts is whether the program heard every message."""
    killed: bool = False
    """A daemon is killed as it begins, and started anew at its end; what counts is what its gate says."""
    walled: bool = False
    """The network is away: packets get no answer, so that a new connection times out."""
    suspicion: bool = False
    """A hang: the first suspicion counts, too."""


def _then(*deeds: Deed) -> Deed:
    def do(gateway: SimulatedGateway) -> None:
        for deed in deeds:
            deed(gateway)

    return do


def _word(word: str, **arguments: object) -> Deed:
    return lambda gateway: gateway.do(word, **arguments)


_HEAL = _word("heal")

PORT = "port closed for 35 s"
HANG = "hang of 60 s, sockets open"
IBKR_AWAY = "1100, then 1102 after 20 s"
FARM = "farm broken for 5 s (2103, 2104)"
DAILY = "daily restart, port closed for 60 s"
NETWORK = "network away for 35 s"
KILLED = "kill -9 of the daemon, and a hang of 15 s"

SCRIPT: Sequence[Fault] = (
    Fault(PORT, 35.0, _word("refuse"), _HEAL),
    Fault(HANG, 60.0, _word("freeze"), _HEAL, suspicion=True),
    Fault(
        IBKR_AWAY,
        20.0,
        _word("notice", code=1100, text=LOST),
        _word("notice", code=1102, text=RESTORED),
        sound=True,
    ),
    Fault("accepts, then closes, for 35 s", 35.0, _then(_word("close_on_accept"), _word("rst")), _HEAL),
    Fault("mute handshake for 35 s", 35.0, _then(_word("mute"), _word("rst")), _HEAL),
    Fault(
        FARM,
        5.0,
        _word("notice", code=2103, text="Market data farm connection is broken:usfarm"),
        _word("notice", code=2104, text="Market data farm connection is OK:usfarm"),
        spread=0.0,
        broken=False,
        sound=True,
    ),
    Fault(DAILY, 60.0, _word("refuse"), _HEAL, restart=True),
    Fault(
        "messages that fill exactly 4096 bytes",
        2.0,
        _word("burst_4096", quiet=1.5),
        _word("notice", code=2106, text="HMDS data farm connection is OK:ushmds"),
        spread=0.0,
        broken=False,
        sound=True,
        messages=True,
    ),
    Fault(
        "326: a ghost has the client id for 20 s",
        20.0,
        _then(_word("ghost", for_=60.0), _word("rst")),
        _HEAL,
    ),
    Fault(NETWORK, 35.0, _word("freeze"), _HEAL, walled=True),
    Fault(KILLED, 15.0, _word("freeze"), _HEAL, spread=0.0, killed=True),
)
"""The faults, in their order."""
