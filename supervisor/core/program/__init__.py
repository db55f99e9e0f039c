"""What a hosted program needs besides a session: order ids, the pace of its requests, and what it missed."""
