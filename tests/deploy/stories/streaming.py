"""A world whose canary is connected, knows its market's hours, and hears quotes as long as some come."""

from supervisor.core.model.actions import Action
from supervisor.core.model.behind.canary import (
    CanaryConnect,
    CanaryContract,
    CanaryHoursAsk,
    CanaryPolicy,
    CanarySubscribe,
    DataType,
)
from supervisor.core.model.events import (
    AccountsReceived,
    CanaryHeard,
    CanaryHours,
    CanaryTicked,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
)
from supervisor.core.model.policy import AccountMode
from tests.core.driver import World, policy

SPY = CanaryPolicy((CanaryContract("SPY", "STK", "SMART", "USD"),))
WATCHED = policy(canary=SPY)
PAPER_WATCHED = policy(canary=SPY, account_mode=AccountMode.PAPER)
HOURS = "20270106:0930-20270106:1600;20270107:0930-20270107:1600;20270108:0930-20270108:1600"
QUOTED_EVERY = 5.0


class Streaming(World):
    """Quotes come every few seconds while `quotes`."""

    quotes = True
    hours = HOURS
    stream = CanarySubscribe(0, 0, SPY.contracts[0])

    def run(self, seconds: float) -> World:
        end = self.now.mono + seconds
        while self.now.mono < end:
            super().run(min(QUOTED_EVERY, end - self.now.mono))
            if self.quotes and self.stream.request_id:
                self.step(CanaryTicked(self.stream.epoch, self.stream.request_id, DataType.LIVE))
        return self

    def canary_notice(self, code: int, text: str) -> None:
        """The gateway says something about the stream."""
        self.step(CanaryHeard(NoticeReceived(self.stream.epoch, self.stream.request_id, code, text)))

    def _carry_out(self, action: Action) -> None:
        match action:
            case CanaryConnect(epoch=epoch):
                said = (
                    PortOpened(epoch),
                    HandshakeDone(epoch, 176, ""),
                    AccountsReceived(epoch, self.peer.accounts),
                    NextIdReceived(epoch, 1),
                )
                for event in said:
                    self.later(0.001, CanaryHeard(event))
            case CanaryHoursAsk(epoch=epoch, request_id=request):
                self.later(0.001, CanaryHours(epoch, request, self.hours, "US/Eastern"))
            case CanarySubscribe():
                self.stream = action
            case _:
                super()._carry_out(action)
