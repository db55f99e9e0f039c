"""Messages to people, and the sign of life that others wait for."""
