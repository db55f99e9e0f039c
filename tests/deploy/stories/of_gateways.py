"""What happens to a gateway, unplanned and by the calendar."""

from datetime import timedelta

from supervisor.core.model.events import MaintenanceAsked, MessageUndecodable
from tests.deploy.stories.registry import NIGHTLY, PAPER, begin, refuse, story
from tests.deploy.stories.stage import Stage

# -- the gateway ------------------------------------------------------------------------------------------------------


@story("The session is cut and back within a second")
def flap() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.drop()
    stage.run(1200)
    return stage


@story("The gateway is gone for 40 s", "warning IBBriefOutage")
def brief() -> Stage:
    stage = begin()
    stage.mark()
    refuse(stage, 40)
    stage.run(3600)
    return stage


@story("The gateway is gone for 20 minutes", "critical IBGatewayDown")
def down() -> Stage:
    stage = begin()
    stage.mark()
    refuse(stage, 1200)
    stage.run(1800)
    return stage


@story("The gateway hangs with its port open, for an hour", "critical IBGatewayDown")
def hang() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.peer.answers, stage.live.peer.port = False, "mute"
    stage.run(3600)
    stage.live.peer.answers, stage.live.peer.port = True, "open"
    stage.run(900)
    return stage


@story("A paper gateway is gone for 20 minutes", "warning IBGatewayDown")
def paper_down() -> Stage:
    stage = begin(PAPER, accounts=("DU1234567",))
    stage.mark()
    refuse(stage, 1200)
    stage.run(900)
    return stage


@story("Down for 45 s in every 3 minutes, for an hour", "critical IBSessionFlapping")
def down_in_pieces() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(20):
        refuse(stage, 45)
        stage.run(135)
    stage.run(1800)
    return stage


@story("Down for 45 s in every 10 minutes, for 2 hours", "critical IBSessionFlapping")
def down_in_rare_pieces() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(12):
        refuse(stage, 45)
        stage.run(555)
    stage.run(1800)
    return stage


@story("The session is cut every minute for half an hour", "critical IBSessionFlapping")
def flapping() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(30):
        stage.live.drop()
        stage.run(60)
    stage.run(1800)
    return stage


@story("Every heartbeat takes 2 s, for an hour", "warning IBHeartbeatSlow")
def slow() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.peer.round_trip = 2.0
    stage.run(3600)
    stage.live.peer.round_trip = 0.001
    stage.run(1200)
    return stage


# -- the calendar -----------------------------------------------------------------------------------------------------


@story("The daily restart, 82 s")
def restart() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    refuse(stage, 82)
    stage.run(3600)
    return stage


@story("The daily restart hangs until somebody comes after an hour", "critical IBRestartOverdue")
def overdue() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    refuse(stage, 3600)
    stage.run(1800)
    return stage


@story("Auto-restart is off: the restart does not come", "warning IBRestartNotSeen")
def not_seen() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    stage.run(3 * 3600)
    return stage


@story("A socket is cut in the restart's minute, and the gateway never went", "warning IBRestartNotSeen")
def blip() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    stage.live.drop()
    stage.run(3600)
    return stage


@story("An open order that ibapi cannot decode is pushed at every connect", "warning IBMessagesUndecodable")
def undecodable() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.say(MessageUndecodable, 5, "OPEN_ORDER", "ibapi 9.81.1", "ValueError")
    stage.run(2 * 3600)
    return stage


@story("The restart comes 90 s after its window, and takes 2 minutes", "warning IBRestartNotSeen")
def late() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    stage.run(390)
    refuse(stage, 120)
    stage.run(3600)
    return stage


@story(
    "Sunday: nobody logs in at the restart, until an hour later",
    "warning IBReauthDueSoon",
    "critical IBReauthRequired",
)
def login() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-11T04:30:00Z")
    stage.until("2027-01-10 23:45 NY")
    stage.mark()
    refuse(stage, 3600)
    stage.run(1800)
    return stage


@story("Sunday: the weekly login is due at 23:45, and made at noon, in a maintenance", "warning IBReauthDueSoon")
def login_due() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-10T13:00:00Z")
    stage.mark()
    stage.until("2027-01-10 12:00 NY")
    stage.live.step(MaintenanceAsked(stage.live.now.wall + timedelta(minutes=10), "login"))
    refuse(stage, 60)
    stage.run(1800)
    return stage


@story("Maintenance of 30 minutes from the command line; the gateway is gone for 20")
def maintenance() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.step(MaintenanceAsked(stage.live.now.wall + timedelta(minutes=30), "new version"))
    refuse(stage, 1200)
    stage.run(1800)
    return stage


@story("Maintenance of 30 minutes; the gateway is gone for an hour", "critical IBGatewayDown")
def maintenance_overrun() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.step(MaintenanceAsked(stage.live.now.wall + timedelta(minutes=30), "new version"))
    refuse(stage, 3600)
    stage.run(900)
    return stage
