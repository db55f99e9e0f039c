"""The simulated gateway itself: sessions, faults, steps, states, on one asyncio loop."""
