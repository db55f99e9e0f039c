"""What the commands share: the printer, tables, and the way to the daemon."""
