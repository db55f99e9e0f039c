"""From what the config says to the controller that looks."""

from typing import assert_never

from supervisor.controllers.base import Controller
from supervisor.controllers.command import Command
from supervisor.controllers.container import Container
from supervisor.controllers.ibc import Ibc
from supervisor.controllers.ibc2 import Ibc2
from supervisor.controllers.ibg import Ibg
from supervisor.controllers.process import Process
from supervisor.controllers.unit import Unit
from supervisor.core.model.behind import controller as settings


def controller_of(asked: settings.Controller) -> Controller:
    """The one that looks."""
    match asked:
        case settings.Ibc():
            return Ibc(asked)
        case settings.Ibc2():
            return Ibc2(asked)
        case settings.Ibg():
            return Ibg(asked)
        case settings.Unit():
            return Unit(asked)
        case settings.Container():
            return Container(asked)
        case settings.Process():
            return Process(asked)
        case settings.Command():
            return Command(asked)
        case _:
            assert_never(asked)
