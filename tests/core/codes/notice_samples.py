"""Lines that users of TWS and IB Gateway posted in public, as (number, code, text, what is to be read from it).

The numbers are those of the collection the lines are from; one number may hold several messages of one incident. Lines
33 to 36 are no messages of the gateway: what other libraries and TWS's own log say must be read as nothing.
"""

import datetime as dt

from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.notices import (
    CompetingSession,
    Desupported,
    FarmNotice,
    Notice,
    PacingWarning,
    Plain,
    ReadOnly,
    UpstreamLost,
    UpstreamRestored,
)

MD, HMDS, SEC = FarmKind.MARKET_DATA, FarmKind.HISTORICAL, FarmKind.SEC_DEF
OK, INACTIVE, CONNECTING, BROKEN = FarmState.OK, FarmState.INACTIVE, FarmState.CONNECTING, FarmState.BROKEN

MD_OK = "Market data farm connection is OK:"
MD_BROKEN = "Market data farm connection is broken:"
MD_DORMANT = "Market data farm connection is inactive but should be available upon demand."
HMDS_OK = "HMDS data farm connection is OK:"
HMDS_BROKEN = "HMDS data farm connection is broken:"
SEC_OK = "Sec-def data farm connection is OK:"
SEC_BROKEN = "Sec-def data farm connection is broken:"
FARM_CODES = {
    2103: (MD, BROKEN),
    2104: (MD, OK),
    2105: (HMDS, BROKEN),
    2106: (HMDS, OK),
    2107: (HMDS, INACTIVE),
    2108: (MD, INACTIVE),
    2119: (MD, CONNECTING),
    2120: (HMDS, CONNECTING),
    2157: (SEC, BROKEN),
    2158: (SEC, OK),
    2159: (SEC, INACTIVE),
}
"""What each farm code says of its farm, whatever the text."""

LOST_IB = "Connectivity between IB and Trader Workstation has been lost."
LOST_IBKR = "Connectivity between IBKR and Trader Workstation has been lost."
BACK_IB = "Connectivity between IB and Trader Workstation has been restored - data maintained."
BACK_IBKR = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
DEAD_STREAM = "Failed to request live updates (disconnected)."

SAMPLES: list[tuple[int, int, str, Notice]] = [
    (1, 2104, f"{MD_OK}hfarm", FarmNotice(MD, OK, "hfarm")),
    (2, 2104, f"{MD_OK}usfarm.nj", FarmNotice(MD, OK, "usfarm.nj")),
    (3, 2106, f"{HMDS_OK}ushmds.nj", FarmNotice(HMDS, OK, "ushmds.nj")),
    (4, 2158, f"{SEC_OK}secdefnj", FarmNotice(SEC, OK, "secdefnj")),
    (5, 2158, f"{SEC_OK}secdefhk", FarmNotice(SEC, OK, "secdefhk")),
    (6, 2104, f"{MD_OK}usfuture.us", FarmNotice(MD, OK, "usfuture.us")),
    (6, 2104, f"{MD_OK}usfarm.us", FarmNotice(MD, OK, "usfarm.us")),
    (6, 2104, f"{MD_OK}usbond", FarmNotice(MD, OK, "usbond")),
    (7, 2103, f"{MD_BROKEN}usfarm", FarmNotice(MD, BROKEN, "usfarm")),
    (7, 2104, f"{MD_OK}usfarm", FarmNotice(MD, OK, "usfarm")),
    (8, 1100, LOST_IB, UpstreamLost(1100)),
    (
        9,
        1102,
        f"{BACK_IB} The following farms are connected: cashfarm; secdefil."
        " The following farms are not connected: cashhmds.",
        UpstreamRestored("maintained", ("cashfarm", "secdefil"), ("cashhmds",)),
    ),
    (
        10,
        1102,
        f"{BACK_IB} The following farms are connected: usfarm.nj; hfarm; jfarm; eufarm; cashfarm; usfarm; euhmds; "
        "cashhmds; hkhmds; ushmds; fundfarm; secdefhk. The following farms are not connected: usfuture.",
        UpstreamRestored(
            "maintained",
            (
                "usfarm.nj",
                "hfarm",
                "jfarm",
                "eufarm",
                "cashfarm",
                "usfarm",
                "euhmds",
                "cashhmds",
                "hkhmds",
                "ushmds",
                "fundfarm",
                "secdefhk",
            ),
            ("usfuture",),
        ),
    ),
    (
        11,
        1102,
        f"{BACK_IBKR} All data farms are connected: eufarmnj; usfarm; ushmds; secdefnj.",
        UpstreamRestored("maintained", ("eufarmnj", "usfarm", "ushmds", "secdefnj")),
    ),
    (
        12,
        1102,
        f"{BACK_IBKR} All data farms are connected: usfarm; ushmds; secdefil.",
        UpstreamRestored("maintained", ("usfarm", "ushmds", "secdefil")),
    ),
    (12, 10197, "No market data during competing live session", CompetingSession(10197)),
    (13, 1102, BACK_IB, UpstreamRestored("maintained")),
    (14, 1100, LOST_IBKR, UpstreamLost(1100)),
    (15, 2157, f"{SEC_BROKEN}secdefhk", FarmNotice(SEC, BROKEN, "secdefhk")),
    (16, 2157, f"{SEC_BROKEN}secdefeu", FarmNotice(SEC, BROKEN, "secdefeu")),
    (17, 2157, f"{SEC_BROKEN}secdefil", FarmNotice(SEC, BROKEN, "secdefil")),
    (
        18,
        2107,
        "HMDS data farm connection is inactive but should be available upon demand.ushmds",
        FarmNotice(HMDS, INACTIVE, "ushmds"),
    ),
    (19, 2105, f"{HMDS_BROKEN}ushmds", FarmNotice(HMDS, BROKEN, "ushmds")),
    (20, 2108, f"{MD_DORMANT}usfarm.us", FarmNotice(MD, INACTIVE, "usfarm.us")),
    (21, 2108, f"{MD_DORMANT}hfarm", FarmNotice(MD, INACTIVE, "hfarm")),
    (22, 2108, f"{MD_DORMANT}usfarm.nj", FarmNotice(MD, INACTIVE, "usfarm.nj")),
    (23, 2108, f"{MD_DORMANT}usopt", FarmNotice(MD, INACTIVE, "usopt")),
    (24, 2119, "Market data farm is connecting:ibdemo", FarmNotice(MD, CONNECTING, "ibdemo")),
    (24, 2104, f"{MD_OK}ibdemo", FarmNotice(MD, OK, "ibdemo")),
    (25, 2119, "Market data farm is connecting:usfarm.nj", FarmNotice(MD, CONNECTING, "usfarm.nj")),
    (25, 2104, f"{MD_OK}usfarm.nj", FarmNotice(MD, OK, "usfarm.nj")),
    (26, 2103, f"{MD_BROKEN}usfarm", FarmNotice(MD, BROKEN, "usfarm")),
    (27, 2105, f"{HMDS_BROKEN}ushmds", FarmNotice(HMDS, BROKEN, "ushmds")),
    (27, 10182, DEAD_STREAM, Plain()),
    (27, 2106, f"{HMDS_OK}ushmds", FarmNotice(HMDS, OK, "ushmds")),
    (28, 10182, "请求实时更新失败（连接断开）。", Plain()),
    (
        29,
        10197,
        "No market data during competing live session. Origin: [Id=5] Subscribe: SPY (STK SPY USD Smart ARCA 0 )",
        CompetingSession(10197),
    ),
    (
        30,
        162,
        "Historical Market Data Service error message:API historical data query cancelled: 5",
        Plain(),
    ),
    (31, 0, "Warning: Approaching max rate of 50 messages per second (44)", PacingWarning()),
    (
        32,
        321,
        "Error validating request:-'bN' : cause - The API interface is currently in Read-Only mode.",
        ReadOnly(),
    ),
    (33, -1, "System.Net.Sockets.SocketException (104): Connection reset by peer", Plain()),
    (34, -1, "Socket connection for client{1} has closed.", Plain()),
    (35, -1, "Peer closed connection. clientId 123 already in use?", Plain()),
    (
        36,
        -1,
        "Login failed - Soft token=0 received instead of expected permanent for ndc1.ibllc.com:4001 (SSL)",
        Plain(),
    ),
    (
        37,
        2172,
        "The version of the application you are running, 1019.2, needs to be upgraded, as it will be desupported on "
        "20250320. The minimum supported version at that time will be 1030.1.",
        Desupported("1019.2", dt.date(2025, 3, 20), "1030.1"),
    ),
    (38, 10141, "Paper trading disclaimer must first be accepted for API connection.", Plain()),
    (39, 2139, "Real paper-trading has not been acknowledged yet.", Plain()),
    (40, 2188, "Up-to-the-second historical data requires additional subscription for the API.", Plain()),
]
