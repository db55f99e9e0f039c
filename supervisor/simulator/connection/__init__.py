"""Sockets of the simulated gateway: the listening port, connections, sessions, the control socket."""
