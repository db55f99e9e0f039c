"""A small trading program and its tests, as a user of the pytest plugin would write them."""
