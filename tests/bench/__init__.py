"""What the daemon promises in seconds, measured; `python -m tests.bench` and `python -m tests.bench.fleet`."""
