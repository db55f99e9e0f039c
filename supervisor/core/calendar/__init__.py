"""The calendar: the clock as an argument, time zones, windows, token expiry."""
