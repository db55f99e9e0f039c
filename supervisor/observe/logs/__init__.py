"""The log and the wire log."""
