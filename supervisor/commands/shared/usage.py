"""How each command is read: `-h`, and errors without a library's words.

- typer checks values with pydantic, whose sentences ("Input should be a valid integer, unable to parse string as an
  integer") are for programmers. They are told here in our own words.
- Each option with a value names it in its `metavar`. Without one the help says `<int range>`, which a test refuses.
"""

import re
from typing import Any, Final

import typer
import typer.core

HELP: Final = {"help_option_names": ["-h", "--help"]}
"""The context of every command."""
_VALUE_ERROR: Final = "Value error, "


class Command(typer.core.TyperCommand):
    """A command whose errors are for people."""

    def get_help(self, ctx: Any) -> str:
        """The help. An argument is named by its metavar alone, as `CODE` and not `CODE <int>`."""
        return re.sub(r" <\w+>", "", super().get_help(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises typer.BadParameter with our words for a value that pydantic refused."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = in_our_words(error)
            raise


def in_our_words(error: typer.BadParameter) -> str:
    """What is wrong with the value, and what would be right."""
    told: list[Any] = getattr(error.__cause__, "errors", list)()
    if not told:
        return error.message
    kind, context, value = told[0]["type"], told[0].get("ctx", {}), told[0].get("input")
    match kind:
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return f"{value!r} is not a whole number"
        case "greater_than_equal":
            return f"{value} is less than {context['ge']}"
        case "less_than_equal":
            return f"{value} is more than {context['le']}"
        case _:
            return str(told[0]["msg"]).removeprefix(_VALUE_ERROR)
