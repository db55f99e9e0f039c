"""Every table of the command line at every width, as files in `expected`."""
