"""What the generated documents say of a declared field, and how they lay JSON out."""

import ast
import inspect
import json
import sys
import tokenize
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from io import StringIO
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

NAMES: Final[Mapping[Any, str]] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    Decimal: "decimal",
    msgspec.Raw: "object",
}
EXACT: Final = 2**53 - 1  # the bound of every integer is no news
WIDTH: Final = 110


def says(kind: type) -> str:
    """The docstring of a class, on one line."""
    return " ".join((kind.__doc__ or "").split())


def comments_of(kind: type) -> dict[str, str]:
    """The comments behind the fields of a class and of those it inherits from, nearest last."""
    found: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if owner.__module__.partition(".")[0] in ("oms", "protocol"):
            found |= _comments(owner.__module__).get(owner.__name__, {})
    return found


@lru_cache
def _comments(module: str) -> dict[str, dict[str, str]]:
    """class -> field -> the comment behind its declaration, from the source of a module."""
    source = inspect.getsource(sys.modules[module])
    behind = {
        token.start[0]: token.string.lstrip("# ").replace("|", r"\|")
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return {
        node.name: {
            field.target.id: behind[field.end_lineno]
            for field in node.body
            if isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and field.end_lineno in behind
        }
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
    }


def type_name(hint: Any) -> str:
    """A type in the words of the documents; `?` = may be null; a struct is a link."""
    if hint in NAMES:
        return NAMES[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        ticket = str(inner[1].pattern).startswith("^[1-9]")
        return "ticket" if ticket else type_name(inner[0]) + _bounds(inner[1])
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in inner)
    if isinstance(hint, UnionType) or origin is Union:  # of annotated types it is the latter
        options = [type_name(option) for option in inner if option is not NoneType]
        return " or ".join(options) + ("?" if NoneType in inner else "")
    if origin is list or Ellipsis in inner:
        return f"list of {type_name(inner[0])}"
    if origin is tuple:
        return f"({', '.join(map(type_name, inner))})"
    if origin is dict:
        return f"object of {type_name(inner[1])}"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    return "any"


def _bounds(meta: msgspec.Meta) -> str:
    """What limits a number or a list; the length of a name is no news."""
    if meta.ge is not None and meta.le is not None and meta.le < EXACT:
        return f" {meta.ge}..{meta.le}"
    return f" (at most {meta.max_length})" if meta.max_length and meta.max_length != 256 else ""


def laid_out(value: Any, indent: int = 0) -> str:
    """JSON for reading: what fits on a line is on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if indent + len(flat) <= WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        inner = [f"{json.dumps(name)}: {laid_out(one, indent + 2)}" for name, one in value.items()]
    else:
        inner = [laid_out(one, indent + 2) for one in value]
    ends = "{}" if isinstance(value, dict) else "[]"
    lines = f",\n{pad}".join(inner) if not isinstance(value, dict) else _filled(inner, pad)
    return f"{ends[0]}\n{pad}{lines}\n{' ' * indent}{ends[1]}"


def _filled(fields: list[str], pad: str) -> str:
    """Fields of an object, as many on a line as go; one that takes several lines has them to itself."""
    lines: list[str] = []
    for one in fields:
        joinable = bool(lines) and "\n" not in one and "\n" not in lines[-1]
        if joinable and len(pad) + len(lines[-1]) + len(one) + 2 <= WIDTH:
            lines[-1] += f", {one}"
        else:
            lines.append(one)
    return f",\n{pad}".join(lines)
