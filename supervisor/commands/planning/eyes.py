"""What the daemon would look at behind a gateway's port, and what that costs."""

from collections.abc import Iterator
from typing import assert_never

from supervisor.config.values.readers import Endpoint
from supervisor.controllers.ibc import ASKED_EVERY
from supervisor.controllers.kinds import controller_of
from supervisor.core.calendar.durations import written
from supervisor.core.model.behind.canary import CanaryContract, CanaryPolicy
from supervisor.core.model.behind.controller import Command, Container, Controller, Ibc, Ibc2, Ibg, Process, Unit
from supervisor.core.model.policy import Policy
from supervisor.core.model.recovery.rules import Rung


def eyes(policy: Policy) -> Iterator[tuple[str, str]]:
    """The lines of the plan: controller, kernel, canary."""
    if policy.controller is not None:
        every = written(controller_of(policy.controller).every)
        yield "controller", f"{policy.controller.kind}: {_asked(policy.controller)}, every {every}; {_sent(policy)}"
    if policy.kernel:
        yield "kernel", "asked once a second for the sockets on the gateway's port"
    if policy.canary is not None:
        yield from (("canary", line) for line in _canary(policy.canary))


def _sent(policy: Policy) -> str:
    """What it may be told to do."""
    recovery = policy.recovery
    if recovery is None or recovery.dry_run:
        return "only read"
    rungs = [each.rung.value for each in recovery.rungs if each.rung is not Rung.COMMAND]
    return f"read, and sent {', '.join(rungs)} by recovery" if rungs else "only read"


def _asked(controller: Controller) -> str:
    """Who is asked for the login state."""
    match controller:
        case Ibc(log=None):
            return f"{_server(controller)}, without a log, so that no dialog is known"
        case Ibc():
            return f"{_server(controller)}, and its log {controller.log}"
        case Ibc2():
            return f"its events in {controller.events}"
        case Ibg():
            return f"its health page {controller.health}"
        case Unit():
            whose = "this user's" if controller.user else "the system's"
            return f"systemctl show of {whose} {controller.unit}"
        case Container():
            return f"what its host writes to {controller.status}"
        case Process():
            return f"the processes of this machine with {' '.join(controller.match)} in their command line"
        case Command():
            return f"{' '.join(controller.argv)}, killed after {written(controller.timeout)}"
        case _ as never:
            assert_never(never)


def _server(controller: Ibc) -> str:
    where = Endpoint(controller.host, controller.port)
    return f"its command server at {where} (every {written(ASKED_EVERY)} once it runs)"


def _canary(canary: CanaryPolicy) -> Iterator[str]:
    count = len(canary.contracts)
    yield f"a connection of its own with client id {canary.client_id}, one of the gateway's 32"
    for contract in canary.contracts:
        yield f"{_written(contract)}: dead after {written(canary.max_age)} without data while its market is open"
    yield (
        f"it costs {count} line{'' if count == 1 else 's'} of the account's market data, all the time; no snapshot, "
        "and delayed data where the account has no live data"
    )
    yield "a dead contract closes the gate; the status stays up"


def _written(contract: CanaryContract) -> str:
    """Its name, and where IBKR finds it."""
    places = (contract.exchange, contract.primary_exchange)
    return f"{contract.name} ({contract.sec_type} at {'/'.join(filter(None, places))} in {contract.currency})"
