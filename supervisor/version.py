"""The version of this program, from the metadata of its installation: pyproject.toml is its one place.

Not from `supervisor/__init__.py`: supervisord's package has the same name, and may have written that file.
"""

from importlib import metadata
from typing import Final

VERSION: Final[str] = metadata.version("ib-supervisor")
