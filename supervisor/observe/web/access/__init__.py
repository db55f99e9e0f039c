"""Who may ask: the guard at the door, foreign hosts, users and their passwords."""
