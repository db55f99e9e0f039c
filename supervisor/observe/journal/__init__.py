"""The journal: facts and history in one SQLite file."""
