"""What can be configured: every key with its type, its bounds, its default and its meaning.

docs/configuration.md is made from here: the meaning of a key is the comment behind it.  What two keys of a
table say against each other is told by its `contradictions`, as (key, what).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from oms.domain.limits import AccountLimits, Alive, Limits
from oms.heads.keys import SigningKey

from .kinds import (
    ALIASES,
    CLIENT_ID,
    NKEY,
    OTP_SECRET,
    PASSWORD,
    PATH,
    PATTERNS,
    PUBLIC_KEYS,
    SIGNING_KEY,
    SOME_PATTERNS,
    OptionalPath,
    OptionalSecret,
    number,
    text,
    whole,
)
from .problems import Problem
from .secret import Secret
from .urls import ORIGIN, SERVERS, VENUE

Contradictions = Iterator[tuple[str, str]]

LABEL: Final = text(r"[A-Za-z0-9_-]{1,32}", says="1 to 32 letters, digits, _ or -")
PREFIX: Final = text(
    r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", 64, "words of letters, digits, _ or -, with dots between"
)
HOST: Final = text(r"[A-Za-z0-9._:-]+", says="a host name or an address")


class Table(msgspec.Struct, frozen=True):
    """A table of the file."""

    def contradictions(self) -> Contradictions:
        """Keys that do not go together."""
        return iter(())


class NatsSettings(Table, frozen=True):
    """The NATS server, or the servers of a cluster, and who the daemon is there.

    One way to authenticate at most: `user` with `password`, `token`, `nkey` or `creds`.
    """

    url: Annotated[tuple[str, ...], SERVERS] = ("nats://127.0.0.1:4222",)  # nats:// or tls://, host and port
    name: Annotated[str, text(most=64)] = "oms"  # of the connection, as the server's monitoring shows it
    user: Annotated[str, text()] = ""  # goes with `password`
    password: OptionalSecret = None  # goes with `user`
    token: OptionalSecret = None  # a token instead of a user
    nkey: Annotated[Secret | None, NKEY] = None  # the seed of an nkey
    creds: OptionalPath = None  # credentials file: JWT and seed, as `nsc` writes it
    tls_ca: OptionalPath = None  # certificates to trust, PEM, instead of the system's
    tls_cert: OptionalPath = None  # our own certificate, PEM; goes with `tls_key`
    tls_key: OptionalPath = None  # its key, PEM
    prefix: Annotated[str, PREFIX] = "oms.v1"  # of every subject
    nats_required: bool = True  # no new risk is taken while NATS is away
    publish_before_send: bool = False  # what adds risk is not sent before the stream has it, too
    ticks: Literal["both", "each", "batch", "none"] = "both"  # a message per tick, one per push, or both
    require_client_subject: bool = False  # a command's client is its subject's last word, not its payload's

    def contradictions(self) -> Contradictions:
        """One way to authenticate; what comes in pairs comes in pairs."""
        ways = {
            "user": self.user or self.password,
            "token": self.token,
            "nkey": self.nkey,
            "creds": self.creds,
        }
        used = [name for name, given in ways.items() if given]
        if len(used) > 1:
            yield used[1], f"cannot be used beside {used[0]}: there is one way to authenticate"
        if self.user and self.password is None:
            yield "user", "needs password beside it"
        if self.password is not None and not self.user:
            yield "password", "needs user beside it"
        if self.tls_cert and not self.tls_key:
            yield "tls_cert", "needs tls_key beside it"
        if self.tls_key and not self.tls_cert:
            yield "tls_key", "needs tls_cert beside it"


class DataSettings(Table, frozen=True):
    """Where the logs are, and how much of the market log is kept."""

    dir: Annotated[Path, PATH]  # folder of all data; made if it is not there
    committer: Literal["probe", "inline", "thread"] = "probe"  # probe: inline where the disk is fast enough
    market_log: bool = True  # keep ticks, books and statistics
    market_days: Annotated[int, whole(1, 3650)] = 3  # days of them, at most
    market_gb: Annotated[float, number(0.001, 100_000)] = 5.0  # 10^9 bytes of them, at most
    halt_file: OptionalPath = None  # while this file is there all accounts are halted; absent: HALT in `dir`
    market_least_free_gb: Annotated[float, number(0, 100_000)] = 2.0  # less free on the disk: it pauses


class HeadSettings(Table, frozen=True):
    """Signed heads of the journals, by which an auditor sees that none was cut off or written anew.

    Without `key` there are none.
    """

    key: Annotated[Secret | None, SIGNING_KEY] = None  # signs; `oms keys init` makes it
    public_key: Annotated[
        tuple[str, ...], PUBLIC_KEYS
    ] = ()  # believed by `oms log verify`: the key's, older ones
    every: Annotated[float, number(0.1, 86_400)] = 60.0  # seconds between two heads, where something happened
    file: OptionalPath = None  # heads are added to this file, too; on another disk it is worth more

    def contradictions(self) -> Contradictions:
        """The key's own public half is among those that are believed."""
        if self.key is None:
            if self.file is not None:
                yield "file", "needs key beside it: nothing signs"
        elif (public := SigningKey.of_text(self.key.reveal()).public) not in self.public_key:
            yield "public_key", f"must be that of key, or have it among them: {public}"


class HttpSettings(Table, frozen=True):
    """Health and metrics over HTTP, without authentication."""

    enabled: bool = True  # false: nothing listens
    host: Annotated[str, HOST] = "127.0.0.1"  # where it listens
    port: Annotated[int, whole(0, 65_535)] = 8080  # 0 = any free one


class LogSettings(Table, frozen=True):
    """What the daemon writes on stderr."""

    format: Literal["console", "json"] = "console"  # for people, or a JSON object a line
    level: Literal["debug", "info", "warning", "error"] = "info"  # the least that is written


class LimitSettings(Table, frozen=True):
    """How long, how often, how many; times are in seconds where nothing else is said."""

    connect_timeout: Annotated[float, number(0.1, 600)] = 15.0  # until the WebSocket must stand
    answer_timeout: Annotated[float, number(0.1, 600)] = 30.0  # until a request must be answered
    ping: Annotated[float, number(0.1, 60)] = 5.0  # from one of our pings to the next
    silence: Annotated[float, number(0.1, 600)] = 15.0  # without a byte: the connection is given up
    reconnect_first: Annotated[float, number(0.01, 3600)] = 0.5  # before the second attempt; then doubling
    reconnect_limit: Annotated[float, number(0.01, 3600)] = 30.0  # where doubling ends
    reconcile_overlap_hours: Annotated[float, number(0, 8760)] = 24.0  # of history, read again at each start
    reconcile_every: Annotated[float, number(1, 86_400)] = 300.0  # from one comparison to the next
    difference_rounds: Annotated[int, whole(1, 100)] = 3  # unequal in a row: `difference`
    difference_spacing: Annotated[float, number(0.1, 3600)] = 30.0  # between those
    outcome_timeout: Annotated[float, number(0.1, 3600)] = 60.0  # for the result of an accepted request
    unknown_spacing: Annotated[float, number(0.05, 600)] = 5.0  # between looks for an unknown's traces
    unknown_last: Annotated[float, number(0, 3600)] = 60.0  # from its send until it may be "not executed"
    unknown_last_accepted: Annotated[float, number(0, 3600)] = 300.0  # likewise, where it was accepted
    unknown_again: Annotated[float, number(0.05, 3600)] = 30.0  # between looks at what stays unknown
    unknown_warning: Annotated[float, number(0.05, 3600)] = 60.0  # from its send to the first warning
    command_deadline: Annotated[float, number(0.1, 86_400)] = 10.0  # from the receipt, where none is given
    command_wait: Annotated[float, number(0, 60)] = 5.0  # of a request for its outcome, where none is given
    clock_skew: Annotated[float, number(0, 60)] = 2.0  # that a given deadline may be off
    waiting_commands: Annotated[int, whole(1, 100_000)] = 256  # of an account; more are `busy`
    quote_age: Annotated[float, number(0.1, 3600)] = 10.0  # older quotes are too old for market orders
    deviation: Annotated[int, whole(0, 1_000_000)] = 20  # points that requested prices may be off
    trade_rate: Annotated[float, number(0.1, 10_000)] = 10.0  # trade requests a second, of one session
    trade_burst: Annotated[int, whole(1, 10_000)] = 20  # of them at once
    data_rate: Annotated[float, number(0.1, 10_000)] = 20.0  # requests for data a second, of one session
    data_burst: Annotated[int, whole(1, 10_000)] = 40  # of them at once
    publish_wait: Annotated[float, number(0.1, 60)] = 2.0  # for the stream to have an intent
    data_wait: Annotated[float, number(0, 60)] = 5.0  # of a request for data for its turn; then it is `busy`
    breaker_failures: Annotated[int, whole(1, 1000)] = 5  # in a row: such requests are not sent for a while
    breaker_pause: Annotated[float, number(0.1, 3600)] = 10.0  # until one is tried again; then doubling
    breaker_limit: Annotated[float, number(0.1, 86_400)] = 300.0  # where that doubling ends
    feed_silence: Annotated[float, number(0.1, 86_400)] = 60.0  # without a tick while markets are open: stale
    latency: Annotated[float, number(0.001, 600)] = 1.0  # of a ping's round trip; more is degraded
    latency_lasting: Annotated[float, number(0.1, 3600)] = 30.0  # before it is said, and taken back
    outbox_window: Annotated[int, whole(1, 100_000)] = 1000  # events published and not yet acknowledged
    stop_settle: Annotated[float, number(0, 300)] = 10.0  # for what is in flight at the end

    def contradictions(self) -> Contradictions:
        """Silence is longer than what breaks it; a limit is not below what it limits."""
        if self.silence <= self.ping:
            yield "silence", "must be more than ping"
        if self.reconnect_limit < self.reconnect_first:
            yield "reconnect_limit", "must not be less than reconnect_first"
        if self.breaker_limit < self.breaker_pause:
            yield "breaker_limit", "must not be less than breaker_pause"


class ClientRiskSettings(Limits, Table, frozen=True, kw_only=True):
    """Limits of one client of the account, within those of the account; under the client's name.

    In a netting account a position counts for every client who trades its symbol: nobody can tell whose lots
    are in it.
    """

    alive_within: Alive | None = None  # seconds without a word of it (`ctl alive`): its orders are canceled


class RiskSettings(AccountLimits, Table, frozen=True, kw_only=True):
    """Limits of the account's risk; a limit that is not given is none.

    They hold from the start, and until `oms.v1.ctl.<account>.limits` changes them. What was changed so
    stays, also after a restart, until a limit of this file is changed: then those of the file hold again.
    Only what adds risk is limited. What closes, cancels or moves stops always goes.
    """

    breach_until: Literal["resume", "next_day"] = "resume"  # max_daily_loss or max_drawdown: reducing until
    alive_within: Alive | None = None  # seconds without a word of an operator (`ctl alive`), and then:
    alive_missed: Literal["reduce", "panic"] = "reduce"  # what a silent operator leads to
    clients: Mapping[str, ClientRiskSettings] = {}  # tables of their own, by client


class AccountSettings(Table, frozen=True):
    """An account, under its label: the word for it in subjects and file names.

    A label is 1 to 32 letters, digits, `_` or `-`; `_daemon` is taken.
    """

    url: Annotated[str, VENUE]  # of the broker's web terminal
    login: Annotated[int, whole(1, 2**63 - 1)]  # the account's number
    password: Annotated[Secret, PASSWORD]  # an investor's is enough to listen
    otp: Annotated[Secret | None, OTP_SECRET] = None  # of two-factor authentication: what codes are made from
    origin: Annotated[str, ORIGIN] = ""  # the header a browser would send; none if absent
    cid: Annotated[bytes, CLIENT_ID] = b""  # client id, by which the venue knows a terminal again
    symbols: Annotated[tuple[str, ...], SOME_PATTERNS] = ()  # ticks and statistics of these; absent: all
    books: Annotated[tuple[str, ...], PATTERNS] = ()  # depth of market of these; absent: none
    aliases: Annotated[Mapping[str, str], ALIASES] = {}  # symbols that are called otherwise here
    reduce_while_reconciling: bool = True  # closes and cancels pass before the books are compared
    marker: Literal["comment", "none"] = "comment"  # where an order carries its command's mark
    margin_check: Literal["client", "server"] = "client"  # server: what the venue says is enough
    risk: RiskSettings = RiskSettings()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, ready to use; `origins` and `warnings` tell of its loading."""

    nats: NatsSettings = NatsSettings()
    data: DataSettings
    heads: HeadSettings = HeadSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    limits: LimitSettings = LimitSettings()
    accounts: Mapping[str, AccountSettings]  # by label, at least one
    origins: Mapping[str, str] = {}  # dotted key -> FILE:LINE, "variable NAME"; keys by default are not there
    warnings: tuple[Problem, ...] = ()


# The tables of the file, in the order of the document.
SECTIONS: Final[Mapping[str, type[Table]]] = {
    "nats": NatsSettings,
    "data": DataSettings,
    "heads": HeadSettings,
    "http": HttpSettings,
    "log": LogSettings,
    "limits": LimitSettings,
}
ACCOUNTS: Final = "accounts"
RESERVED: Final = frozenset({"_daemon"})
