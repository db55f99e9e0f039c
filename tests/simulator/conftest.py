"""The example project is a project of its own, with a library that is not installed here: tests/judges runs it."""

collect_ignore = ["example"]
