"""Faults of the core, planted on purpose."""
