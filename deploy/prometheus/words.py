"""What each alert says. The summary is the same for all of a group; the description names whom it is about."""

from collections.abc import Mapping

Words = tuple[str, str]
_GATEWAY = "{{ $labels.gateway }}: "
_FARM = "{{ $labels.gateway }}: {{ $labels.kind }} farm {{ $labels.farm }} "
_STATE = "ib_login_state{job=%q,instance=%q,gateway=%q}"
_OF_IT = "$labels.job $labels.instance $labels.gateway | query"
_LOGIN = (
    "{{ range printf `" + _STATE + " == 1` " + _OF_IT + " }} What its controller says: "
    '{{ reReplaceAll "_" " " (label "ib_login_state" .) }}.{{ end }}'
)
"""A sentence about the login state; nothing, where no controller is configured."""
_SECOND_FACTOR = 'ib_login_state{job=%q,instance=%q,gateway=%q,ib_login_state="second_factor"}'
_WAITS = (
    "{{ if printf `" + _SECOND_FACTOR + " == 1` " + _OF_IT + " }} It waits for the second factor"
    "{{ range printf `max_over_time(timestamp(" + _SECOND_FACTOR + " == 0)[1d:1m])` " + _OF_IT + " }}"
    ' since {{ (toTime (value .)).Format "15:04" }} UTC{{ end }}: confirm it on the phone.{{ else }}'
    + _LOGIN
    + "{{ end }}"
)
"""The same; and that the gateway waits for the second factor, and since when."""
_TIMES = '{{ printf "%.0f" $value }}'

WORDS: Mapping[str, Words] = {
    "IBAccountMismatch": (
        "The gateway is logged in to the wrong kind of account.",
        _GATEWAY + "live where paper is configured, or paper where live is. "
        "Programs that trade there trade on the wrong account.",
    ),
    "IBClientIdConflict": (
        "Another program holds the supervisor's client id.",
        _GATEWAY + "refused with 326 for over 2 minutes. The gateway is up; the supervisor cannot see it.",
    ),
    "IBReauthRequired": (
        "The gateway waits for a person to log in.",
        _GATEWAY
        + "the weekly login was due and the gateway has not come back. Log in, with the second factor."
        + _WAITS,
    ),
    "IBRestartOverdue": (
        "The gateway went down for its restart and has not come back.",
        _GATEWAY + "the restart's grace is over. A restart that hangs does not end by itself." + _WAITS,
    ),
    "IBGatewayDown": (
        "The gateway does not answer, and nothing planned explains it.",
        _GATEWAY + "no API session that answers. Programs on this gateway cannot trade." + _WAITS,
    ),
    "IBSessionFlapping": (
        "The API session is lost again and again.",
        _GATEWAY
        + _TIMES
        + " unplanned losses lately. Each one is too short for IBGatewayDown; together they are an outage.",
    ),
    "IBUpstreamLost": (
        "The gateway runs, but has lost IBKR's servers.",
        _GATEWAY + "orders and data do not reach IBKR. The gateway tries by itself; a restart does not help.",
    ),
    "IBUpstreamFlapping": (
        "The gateway loses IBKR's servers again and again.",
        _GATEWAY
        + _TIMES
        + " losses lately, each too short for IBUpstreamLost. Orders and data reach IBKR now and then.",
    ),
    "IBFarmDown": (
        "A required data farm is broken.",
        _FARM + "is broken. Its data is missing or stale; orders still go through.",
    ),
    "IBFarmFlapping": ("A data farm breaks again and again.", _FARM + f"broke {_TIMES} times in 30 minutes."),
    "IBBriefOutage": (
        "Unplanned outages that ended before anybody was told.",
        _GATEWAY + _TIMES + " s in 12 hours. `ib-supervisor history` has each of them.",
    ),
    "IBCanaryDead": (
        "Connected, but no market data comes.",
        _GATEWAY + "every layer is up, and data of a watched contract has not come for too long. The gate is closed.",
    ),
    "IBHeartbeatSlow": (
        "The gateway answers slowly.",
        _GATEWAY + "for 10 minutes, heartbeats have taken over a second or were missed.",
    ),
    "IBGateClosed": (
        "The gate is closed: no orders should be sent.",
        _GATEWAY + "the gate has been closed for 5 minutes, outside of every window. `ib-supervisor gate` says why.",
    ),
    "IBRecoveryApproval": (
        "Recovery waits for a person's approval.",
        _GATEWAY + "it would do something that costs a login, or may, or that the market's hours forbid. "
        "`ib-supervisor status` says what; `ib-supervisor approve` lets it.",
    ),
    "IBRecoveryFailed": (
        "Recovery did something, and it did not help.",
        _GATEWAY + "no proof came in time, or the controller refused. `ib-supervisor history` has each deed.",
    ),
    "IBGatewayPausedLong": (
        "The gateway is paused and nobody has resumed it.",
        _GATEWAY + "paused for over 2 hours. Nothing is watched and nobody is paged meanwhile.",
    ),
    "IBGatewayUnwatched": (
        "A gateway is not watched any more.",
        _GATEWAY + "gone from the supervisor's config, or in it and not looked at. Nobody is paged for it.",
    ),
    "IBRestartNotSeen": (
        "A scheduled restart did not happen.",
        _GATEWAY + "no restart in its window within the last 24 hours. "
        "The gateway's setting and the config differ, or auto-restart is off.",
    ),
    "IBReauthDueSoon": (
        "The weekly login is due today.",
        _GATEWAY + "the next restart, in {{ $value | humanizeDuration }}, asks for a login. A login made now counts.",
    ),
    "IBCompetingSession": (
        "Another login of the same user takes the market data.",
        _GATEWAY + "IBKR says that a competing session is logged in (10197 or kin).",
    ),
    "IBOrderIdWentBack": (
        "The next valid order id was lower than before.",
        _GATEWAY + "somebody reset the API order ids, or the gateway runs with other settings. "
        "Programs that remember ids may collide.",
    ),
    "IBMessagesUndecodable": (
        "ibapi cannot decode a message of the gateway.",
        _GATEWAY + "the supervisor drops such messages if it does not need them. A program with the same ibapi "
        "may lose them too, or its session. Update ibapi.",
    ),
    "IBRestartBlip": (
        "The session was lost in a restart window, and the gateway did not restart.",
        _GATEWAY + "the session was back without the port having closed. That proves no restart and no login.",
    ),
    "IBClockSkew": (
        "The gateway's clock and ours differ.",
        _GATEWAY + "by {{ $value }} s, for 10 minutes. One of the two machines does not keep time.",
    ),
    "IBTimezoneMismatch": (
        "The gateway's time zone is not the configured one.",
        _GATEWAY + "its restart comes at another hour than the config says; "
        "a planned restart will page, or a real loss will not.",
    ),
    "IBGatewayVersionDesupported": (
        "IBKR will soon refuse this version of the gateway.",
        _GATEWAY + "in {{ $value | humanizeDuration }}. Upgrade TWS or IB Gateway before.",
    ),
    "IBGatewayVersionDesupported critical": (
        "IBKR refuses this version of the gateway within two days.",
        _GATEWAY + "in {{ $value | humanizeDuration }}. Upgrade TWS or IB Gateway now.",
    ),
    "IBSupervisorDown": (
        "The supervisor itself is not there.",
        "{{ if $labels.instance }}{{ $labels.instance }}{{ else }}No ib-supervisor among Prometheus' targets{{ end }}: "
        "nobody watches its gateways. Trading is not stopped by this.",
    ),
    "IBSupervisorDown warning": (
        "A supervisor is not there, and another one watches its gateways.",
        "{{ $labels.instance }}: a standby has taken over, or this is the standby. Put it right by day.",
    ),
    "IBSupervisorCrashLoop": (
        "The supervisor starts again and again.",
        "{{ $labels.instance }}: started " + _TIMES + " times in 20 minutes. What it says of its gateways has gaps.",
    ),
    "IBSupervisorConfigReloadFailed": (
        "The supervisor's config file was refused.",
        "{{ $labels.instance }}: it goes on with the config it had, and will not start again with this file.",
    ),
    "IBSupervisorEventsDropped": (
        "The supervisor could not keep up and dropped notices.",
        "{{ $labels.instance }}: " + _TIMES + " notices in 10 minutes. The state of farms may be out of date.",
    ),
    "IBJournalFailing": (
        "The supervisor cannot write its journal.",
        "{{ $labels.instance }}: the disk is full or not writable. "
        "It works on, but its history has holes and a restart may forget.",
    ),
    "IBDeadMansSwitch": (
        "Alerting works.",
        "This alert always fires. When it stops arriving, Prometheus or Alertmanager is broken.",
    ),
}
"""By the same keys as `expressions.WRITERS`."""
