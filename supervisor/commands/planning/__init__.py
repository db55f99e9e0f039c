"""Commands around the config: write it, check it, look ahead."""
