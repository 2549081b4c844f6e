"""Reasons as a reply tells them: each with the category of its code, and whether asking again may help."""

from typing import Any

from oms.domain.categories import category_of, retry_of


def classified(told: dict[str, Any]) -> dict[str, Any]:
    """The reply, its reasons and those of the replies in it completed in place."""
    for reason in told.get("reasons", ()):
        reason["category"] = category_of(reason["code"])
        reason["retry"] = retry_of(reason["code"])
    for inner in ("children", "commands", "accounts"):
        for one in told.get(inner, ()):
            classified(one)
    return told
