"""Commands that ask a running daemon, and those that tell it what to do."""
