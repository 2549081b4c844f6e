"""`oms halt`, `oms reduce`, `oms resume`, `oms panic`, `oms reset`, `oms limits`, `oms alive`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from oms.cli.made import Option, command, flag, several, text

TOLD: Final[Mapping[str, str]] = {
    "halt": "Send nothing any more, until resume; it survives a restart.",
    "reduce": "Send only what takes risk away, until resume; it survives a restart.",
    "resume": "Lift halt and reduce; not what a comparison with the venue or another daemon stopped.",
    "panic": "Cancel every order, close every position, then halt.",
    "limits": "Show the limits of risk, or change those that are set; it survives a restart.",
    "alive": "Say that somebody is there: an operator, or a client.",
    "reset": "Send what was not sent any more because too many such requests had no answer.",
}
ENDS: Final = (
    "Exit code 0: done for all, 1: refused, 2: the words make no sense, 3: no such account, "
    "4: NATS or the daemon is not there, 5: the outcome is not known, or not yet."
)
ACCOUNT: Final = text("account", "NAME", "Of one account.")
OPTIONS: Final = (
    flag("all", "Of every account."),
    text("by", "NAME", "Who does it; else the login name."),
    text("comment", "TEXT", "Why."),
    flag("yes", "Do not ask."),
)


_CLIENT: Final = (text("client", "NAME", "Of this client of the account alone."),)
OF_ITS_OWN: Final[Mapping[str, tuple[Option, ...]]] = {
    **dict.fromkeys(("halt", "reduce", "resume"), _CLIENT),
    "limits": (
        *_CLIENT,
        several("set", "NAME=VALUE", "A limit; several in a list with commas, `none` for none."),
    ),
    "alive": (
        text("client", "NAME", "This client is; else an operator."),
        text("within", "S", "Seconds until the next word, from now on; 0: not watched any more."),
    ),
    "panic": (text("wait", "S", "Seconds to wait until it is over, at most 60; else 60."),),
    "reset": (
        text("call_class", "CLASS", "opening, changing, closing, prices, data; else all.", option="--class"),
    ),
}
MORE: Final = frozenset({"call_class", "client", "within"})  # fields of the verb's own, sent as they are


def _made(verb: str) -> Callable[..., None]:
    def run(account: str | None, given: dict[str, Any]) -> int:
        from oms.cli.ending import ended
        from oms.cli.operate.operating import Operation, operate, with_limits

        config, said = given.pop("config"), given.pop("said")
        more = {name: given.pop(name) for name in sorted(MORE & given.keys())}
        limits = given.pop("set", None) or []
        wanted = Operation(verb, account, **given, more=more)
        return ended(verb, lambda: operate(config, said, with_limits(wanted, limits)))

    options = [*OPTIONS, *OF_ITS_OWN.get(verb, ())]
    return command(f"{TOLD[verb]}\n\n{ENDS}", ACCOUNT, options, run)


halt, reduce, resume, panic, limits, alive, reset = (_made(verb) for verb in TOLD)
