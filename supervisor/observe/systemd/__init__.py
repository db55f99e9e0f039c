"""What systemd is told about the daemon."""
