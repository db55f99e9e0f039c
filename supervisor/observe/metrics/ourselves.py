"""The metrics that prometheus_client has for a process: `process_*`, `python_gc_*` and `python_info`.

A supervisor in a crash loop may look healthy in every scrape. `process_start_time_seconds` shows the loop.
"""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector


def ourselves() -> CollectorRegistry:
    """A registry with only these, read at each scrape. Without /proc the `process_*` are absent."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
