"""Years of faults on the real core, with a virtual clock and a seed. docs/simulation.md tells what came of it."""
