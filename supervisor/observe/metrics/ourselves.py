"""What prometheus_client itself tells of a process: `process_*`, `python_gc_*` and `python_info`.

A supervisor in a crash loop may look well in every scrape; `process_start_time_seconds` gives it away.
"""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector


def ourselves() -> CollectorRegistry:
    """A registry of these alone, read anew at each scrape. Without /proc the `process_*` are absent."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
