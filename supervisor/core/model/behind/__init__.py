"""What controllers, the kernel and a canary see behind the port: how it is configured, and what was seen."""
