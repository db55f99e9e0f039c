"""The simulated gateway: a real TCP server that speaks TWS's protocol and misbehaves on command."""
