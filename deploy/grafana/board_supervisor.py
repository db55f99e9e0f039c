"""The dashboard of the daemon itself."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from parts import BLUE, DAEMON, GREEN, RED, UP_DOWN, board, graph, limits, listing, number, query


def supervisor() -> Dashboard:
    """The daemon itself."""
    return (
        board("ib-supervisor", "IB supervisor", "The daemon: is it there, quick, and complete.", gateways=False)
        .with_panel(
            number(
                "Scraped",
                "Whether Prometheus reaches the daemon.",
                f"up{{{DAEMON}}}",
                "none",
                limits((1, GREEN), base=RED),
                legend="{{instance}}",
                known=UP_DOWN,
            )
        )
        .with_panel(
            number(
                "Config",
                "Whether the last config was taken.",
                f"ib_supervisor_config_last_reload_successful{{{DAEMON}}}",
                "none",
                limits((1, GREEN), base=RED),
                legend="{{instance}}",
                known={"0": ("refused", RED), "1": ("taken", GREEN)},
            )
        )
        .with_panel(
            number(
                "Config since",
                "When the config in use was taken.",
                f"ib_supervisor_config_last_reload_success_timestamp_seconds{{{DAEMON}}} * 1000",
                "dateTimeFromNow",
                limits(base=BLUE),
                legend="{{instance}}",
            )
        )
        .with_panel(
            number(
                "Gateways",
                "How many are in the daemon's config, paused ones too.",
                f'count by (job, instance) (ib_gateway_status{{{DAEMON}, ib_gateway_status="up"}})',
                "none",
                limits(base=BLUE),
                legend="{{instance}}",
            )
        )
        .with_panel(
            number(
                "Notices dropped",
                "Within the range shown.",
                f"increase(ib_supervisor_events_dropped_total{{{DAEMON}}}[$__range])",
                "none",
                limits((1, RED)),
                legend="{{instance}}",
            )
        )
        .with_panel(
            number(
                "Journal errors",
                "Within the range shown.",
                f"increase(ib_supervisor_journal_errors_total{{{DAEMON}}}[$__range])",
                "none",
                limits((1, RED)),
                legend="{{instance}}",
            )
        )
        .with_panel(
            graph(
                "Decisions",
                "Time of one decision: what one in a hundred exceeds.",
                [
                    query(
                        "histogram_quantile(0.99, sum by (job, instance, le) "
                        f"(rate(ib_supervisor_loop_seconds_bucket{{{DAEMON}}}[$__rate_interval])))",
                        "{{instance}}",
                    )
                ],
                "s",
            )
        )
        .with_panel(
            graph(
                "Decisions a second",
                "How much happens.",
                [query(f"rate(ib_supervisor_loop_seconds_count{{{DAEMON}}}[$__rate_interval])", "{{instance}}")],
                "ops",
            )
        )
        .with_panel(
            graph(
                "Scrapes",
                "How long Prometheus takes to fetch the page.",
                [query(f"scrape_duration_seconds{{{DAEMON}}}", "{{instance}}")],
                "s",
            )
        )
        .with_panel(
            graph(
                "Starts",
                "Starts in the hour before; a process that starts again and again may look well in every scrape.",
                [query(f"changes(process_start_time_seconds{{{DAEMON}}}[1h])", "{{instance}}")],
                "none",
            )
        )
        .with_panel(
            graph(
                "Memory",
                "What the process holds.",
                [query(f"process_resident_memory_bytes{{{DAEMON}}}", "{{instance}}")],
                "bytes",
            )
        )
        .with_panel(
            graph(
                "Series",
                "Samples on the page.",
                [query(f"scrape_samples_scraped{{{DAEMON}}}", "{{instance}}")],
                "none",
            )
        )
        .with_panel(
            graph(
                "Faults of our own",
                "Exceptions in callbacks, and farms beyond the limit.",
                [
                    query(
                        f"sum by (job, instance) (increase({metric}{{{DAEMON}}}[$__rate_interval]))",
                        f"{{{{instance}}}} {name}",
                    )
                    for metric, name in (
                        ("ib_callback_errors_total", "callbacks"),
                        ("ib_farms_untracked_total", "farms untracked"),
                    )
                ],
                "none",
            )
        )
        .with_panel(
            listing(
                "Versions",
                "What runs.",
                f"ib_supervisor_build_info{{{DAEMON}}}",
                "none",
                ["instance", "version", "ibapi_version", "python_version"],
                value=None,
                height=8,
            )
        )
    )
