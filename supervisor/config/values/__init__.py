"""Values as people write them: times, zones, windows, the reset tables."""
