"""The demonstration and its story."""
