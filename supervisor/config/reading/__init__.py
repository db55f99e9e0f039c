"""Files as text, variables, and the faults found in them."""
