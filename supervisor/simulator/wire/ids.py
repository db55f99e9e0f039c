"""Message ids, both ways, and since which server version a message of the gateway is protobuf. Pure data.

Source: the public message ids of IBKR's API clients up to server version 226.
"""

from enum import IntEnum

OLDEST_VERSION = 130
"""The oldest server version that is spoken; a client that stops before it is dropped."""
FIRST_RAW_ID = 201
"""The first server version whose ids are raw integers."""
PROTOBUF_OFFSET = 200
"""Added to a message's id when its body is protobuf."""


class Ask(IntEnum):
    """Message ids of clients."""

    MARKET_DATA = 1
    CANCEL_MARKET_DATA = 2
    PLACE_ORDER = 3
    CANCEL_ORDER = 4
    OPEN_ORDERS = 5
    ACCOUNT_UPDATES = 6
    EXECUTIONS = 7
    IDS = 8
    CONTRACT = 9
    DEPTH = 10
    CANCEL_DEPTH = 11
    NEWS_BULLETINS = 12
    CANCEL_NEWS_BULLETINS = 13
    LOG_LEVEL = 14
    AUTO_OPEN_ORDERS = 15
    ALL_OPEN_ORDERS = 16
    MANAGED_ACCOUNTS = 17
    FA = 18
    REPLACE_FA = 19
    HISTORY = 20
    EXERCISE_OPTIONS = 21
    SCANNER = 22
    CANCEL_SCANNER = 23
    SCANNER_PARAMETERS = 24
    CANCEL_HISTORY = 25
    CURRENT_TIME = 49
    REALTIME_BARS = 50
    CANCEL_REALTIME_BARS = 51
    FUNDAMENTALS = 52
    CANCEL_FUNDAMENTALS = 53
    IMPLIED_VOLATILITY = 54
    OPTION_PRICE = 55
    CANCEL_IMPLIED_VOLATILITY = 56
    CANCEL_OPTION_PRICE = 57
    GLOBAL_CANCEL = 58
    MARKET_DATA_TYPE = 59
    POSITIONS = 61
    ACCOUNT_SUMMARY = 62
    CANCEL_ACCOUNT_SUMMARY = 63
    CANCEL_POSITIONS = 64
    VERIFY = 65
    VERIFY_MESSAGE = 66
    DISPLAY_GROUPS = 67
    SUBSCRIBE_GROUP = 68
    UPDATE_GROUP = 69
    UNSUBSCRIBE_GROUP = 70
    START_API = 71
    VERIFY_AND_AUTH = 72
    VERIFY_AND_AUTH_MESSAGE = 73
    POSITIONS_MULTI = 74
    CANCEL_POSITIONS_MULTI = 75
    ACCOUNT_MULTI = 76
    CANCEL_ACCOUNT_MULTI = 77
    OPTION_CHAIN = 78
    SOFT_DOLLAR_TIERS = 79
    FAMILY_CODES = 80
    MATCHING_SYMBOLS = 81
    DEPTH_EXCHANGES = 82
    SMART_COMPONENTS = 83
    NEWS_ARTICLE = 84
    NEWS_PROVIDERS = 85
    HISTORICAL_NEWS = 86
    HEAD_TIMESTAMP = 87
    HISTOGRAM = 88
    CANCEL_HISTOGRAM = 89
    CANCEL_HEAD_TIMESTAMP = 90
    MARKET_RULE = 91
    PNL = 92
    CANCEL_PNL = 93
    PNL_SINGLE = 94
    CANCEL_PNL_SINGLE = 95
    HISTORICAL_TICKS = 96
    TICK_BY_TICK = 97
    CANCEL_TICK_BY_TICK = 98
    COMPLETED_ORDERS = 99
    WSH_META_DATA = 100
    CANCEL_WSH_META_DATA = 101
    WSH_EVENTS = 102
    CANCEL_WSH_EVENTS = 103
    USER_INFO = 104
    CURRENT_TIME_MILLIS = 105
    CANCEL_CONTRACT = 106
    CANCEL_HISTORICAL_TICKS = 107
    CONFIG = 108
    UPDATE_CONFIG = 109


class Answer(IntEnum):
    """Message ids of the gateway."""

    TICK_PRICE = 1
    TICK_SIZE = 2
    ORDER_STATUS = 3
    ERROR = 4
    OPEN_ORDER = 5
    ACCOUNT_VALUE = 6
    PORTFOLIO = 7
    ACCOUNT_TIME = 8
    NEXT_VALID_ID = 9
    CONTRACT = 10
    EXECUTION = 11
    DEPTH = 12
    DEPTH_L2 = 13
    MANAGED_ACCOUNTS = 15
    HISTORY = 17
    TICK_OPTION = 21
    TICK_GENERIC = 45
    TICK_STRING = 46
    CURRENT_TIME = 49
    REALTIME_BAR = 50
    CONTRACT_END = 52
    OPEN_ORDERS_END = 53
    ACCOUNT_END = 54
    EXECUTIONS_END = 55
    SNAPSHOT_END = 57
    MARKET_DATA_TYPE = 58
    COMMISSION = 59
    POSITION = 61
    POSITIONS_END = 62
    ACCOUNT_SUMMARY = 63
    ACCOUNT_SUMMARY_END = 64
    POSITION_MULTI = 71
    POSITIONS_MULTI_END = 72
    ACCOUNT_MULTI = 73
    ACCOUNT_MULTI_END = 74
    OPTION_CHAIN = 75
    OPTION_CHAIN_END = 76
    SOFT_DOLLAR_TIERS = 77
    FAMILY_CODES = 78
    SYMBOL_SAMPLES = 79
    DEPTH_EXCHANGES = 80
    TICK_PARAMETERS = 81
    SMART_COMPONENTS = 82
    NEWS_PROVIDERS = 85
    HEAD_TIMESTAMP = 88
    HISTOGRAM = 89
    HISTORY_UPDATE = 90
    MARKET_RULE = 93
    PNL = 94
    PNL_SINGLE = 95
    HISTORICAL_TICKS = 96
    HISTORICAL_TICKS_BID_ASK = 97
    HISTORICAL_TICKS_LAST = 98
    TICK_BY_TICK = 99
    COMPLETED_ORDER = 101
    COMPLETED_ORDERS_END = 102
    HISTORICAL_SCHEDULE = 106
    USER_INFO = 107
    HISTORY_END = 108
    CURRENT_TIME_MILLIS = 109


PROTOBUF_SINCE: dict[Answer, int] = {
    **dict.fromkeys(
        (Answer.ORDER_STATUS, Answer.ERROR, Answer.OPEN_ORDER, Answer.EXECUTION, Answer.EXECUTIONS_END), 201
    ),
    **dict.fromkeys((Answer.OPEN_ORDERS_END, Answer.COMPLETED_ORDER, Answer.COMPLETED_ORDERS_END), 204),
    **dict.fromkeys((Answer.COMMISSION, Answer.CONTRACT, Answer.CONTRACT_END), 205),
    **dict.fromkeys(
        (
            Answer.TICK_PRICE,
            Answer.TICK_SIZE,
            Answer.TICK_OPTION,
            Answer.TICK_GENERIC,
            Answer.TICK_STRING,
            Answer.TICK_PARAMETERS,
            Answer.SNAPSHOT_END,
            Answer.MARKET_DATA_TYPE,
            Answer.DEPTH,
            Answer.DEPTH_L2,
        ),
        206,
    ),
    **dict.fromkeys(
        (
            Answer.ACCOUNT_VALUE,
            Answer.ACCOUNT_TIME,
            Answer.ACCOUNT_END,
            Answer.PORTFOLIO,
            Answer.MANAGED_ACCOUNTS,
            Answer.POSITION,
            Answer.POSITIONS_END,
            Answer.POSITION_MULTI,
            Answer.POSITIONS_MULTI_END,
            Answer.ACCOUNT_SUMMARY,
            Answer.ACCOUNT_SUMMARY_END,
            Answer.ACCOUNT_MULTI,
            Answer.ACCOUNT_MULTI_END,
        ),
        207,
    ),
    **dict.fromkeys(
        (
            Answer.HISTORY,
            Answer.HISTORY_END,
            Answer.HISTORY_UPDATE,
            Answer.REALTIME_BAR,
            Answer.HEAD_TIMESTAMP,
            Answer.HISTOGRAM,
            Answer.HISTORICAL_TICKS,
            Answer.HISTORICAL_TICKS_BID_ASK,
            Answer.HISTORICAL_TICKS_LAST,
            Answer.TICK_BY_TICK,
        ),
        208,
    ),
    Answer.NEWS_PROVIDERS: 209,
    **dict.fromkeys((Answer.PNL, Answer.PNL_SINGLE), 210),
    **dict.fromkeys(
        (
            Answer.HISTORICAL_SCHEDULE,
            Answer.OPTION_CHAIN,
            Answer.OPTION_CHAIN_END,
            Answer.SOFT_DOLLAR_TIERS,
            Answer.FAMILY_CODES,
            Answer.SYMBOL_SAMPLES,
            Answer.SMART_COMPONENTS,
            Answer.MARKET_RULE,
            Answer.USER_INFO,
            Answer.DEPTH_EXCHANGES,
        ),
        212,
    ),
    **dict.fromkeys((Answer.NEXT_VALID_ID, Answer.CURRENT_TIME, Answer.CURRENT_TIME_MILLIS), 213),
}
"""Before its version a message is text; clients accept both from 201 on."""
