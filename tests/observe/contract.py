"""The metrics of DESIGN.md section 10, and pages to look for them."""

from collections.abc import Mapping, Sequence
from functools import cache

from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.metrics.exposition import Exposition
from tests.observe import rich
from tests.observe.stage import INTERNALS

OPENMETRICS = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3"
FARM = ("gateway", "kind", "farm")
CONTRACT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ib_up": ("gauge", ("gateway",)),
    "ib_layer_up": ("gauge", ("gateway", "layer")),
    "ib_gateway_status": ("stateset", ("gateway", "ib_gateway_status")),
    "ib_session_phase": ("stateset", ("gateway", "ib_session_phase")),
    "ib_farm_up": ("gauge", FARM),
    "ib_farm_state": ("stateset", (*FARM, "ib_farm_state")),
    "ib_farm_required": ("gauge", FARM),
    "ib_farm_breaks_total": ("counter", (*FARM, "planned")),
    "ib_farms_untracked_total": ("counter", ("gateway",)),
    "ib_messages_total": ("counter", ("gateway", "code")),
    "ib_connect_attempts_total": ("counter", ("gateway",)),
    "ib_connect_failures_total": ("counter", ("gateway", "reason")),
    "ib_sessions_total": ("counter", ("gateway",)),
    "ib_session_losses_total": ("counter", ("gateway", "reason", "planned")),
    "ib_session_start_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_outages_total": ("counter", ("gateway", "cause", "planned")),
    "ib_outage_seconds_total": ("counter", ("gateway", "cause", "planned")),
    "ib_observed_seconds_total": ("counter", ("gateway",)),
    "ib_recovery_seconds": ("histogram", ("gateway", "planned")),
    "ib_heartbeat_seconds": ("histogram", ("gateway",)),
    "ib_heartbeat_misses_total": ("counter", ("gateway",)),
    "ib_last_message_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_clock_skew_seconds": ("gauge", ("gateway",)),
    "ib_upstream_losses_total": ("counter", ("gateway", "data")),
    "ib_upstream_settling": ("gauge", ("gateway",)),
    "ib_competing_session": ("gauge", ("gateway",)),
    "ib_window_active": ("gauge", ("gateway", "window")),
    "ib_window_next_timestamp_seconds": ("gauge", ("gateway", "window")),
    "ib_restarts_total": ("counter", ("gateway", "result")),
    "ib_restart_pending": ("gauge", ("gateway",)),
    "ib_restart_last_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_restart_observed_offset_seconds": ("gauge", ("gateway",)),
    "ib_token_expiry_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_reauth_due_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_reauth_required": ("gauge", ("gateway",)),
    "ib_gateway_utc_offset_seconds": ("gauge", ("gateway",)),
    "ib_timezone_mismatch": ("gauge", ("gateway",)),
    "ib_desupport_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_next_valid_id_regressions_total": ("counter", ("gateway",)),
    "ib_callback_errors_total": ("counter", ("gateway",)),
    "ib_gateway_info": ("info", ("gateway", "host", "port", "client_id", "server_version", "account_mode")),
    "ib_supervisor_build_info": ("info", ("version", "ibapi_version", "python_version")),
    "ib_supervisor_config_last_reload_successful": ("gauge", ()),
    "ib_supervisor_config_last_reload_success_timestamp_seconds": ("gauge", ()),
    "ib_supervisor_loop_seconds": ("histogram", ()),
    "ib_supervisor_events_dropped_total": ("counter", ()),
    "ib_supervisor_journal_errors_total": ("counter", ()),
}
"""DESIGN.md section 10."""


@cache
def played() -> tuple[Snapshot, ...]:
    """Three gateways: one to which everything happened, one to which nothing did, and one that is paused."""
    return tuple(rich.snapshots())


def exposition(snapshots: Sequence[Snapshot]) -> Exposition:
    """A page of these."""
    return Exposition(lambda: snapshots, lambda: INTERNALS)
