"""Recovery, as it is configured, recorded and shown."""
