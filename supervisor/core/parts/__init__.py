"""One small state machine a file."""
