"""Who asks to be let in, and with what header."""

import base64
from dataclasses import dataclass


@dataclass
class Somebody:
    """Who asks to be let in."""

    address: str = "192.0.2.1"
    proved: bool = False
    checking: bool = False
    gone: bool = False


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
