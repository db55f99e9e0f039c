"""Mailbox, loop, clocks and the shell of one gateway: shared by the daemon and hosted programs."""
