"""Recovery over gateway-years: its world, faults planted in it, and the soak."""
