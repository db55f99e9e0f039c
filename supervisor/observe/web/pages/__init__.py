"""The status page: one answer a page, with its style and scripts in it."""
