"""What the modelled gateway says: codes and texts, as short as their reader allows."""

from collections.abc import Sequence

from supervisor.core.codes.farm_kinds import FarmKind

LOST = "Connectivity between IB and Trader Workstation has been lost."
IN_USE = "Unable to connect as the client id is already in use."
MOVED = "Socket port has been reset and this connection is being dropped. New port:"
_FARMS = {
    FarmKind.MARKET_DATA: ("Market data", 2104, 2103),
    FarmKind.HISTORICAL: ("HMDS data", 2106, 2105),
    FarmKind.SEC_DEF: ("Sec-def data", 2158, 2157),
}


def of_farm(kind: FarmKind, name: str, *, broken: bool) -> tuple[int, str]:
    """Code and text of a farm's notice."""
    words, ok_code, broken_code = _FARMS[kind]
    return broken_code if broken else ok_code, f"{words} farm connection is {'broken' if broken else 'OK'}:{name}"


def of_return(code: int, connected: Sequence[str], not_connected: Sequence[str]) -> str:
    """The text of 1101 and 1102, with the farms that it lists."""
    text = f"Connectivity between IB and Trader Workstation has been restored - data {code}."
    if connected:
        text += f" The following farms are connected: {'; '.join(connected)}."
    if not_connected:
        text += f" The following farms are not connected: {'; '.join(not_connected)}."
    return text
