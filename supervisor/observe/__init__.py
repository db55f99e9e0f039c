"""The observers: each reads the frozen snapshot or the event stream and decides nothing."""
