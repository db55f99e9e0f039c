"""A session with a real gateway as a file, and that file played back."""
