"""The HTTP side: metrics, health, status and the page people look at."""
