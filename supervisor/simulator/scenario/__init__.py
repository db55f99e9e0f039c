"""Scenarios: words, files, and the schema that editors read. Pure but for reading a file."""
