"""The state, and the one `step` that composes the parts."""
