"""What concerns more than one supervisor."""
