"""Every number of the protocol that has a name (docs/protocol.md 6).

Records keep the plain number they carried: a value that is not listed here is drift, never an error.
"""

from enum import IntEnum, IntFlag


class Code(IntEnum):
    """The code byte of an answer (docs/protocol.md 1)."""

    OK = 0
    INTERNAL_ERROR = 1
    TRADE_SERVER_NOT_AVAILABLE = 2
    INVALID_ACCOUNT_OR_PASSWORD = 3
    REFUSED = 4
    ONE_TIME_CODE_REQUIRED = 5
    TWO_FACTOR_MUST_BE_ENABLED = 6
    INVALID_EMAIL = 7
    INVALID_PHONE = 8
    CERTIFICATE_NOT_SUPPORTED = 9
    NO_CONNECTION = 100
    INVALID_ONE_TIME_CODE = 201


class OrderType(IntEnum):
    """Type of an order (docs/protocol.md 6.1)."""

    BUY = 0
    SELL = 1
    BUY_LIMIT = 2
    SELL_LIMIT = 3
    BUY_STOP = 4
    SELL_STOP = 5
    BUY_STOP_LIMIT = 6
    SELL_STOP_LIMIT = 7
    CLOSE_BY = 8


class OrderState(IntEnum):
    """State of an order at the server (docs/protocol.md 6.1)."""

    STARTED = 0
    PLACED = 1
    CANCELED = 2
    PARTIAL = 3
    FILLED = 4
    REJECTED = 5
    EXPIRED = 6
    REQUEST_ADD = 7
    REQUEST_MODIFY = 8
    REQUEST_CANCEL = 9


class Filling(IntEnum):
    """How an order may be filled (docs/protocol.md 6.2)."""

    FOK = 0
    IOC = 1
    RETURN = 2
    BOC = 3


class OrderTime(IntEnum):
    """How long an order lives (docs/protocol.md 6.2)."""

    GTC = 0
    DAY = 1
    SPECIFIED = 2
    SPECIFIED_DAY = 3


class Side(IntEnum):
    """Side of a position (docs/protocol.md 4.3)."""

    BUY = 0
    SELL = 1


class TradeAction(IntEnum):
    """What a trade request asks for (docs/protocol.md 6.3)."""

    REQUEST_PRICES = 0
    DEAL_REQUEST = 1
    DEAL_INSTANT = 2
    DEAL_MARKET = 3
    DEAL_EXCHANGE = 4
    PENDING = 5
    SLTP = 6
    MODIFY = 7
    REMOVE = 8
    TRANSFER = 9
    CLOSE_BY = 10
    ACTIVATE = 100
    ACTIVATE_SL = 101
    ACTIVATE_TP = 102
    ACTIVATE_STOP_LIMIT = 103
    STOP_OUT_ORDER = 104
    STOP_OUT_POSITION = 105
    EXPIRATION = 106
    DEALER_DEAL = 200
    DEALER_PENDING = 201
    DEALER_POSITION_MODIFY = 202
    DEALER_ORDER_MODIFY = 203
    DEALER_REMOVE = 204
    DEALER_ACTIVATE = 205
    DEALER_BALANCE = 206
    DEALER_ACTIVATE_STOP_LIMIT = 207
    DEALER_CLOSE_BY = 208


class TypeFlags(IntFlag):
    """Flags of a trade request (docs/protocol.md 6.4)."""

    CLOSE = 1
    MARKET = 2
    EXPERT = 256
    SIGNAL = 512
    SKIP_MARGIN_CHECK = 1024


class DealType(IntEnum):
    """What a deal books (docs/protocol.md 6.7)."""

    BUY = 0
    SELL = 1
    BALANCE = 2
    CREDIT = 3
    CHARGE = 4
    CORRECTION = 5
    BONUS = 6
    COMMISSION = 7
    COMMISSION_DAILY = 8
    COMMISSION_MONTHLY = 9
    AGENT_DAILY = 10
    AGENT_MONTHLY = 11
    INTEREST = 12
    BUY_CANCELED = 13
    SELL_CANCELED = 14
    DIVIDEND = 15
    DIVIDEND_FRANKED = 16
    TAX = 17
    SO_COMPENSATION = 18


class DealEntry(IntEnum):
    """What a deal does to a position (docs/protocol.md 4.3)."""

    IN = 0
    OUT = 1
    INOUT = 2
    OUT_BY = 3


class Reason(IntEnum):
    """Who or what caused an order, a deal or a position (docs/protocol.md 6.7)."""

    CLIENT = 0
    EXPERT = 1
    DEALER = 2
    SL = 3
    TP = 4
    SO = 5
    ROLLOVER = 6
    EXTERNAL_CLIENT = 7
    VMARGIN = 8
    GATEWAY = 9
    SIGNAL = 10
    SETTLEMENT = 11
    TRANSFER = 12
    SYNC = 13
    EXTERNAL_SERVICE = 14
    MIGRATION = 15
    MOBILE = 16
    WEB = 17
    SPLIT = 18


class ActivationMode(IntEnum):
    """What activated an order (docs/protocol.md 4.3)."""

    NONE = 0
    PENDING = 1
    STOP_LIMIT = 2


class Retcode(IntEnum):
    """Result of a trade request (docs/protocol.md 6.8)."""

    OK = 0
    OK_1 = 1
    COMMON_ERROR = 2
    INVALID_PARAMETERS = 3
    INVALID_PARAMETERS_4 = 4
    SERVER_PROBLEM = 5
    SERVER_PROBLEM_6 = 6
    NETWORK_PROBLEM = 7
    NO_PERMISSIONS = 8
    LOCAL_TIMEOUT = 9
    LOCAL_NO_CONNECTION = 10
    TOO_FREQUENT = 12
    DEMO_ALLOCATION_DISABLED = 1025
    ON_THE_WAY = 10001
    ACCEPTED = 10002
    IN_PROCESS = 10003
    REQUOTE = 10004
    PRICES = 10005
    REJECT = 10006
    CANCEL = 10007
    PLACED = 10008
    DONE = 10009
    DONE_PARTIAL = 10010
    ERROR = 10011
    TIMEOUT = 10012
    INVALID = 10013
    INVALID_VOLUME = 10014
    INVALID_PRICE = 10015
    INVALID_STOPS = 10016
    TRADE_DISABLED = 10017
    MARKET_CLOSED = 10018
    NO_MONEY = 10019
    PRICE_CHANGED = 10020
    PRICE_OFF = 10021
    INVALID_EXPIRATION = 10022
    ORDER_CHANGED = 10023
    TOO_MANY_REQUESTS = 10024
    NO_CHANGES = 10025
    SERVER_DISABLES_AT = 10026
    CLIENT_DISABLES_AT = 10027
    LOCKED = 10028
    FROZEN = 10029
    INVALID_FILL = 10030
    CONNECTION = 10031
    LIMIT_ORDERS = 10033
    LIMIT_VOLUME = 10034
    INVALID_ORDER = 10035
    POSITION_CLOSED = 10036
    CLOSE_ORDER_EXIST = 10039
    LIMIT_POSITIONS = 10040
    REJECT_CANCEL = 10041
    LONG_ONLY = 10042
    SHORT_ONLY = 10043
    CLOSE_ONLY = 10044
    FIFO_CLOSE = 10045
    DONE_PARTIAL_INTERNAL = 11001


class AccountType(IntEnum):
    """Kind of an account (docs/protocol.md 4.2)."""

    REAL = 0
    DEMO = 1
    CONTEST = 2
    PRELIMINARY = 3


class Rights(IntFlag):
    """What an account may not do (docs/protocol.md 4.2)."""

    TRADE_DISABLED = 4
    INVESTOR = 8
    READ_ONLY = 512
    PASSWORD_CHANGE = 1024


class DaylightMode(IntEnum):
    """Hours added to the server's zone by daylight saving (docs/protocol.md 4.2)."""

    OFF = 0
    ON = 1


class MarginMode(IntEnum):
    """How positions of an account are kept (docs/protocol.md 4.2)."""

    RETAIL_NETTING = 0
    EXCHANGE = 1
    RETAIL_HEDGING = 2


class MarginFreeMode(IntEnum):
    """How floating profit counts in free margin (docs/protocol.md 7.3)."""

    NONE = 0
    ALL = 1
    PROFIT = 2
    LOSS = 3


class StopOutMode(IntEnum):
    """Unit of the stop-out levels (docs/protocol.md 4.2)."""

    PERCENT = 0
    MONEY = 1


class TradeMode(IntEnum):
    """Which trades a symbol allows (docs/protocol.md 6.6)."""

    DISABLED = 0
    LONG_ONLY = 1
    SHORT_ONLY = 2
    CLOSE_ONLY = 3
    FULL = 4


class Execution(IntEnum):
    """Execution mode of a symbol (docs/protocol.md 4.2)."""

    REQUEST = 0
    INSTANT = 1
    MARKET = 2
    EXCHANGE = 3


class FillFlags(IntFlag):
    """Fillings that a symbol allows (docs/protocol.md 4.2)."""

    FOK = 1
    IOC = 2
    BOC = 4


class TimeFlags(IntFlag):
    """Order lifetimes that a symbol allows (docs/protocol.md 4.2)."""

    GTC = 1
    DAY = 2
    SPECIFIED = 4
    SPECIFIED_DAY = 8


class OrderFlags(IntFlag):
    """Order kinds that a symbol allows (docs/protocol.md 4.2)."""

    MARKET = 1
    LIMIT = 2
    STOP = 4
    STOP_LIMIT = 8
    SL = 16
    TP = 32
    CLOSE_BY = 64


class CalcMode(IntEnum):
    """How profit, margin are computed for a symbol (docs/protocol.md 6.6)."""

    FOREX = 0
    FUTURES = 1
    CFD = 2
    CFD_INDEX = 3
    CFD_LEVERAGE = 4
    FOREX_NO_LEVERAGE = 5
    EXCH_STOCKS = 32
    EXCH_FUTURES = 33
    EXCH_FUTURES_FORTS = 34
    EXCH_OPTIONS = 35
    EXCH_OPTIONS_MARGIN = 36
    EXCH_BONDS = 37
    EXCH_STOCKS_MOEX = 38
    EXCH_BONDS_MOEX = 39
    COLLATERAL = 64


class SwapMode(IntEnum):
    """How swap is computed (docs/protocol.md 6.6)."""

    DISABLED = 0
    POINTS = 1
    CURRENCY_BASE = 2
    CURRENCY_MARGIN = 3
    CURRENCY_DEPOSIT = 4
    INTEREST_CURRENT = 5
    INTEREST_OPEN = 6
    REOPEN_CLOSE_PRICE = 7
    REOPEN_BID = 8


class Rollover(IntEnum):
    """Day of the triple swap (docs/protocol.md 4.2)."""

    SUNDAY = 0
    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    DISABLED = 7


class ChartMode(IntEnum):
    """Price that bars are built from (docs/protocol.md 4.5)."""

    BID = 0
    LAST = 1
    AUTOMATIC = 255


class GtcMode(IntEnum):
    """Life of good-till-cancelled orders over the end of the day (docs/protocol.md 4.5)."""

    GTC = 0
    TODAY_WITH_STOPS = 1
    TODAY_WITHOUT_STOPS = 2


class OptionMode(IntEnum):
    """Style of an option (docs/protocol.md 4.5)."""

    EUROPEAN_CALL = 0
    EUROPEAN_PUT = 1
    AMERICAN_CALL = 2
    AMERICAN_PUT = 3


class RangeMode(IntEnum):
    """What the ranges of a leverage rule measure (docs/protocol.md 4.2)."""

    VOLUME_TOTAL = 0
    VOLUME_SYMBOL = 1
    VALUE_TOTAL = 2
    VALUE_SYMBOL = 3


class SpreadMargin(IntEnum):
    """How the margin of a spread is found (docs/protocol.md 4.8)."""

    FIXED = 0
    MAX_LEG = 1
    PERCENT = 2
    DIFFERENCE = 3


class SpreadMode(IntEnum):
    """How a leg of a spread is matched (docs/protocol.md 4.8)."""

    SYMBOL = 0
    BASIS = 1


class PasswordKind(IntEnum):
    """Which password is changed (docs/protocol.md 4.9)."""

    MAIN = 0
    INVESTOR = 1


class Timeframe(IntEnum):
    """Period of a bar (docs/protocol.md 4.11); NONE is what the terminal sends for any other period."""

    NONE = 0
    M1 = 1
    M5 = 5
    M15 = 15
    M30 = 30
    H1 = 16385
    H4 = 16388
    D1 = 16408
    W1 = 32769
    MN1 = 49153


class TransactionClass(IntEnum):
    """What a transaction speaks of: its flag_mask (docs/protocol.md 5.3)."""

    ORDER = 0
    HISTORY_ORDER = 1
    DEAL = 2


class TransactionType(IntEnum):
    """What a transaction does (docs/protocol.md 5.3)."""

    ADD = 0
    UPDATE = 1
    DELETE = 2


class TickFields(IntFlag):
    """Which fields a tick brings (docs/protocol.md 5.1)."""

    BID = 1
    ASK = 2
    LAST = 4
    VOLUME = 8


class BookType(IntEnum):
    """What a book level says (docs/protocol.md 5.5)."""

    RESET = 0
    SELL = 1
    BUY = 2
    SELL_MARKET = 3
    BUY_MARKET = 4
