"""A session whose `EClient` and `EWrapper` are the user's own."""
