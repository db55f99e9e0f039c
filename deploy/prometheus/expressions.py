"""Each pattern of `supervisor.core.model.pages` in PromQL.

- `gateway` is unique within one daemon only: every join is on (job, instance, gateway).
- What is planned is decided by the daemon: `ib_gateway_status` is "maintenance" for as long as an outage is explained,
  and no longer. No expression looks at a clock or at `ib_window_active` for that.
- A pattern that has a sharper name elsewhere in the table leaves that case out, so that it cannot be told first.
"""

from collections.abc import Callable, Mapping
from textwrap import dedent

from deploy.prometheus.settings import Settings, Thresholds
from supervisor.core.model.pages import PAGES

ID = "job, instance, gateway"
FARM = f"{ID}, kind, farm"


class Patterns:
    """The expressions for some settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits: Thresholds = settings.thresholds
        self._job = self._with(f'job="{settings.job}"')
        self._target = ", ".join(("job", "instance", *settings.keep))

    # -- a gateway ----------------------------------------------------------------------------------------------------

    def gateway_down(self) -> str:
        refused = self._refused('reason=~"client_id_in_use|account_mismatch"', "2m")
        return f"""
            (
              max without (layer) ({self._ib("ib_layer_up", 'layer="heartbeat"')}) == 0
              {self._not("maintenance|stopped|reauth_required")}
            )
            # What has a name of its own: a restart that is overdue, a wrong account, somebody else with our client id.
            unless on ({ID}) {self._ib("ib_restart_pending")} == 1
            unless on ({ID})
              ({refused})
            # A restart that comes late, after a window in which none was seen, has five minutes like any other.
            unless on ({ID}) (
              sum without (result) (increase({self._ib("ib_restarts_total", 'result="not_seen"')}[15m])) > 0
              and on ({ID}) max without (layer) (max_over_time({self._ib("ib_layer_up", 'layer="heartbeat"')}[5m])) == 1
            )
        """

    def restart_overdue(self) -> str:
        return f"""
            {self._ib("ib_restart_pending")} == 1
            {self._not("maintenance|stopped|reauth_required")}
        """

    def upstream_lost(self) -> str:
        return f"""
            (
              max without (layer) ({self._ib("ib_layer_up", 'layer="upstream"')} == 0)
              and on ({ID}) {self._ib("ib_layer_up", 'layer="heartbeat"')} == 1
            )
            {self._not("maintenance|stopped")}
        """

    def farm_down(self) -> str:
        return f"""
            (
              {self._ib("ib_farm_up")} == 0
              and on ({FARM}) {self._ib("ib_farm_required")} == 1
              and on ({ID}) {self._ib("ib_layer_up", 'layer="upstream"')} == 1
            )
            {self._not("maintenance|stopped")}
        """

    def farm_flapping(self) -> str:
        metric = self._ib("ib_farm_breaks_total", 'planned="false"')
        return f"sum without (planned) (increase({metric}[30m])) > {self._limits.farm_breaks - 0.5}"

    def session_flapping(self) -> str:
        losses = self._ib("ib_session_losses_total", 'planned="false", reason!~"operator|shutdown|port_change"')
        count = f"sum without (reason, planned) (increase({losses}[SPAN]))"
        return f"""
            {count.replace("SPAN", "10m")} > {self._limits.flaps - 0.5}
            {self._burning(count, 'cause=~"port|handshake|session|heartbeat"')}
        """

    def upstream_flapping(self) -> str:
        count = f"sum without (data) (increase({self._ib('ib_upstream_losses_total')}[SPAN]))"
        return self._burning(count, 'cause="upstream"').removeprefix("or ")

    def _burning(self, count: str, cause: str) -> str:
        """Losses that come again and again, and together cost a share of the time; over 15 minutes, or 2 hours."""
        metric = self._ib("ib_outage_seconds_total", f'planned="false", {cause}')
        lost = f"sum without (cause, planned) (increase({metric}[SPAN]))"

        def over(text: str, span: str, limit: float) -> str:
            return f"{text.replace('SPAN', span)} > {limit:g}"

        share, episodes = self._limits.lost, self._limits.episodes
        return f"""
            or (
              {over(count, "15m", episodes - 0.5)}
              and on ({ID}) {over(lost, "15m", share * 900)}
            )
            or (
              {over(count, "2h", 8 - 0.5)}
              and on ({ID}) {over(lost, "2h", share / 2 * 7200)}
              and on ({ID}) {over(lost, "30m", 0)}
            )
        """.strip()

    def brief_outage(self) -> str:
        metric = self._ib("ib_outage_seconds_total", 'planned="false", cause!="farms"')
        told = "|".join(page.name for page in PAGES if "IBBriefOutage" in page.explains)
        return f"""
            (
              sum without (cause, planned) (increase({metric}[12h])) > {self._limits.brief}
              and on ({ID}) {self._ib("ib_up")} == 1
            )
            unless on ({ID}) count_over_time(ALERTS{{alertstate="firing", alertname=~"{told}"}}[12h:1m])
        """

    def heartbeat_slow(self) -> str:
        return f"""
            (
              histogram_quantile(0.9, rate({self._ib("ib_heartbeat_seconds_bucket")}[5m])) > {self._limits.slow:g}
              or on ({ID}) increase({self._ib("ib_heartbeat_misses_total")}[5m]) > 1.5
              # Of two heartbeats on their way at once, none is measured; but they are overdue.
              or on ({ID}) avg_over_time({self._ib("ib_suspect")}[5m]) > {self._limits.suspect:g}
            )
            {self._not("maintenance|stopped")}
        """

    def gate_closed(self) -> str:
        stopped = self._ib("ib_gateway_status", 'ib_gateway_status="stopped"')
        return f"""
            # Sharper alerts tell of most reasons. Left are those that nothing else tells: order ids.
            {self._ib("ib_gate_open")} == 0
            unless on ({ID}) max without (window) ({self._ib("ib_window_active")}) == 1
            unless on ({ID}) max without (ib_gateway_status) ({stopped}) == 1
            unless on ({ID}) {self._ib("ib_up")} == 0
            unless on ({ID}) {self._ib("ib_competing_session")} == 1
            unless on ({ID}) min by ({ID}) ({self._ib("ib_canary_up")}) == 0
        """

    def recovery_approval(self) -> str:
        return f"max without (rung) ({self._ib('ib_recovery_approval_pending')}) == 1"

    def recovery_failed(self) -> str:
        ended = self._ib("ib_recovery_actions_total", 'result=~"unproved|refused"')
        return f"sum without (rung, result) (increase({ended}[1h])) > 0"

    def gateway_paused_long(self) -> str:
        return f"""
            max without (ib_gateway_status) ({self._ib("ib_gateway_status", 'ib_gateway_status="stopped"')}) == 1
            unless on ({ID}) {self._ib("ib_gateway_info", self._settings.standby)}
        """

    def gateway_unwatched(self) -> str:
        status = self._ib("ib_gateway_status", 'ib_gateway_status="up"')
        return f"""
            # Gone from the config of a supervisor that is there,
            (
              max without (ib_gateway_status) (last_over_time({status}[1d:5m])) >= 0
              unless on ({ID}) {status}
              and on (job, instance) up == 1
            )
            # or in it, and not looked at.
            or (
              max without () (increase({self._ib("ib_observed_seconds_total")}[5m])) == 0
              {self._not("stopped")}
            )
        """

    # -- the calendar -------------------------------------------------------------------------------------------------

    def restart_not_seen(self) -> str:
        metric = self._ib("ib_restarts_total", 'result="not_seen"')
        return f"sum without (result) (increase({metric}[24h])) > 0"

    def reauth_due_soon(self) -> str:
        stopped = self._ib("ib_gateway_status", 'ib_gateway_status="stopped"')
        return f"""
            ({self._ib("ib_reauth_due_timestamp_seconds")} - time() < {self._limits.due}) > 0
            and on ({ID}) {self._ib("ib_token_expiry_timestamp_seconds")} < time()
            # A standby that rests sees no login, and the other supervisor asks for it.
            unless on ({ID}) ({self._ib("ib_gateway_info", self._settings.standby)} and on ({ID}) {stopped} == 1)
        """

    def reauth_required(self) -> str:
        return f"""
            {self._ib("ib_reauth_required")} == 1
            {self._not("stopped")}
        """

    # -- how it is set up ---------------------------------------------------------------------------------------------

    def client_id_conflict(self) -> str:
        refused = self._refused('reason="client_id_in_use"', "3m")
        return f"""
            (
              ({refused})
              and on ({ID}) {self._ib("ib_layer_up", 'layer="session"')} == 0
            )
            {self._not("maintenance|stopped")}
            unless on ({ID}) {self._ib("ib_gateway_info", self._settings.standby)}
        """

    def account_mismatch(self) -> str:
        refused = self._refused('reason="account_mismatch"', "5m")
        return f"""
            (
              ({refused})
              and on ({ID}) {self._ib("ib_layer_up", 'layer="session"')} == 0
            )
            {self._not("stopped")}
        """

    def canary_dead(self) -> str:
        return f"""
            # Absent while its market is closed, or anything below it is not up.
            min by ({ID}) ({self._ib("ib_canary_up")}) == 0
            # A competing session takes the data, and has a name of its own.
            unless on ({ID}) {self._ib("ib_competing_session")} == 1
        """

    def competing_session(self) -> str:
        return f"""
            # One message keeps the metric at 1 for 5 minutes, and one alone also comes with a reconnection of IBKR.
            {self._ib("ib_competing_session")} == 1
        """

    def order_id_went_back(self) -> str:
        return f"increase({self._ib('ib_next_valid_id_regressions_total')}[1h]) > 0"

    def messages_undecodable(self) -> str:
        return self._grew(self._ib("ib_messages_undecodable_total"), "message", "1h")

    def restart_blip(self) -> str:
        return f"increase({self._ib('ib_blips_total')}[12h]) > 0"

    def clock_skew(self) -> str:
        return f"abs({self._ib('ib_clock_skew_seconds')}) > {self._limits.skew}"

    def timezone_mismatch(self) -> str:
        return f"{self._ib('ib_timezone_mismatch')} == 1"

    def version_desupported(self) -> str:
        left = f"{self._ib('ib_desupport_timestamp_seconds')} - time()"
        return f"({left} < {self._limits.desupported} * 86400) >= 2 * 86400"

    def version_desupported_within_two_days(self) -> str:
        return f"{self._ib('ib_desupport_timestamp_seconds')} - time() < 2 * 86400"

    # -- the observer -------------------------------------------------------------------------------------------------

    def supervisor_down(self) -> str:
        return self._supervisor_gone("unless")

    def supervisor_down_beside_a_standby(self) -> str:
        return self._supervisor_gone("and")

    def _supervisor_gone(self, beside: str) -> str:
        """A supervisor that is not there, `and` or `unless` no gateway of its own is unwatched because of that.

        Its gateways are known from its last day. A standby watches if it is not paused: what it finds broken, it tells
        itself. Only of a client id in use it says nothing.
        """
        up = f"up{{{self._job}}}"
        standby = self._ib("ib_gateway_info", self._settings.standby)
        known = f"last_over_time({self._ib('ib_gateway_info')}[1d:10m])"
        stopped = self._ib("ib_gateway_status", 'ib_gateway_status="stopped"')
        session = self._ib("ib_layer_up", 'layer="session"')
        refused = self._refused('reason="client_id_in_use"', "3m")
        own = f"{known} unless on ({ID}) last_over_time({standby}[1d:10m])"
        return f"""
            (
              max by ({self._target}) ({up}) == 0
              # Gone from the targets; that none was ever there has no instance.
              or max by ({self._target}) (last_over_time({up}[1d:5m])) >= 0
                unless on (job, instance) last_over_time({up}[4m])
              or absent({up}) unless on () last_over_time({up}[1d:5m])
              # It answers, and its loop does not turn.
              or max by ({self._target}) (increase(ib_supervisor_loop_seconds_count{{{self._job}}}[2m])) == 0
                unless on (job, instance) changes(process_start_time_seconds{{{self._job}}}[2m]) > 0
              # It answers now and then.
              or max by ({self._target}) (avg_over_time({up}[15m])) < 0.7
                and on (job, instance) changes({up}[15m]) > 3
            )
            # Supervisors whose gateways are known,
            {beside} on (job, instance) (
              count by (job, instance) ({known})
              # except for those with a gateway, not one that they stand by for,
              unless on (job, instance) (
                {own}
                # that no standby watches; if several have one of that name, nobody knows whose is watched.
                unless on (job, gateway) (
                  max by (job, gateway) (
                    max without (ib_gateway_status) ({stopped}) == 0
                    and on ({ID}) {standby}
                    unless on ({ID}) (({refused}) and on ({ID}) {session} == 0)
                  )
                  and on (job, gateway) count by (job, gateway) (group by ({ID}) (
                    {own}
                  )) == 1
                )
              )
            )
        """

    def supervisor_crash_loop(self) -> str:
        starts = f"changes(process_start_time_seconds{{{self._job}}}[20m])"
        return f"max by ({self._target}) ({starts}) > {self._limits.crashes - 1}"

    def supervisor_config_reload_failed(self) -> str:
        return f"{self._ib('ib_supervisor_config_last_reload_successful')} == 0"

    def supervisor_events_dropped(self) -> str:
        return f"increase({self._ib('ib_supervisor_events_dropped_total')}[10m]) > 0"

    def journal_failing(self) -> str:
        return f"increase({self._ib('ib_supervisor_journal_errors_total')}[15m]) > 0"

    def dead_mans_switch(self) -> str:
        return "vector(1)"

    def _refused(self, reason: str, span: str) -> str:
        """Attempts that failed so within the span; also those of before the first scrape, which no increase() shows."""
        return self._grew(self._ib("ib_connect_failures_total", reason), "reason", span)

    @staticmethod
    def _grew(metric: str, label: str, span: str) -> str:
        """A counter whose series may begin above 0 is larger than before the span."""
        return (
            f"sum without ({label}) (increase({metric}[{span}])) > 0"
            f" or sum without ({label}) ({metric}) > 0 unless on ({ID}) sum without ({label}) ({metric} offset {span})"
        )

    # -- parts --------------------------------------------------------------------------------------------------------

    def _with(self, *matchers: str) -> str:
        return ", ".join(filter(None, (*matchers, self._settings.selector)))

    def _ib(self, metric: str, matchers: str = "") -> str:
        """A selector of a metric of ours."""
        inside = self._with(matchers)
        return f"{metric}{{{inside}}}" if inside else metric

    def _not(self, statuses: str) -> str:
        operator = "=~" if "|" in statuses else "="
        status = self._ib("ib_gateway_status", f'ib_gateway_status{operator}"{statuses}"')
        return f"unless on ({ID}) {status} == 1"


WRITERS: Mapping[str, Callable[[Patterns], str]] = {
    "IBAccountMismatch": Patterns.account_mismatch,
    "IBClientIdConflict": Patterns.client_id_conflict,
    "IBReauthRequired": Patterns.reauth_required,
    "IBRestartOverdue": Patterns.restart_overdue,
    "IBGatewayDown": Patterns.gateway_down,
    "IBSessionFlapping": Patterns.session_flapping,
    "IBUpstreamLost": Patterns.upstream_lost,
    "IBUpstreamFlapping": Patterns.upstream_flapping,
    "IBFarmDown": Patterns.farm_down,
    "IBFarmFlapping": Patterns.farm_flapping,
    "IBBriefOutage": Patterns.brief_outage,
    "IBCanaryDead": Patterns.canary_dead,
    "IBHeartbeatSlow": Patterns.heartbeat_slow,
    "IBGateClosed": Patterns.gate_closed,
    "IBRecoveryApproval": Patterns.recovery_approval,
    "IBRecoveryFailed": Patterns.recovery_failed,
    "IBGatewayPausedLong": Patterns.gateway_paused_long,
    "IBGatewayUnwatched": Patterns.gateway_unwatched,
    "IBRestartNotSeen": Patterns.restart_not_seen,
    "IBReauthDueSoon": Patterns.reauth_due_soon,
    "IBCompetingSession": Patterns.competing_session,
    "IBOrderIdWentBack": Patterns.order_id_went_back,
    "IBMessagesUndecodable": Patterns.messages_undecodable,
    "IBRestartBlip": Patterns.restart_blip,
    "IBClockSkew": Patterns.clock_skew,
    "IBTimezoneMismatch": Patterns.timezone_mismatch,
    "IBGatewayVersionDesupported": Patterns.version_desupported,
    "IBGatewayVersionDesupported critical": Patterns.version_desupported_within_two_days,
    "IBSupervisorDown": Patterns.supervisor_down,
    "IBSupervisorDown warning": Patterns.supervisor_down_beside_a_standby,
    "IBSupervisorCrashLoop": Patterns.supervisor_crash_loop,
    "IBSupervisorConfigReloadFailed": Patterns.supervisor_config_reload_failed,
    "IBSupervisorEventsDropped": Patterns.supervisor_events_dropped,
    "IBJournalFailing": Patterns.journal_failing,
    "IBDeadMansSwitch": Patterns.dead_mans_switch,
}
"""By the alert's name, and its severity where rows of the table share a name."""


def expression(key: str, settings: Settings) -> str:
    """The PromQL of a pattern."""
    return dedent(WRITERS[key](Patterns(settings))).strip()
