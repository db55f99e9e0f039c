"""Commands for a gateway itself: visit it, check it, record it, or play it."""
