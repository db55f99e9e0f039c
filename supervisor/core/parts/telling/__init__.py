"""What people are told: conversations, and what waits to be sent."""
