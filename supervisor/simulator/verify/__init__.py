"""Checks of a real gateway: each assumption of this project by name, read-only, in about a minute."""
