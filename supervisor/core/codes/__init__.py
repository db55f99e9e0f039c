"""Message codes: one rule for each, and what their texts say."""
