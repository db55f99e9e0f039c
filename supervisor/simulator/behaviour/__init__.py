"""What is wrong with the gateway now, and the bad bytes it can send. Pure."""
