"""The race: one script of faults, played at the same time to this daemon and to every peer that can be run."""
