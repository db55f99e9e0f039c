"""Configuration: one YAML file in, validated policies out, or every fault at once."""
