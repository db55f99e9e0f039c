"""Mailbox, loop, clocks and the shell of one gateway. The daemon and hosted programs share them."""
