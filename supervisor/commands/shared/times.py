"""A time that is given as an option."""

import typer

from supervisor.config.values.readers import duration


def seconds_of(text: str, least: str, most: str, hint: str) -> float:
    """The seconds of a text like `30s`. Raises BadParameter, which names the option `hint`."""
    try:
        return duration(least, most)(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}", param_hint=hint) from None
