"""One real daemon for all faults: each test adds a gateway of its own by a reload, and takes it away again.

So the same process lives through every fault there is; and beside each stands a witness, a gateway with which nothing
is ever wrong.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from supervisor.simulator import Fleet, Scenario, SimulatedGateway
from tests.daemon.running import Running, gateways, quick

LOST = "Connectivity between IBKR and Trader Workstation has been lost."
BACK = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
WITNESS = "witness"


class Place:
    """A simulated gateway, and what the daemon says of it."""

    def __init__(self, daemon: Running, gateway: SimulatedGateway, name: str) -> None:
        self.daemon = daemon
        self.gateway = gateway
        self.name = name

    def do(self, word: str, **arguments: Any) -> dict[str, Any]:
        """Let something happen to the gateway."""
        return self.gateway.do(word, **arguments)

    def notice(self, code: int, text: str, **more: Any) -> None:
        """Let the gateway tell a message code."""
        self.gateway.do("notice", code=code, text=text, **more)

    def metric(self, name: str, **labels: str) -> float | None:
        """One sample of this gateway."""
        return self.daemon.metric(name, gateway=self.name, **labels)

    def metrics(self, name: str, by: str, **labels: str) -> dict[str, float]:
        """Samples of this gateway by a label."""
        return self.daemon.metrics(name, by, gateway=self.name, **labels)

    def counted(self, name: str, by: str, **labels: str) -> dict[str, float]:
        """The samples that are not 0."""
        return {label: value for label, value in self.metrics(name, by, **labels).items() if value}

    @property
    def failures(self) -> dict[str, float]:
        """Failed attempts by reason."""
        return self.counted("ib_connect_failures_total", "reason")

    @property
    def losses(self) -> dict[str, float]:
        """Unplanned losses of the session by reason."""
        return self.counted("ib_session_losses_total", "reason", planned="false")

    @property
    def layers(self) -> list[str]:
        """The layers that are up, from the bottom."""
        return list(self.counted("ib_layer_up", "layer"))

    @property
    def status(self) -> str:
        """The one status that is set."""
        (found,) = self.counted("ib_gateway_status", "ib_gateway_status")
        return found

    @property
    def known(self) -> dict[str, Any]:
        """What the API says."""
        return self.daemon.status(self.name)

    @property
    def epoch(self) -> int:
        """Of the session."""
        return int(self.known["epoch"])

    @property
    def messages(self) -> float:
        """All message codes heard."""
        return sum(self.metrics("ib_messages_total", "code").values())

    @property
    def log(self) -> list[str]:
        """The daemon's lines about this gateway."""
        return [line for line in self.daemon.log if f" {self.name}: " in line]

    def said(self, *words: str) -> list[str]:
        """Those with all of these words."""
        return [line for line in self.log if all(word in line for word in words)]

    def until(self, predicate: Callable[[], object], timeout: float = 40.0, what: str = "") -> None:
        """Wait."""
        try:
            self.daemon.until(predicate, timeout, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.known}") from None

    def wait_up(self) -> None:
        """Wait until every layer is up."""
        self.until(lambda: self.metric("ib_up") == 1, what=f"{self.name} is up")

    def tell(self, what: str) -> None:
        """Be the operator; `what` is the last part of the path."""
        assert self.daemon.post(f"/api/v1/gateways/{self.name}/{what}") == 204


class Site:
    """The daemon, the witness, and whatever gateways a test needs."""

    def __init__(self, folder: Path, fleet: Fleet) -> None:
        self._fleet = fleet
        self.healthy = SimulatedGateway(fleet=fleet)
        self._config = {WITNESS: quick(self.healthy.port, WITNESS, client_id=1)}
        self._places: dict[str, Place] = {}
        self._names = 0
        self.daemon = Running(folder, self._text())
        self.witness = Place(self.daemon, self.healthy, WITNESS)
        self.daemon.wait_up()
        self.memory = self.daemon.memory()

    def _text(self) -> str:
        return gateways(*self._config.values())

    def _reload(self) -> None:
        self.daemon.reload(self._text())

    def new_name(self) -> str:
        """Short, and never given twice: the log is shared."""
        self._names += 1
        return f"g{self._names}"

    def gateway(self, scenario: Scenario | None = None) -> SimulatedGateway:
        """One that the daemon does not know yet."""
        return SimulatedGateway(scenario, fleet=self._fleet)

    def add(self, name: str, gateway: SimulatedGateway | None = None, *, up: bool = True, **keys: Any) -> Place:
        """A gateway and its entry in the config; waits until it is up unless told otherwise."""
        found = gateway if gateway is not None else self.gateway()
        place = self._places[name] = Place(self.daemon, found, name)
        self.change(place, **keys)
        if up:
            place.wait_up()
        return place

    def change(self, place: Place, **keys: Any) -> None:
        """Another entry for it in the config."""
        keys = {"port": place.gateway.port, "client_id": 911, **keys}
        self._config[place.name] = quick(name=place.name, **keys)
        self._reload()

    def clear(self) -> None:
        """Take away all but the witness."""
        if self._places:
            for name in self._places:
                del self._config[name]
            self._reload()
        for place in self._places.values():
            place.gateway.close()
        self._places.clear()

    def close(self) -> None:
        """End it all."""
        self.healthy.close()
        self.daemon.end()
