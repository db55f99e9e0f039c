"""The decider: pure code without threads, sockets, clocks, logging or third-party imports."""
