"""From typed records to words."""
