"""What must hold, and the accounts of their own by which it is judged."""
