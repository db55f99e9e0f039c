"""The gateway side: the only code that imports ibapi."""
