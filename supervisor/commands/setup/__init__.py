"""Commands that help to set things up."""
