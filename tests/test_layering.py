"""Imports point one way (docs/design.md 2): what each layer may import beside the standard library."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# What of the protocol is bytes and conversation, not arithmetic.
WIRE = {
    f"protocol.{part}"
    for part in (
        *("account_body", "bodies", "cipher", "commands", "composed", "credentials", "drift", "enums"),
        *("errors", "frame", "layout", "messages", "records", "session"),
    )
}
# The longest matching prefix rules; a name allows itself and everything below it.
ALLOWED: dict[str, set[str]] = {
    "protocol": {"protocol", "msgspec", "cryptography"},
    "protocol.maths": {"protocol.maths", "protocol.enums", "msgspec"},
    "protocol.records": {"protocol.layout", "protocol.enums", "protocol.records", "msgspec"},
    "oms": set(),
    "oms.failpoints": set(),
    "oms.html_page": set(),
    "oms.toml_lines": set(),
    "oms.toml_text": {"oms.toml_lines"},
    "oms.domain": {"oms.domain", "protocol.enums", "protocol.maths", "msgspec"},
    "oms.projections": {"oms.projections", "oms.domain", "protocol.enums", "protocol.maths", "msgspec"},
    "oms.eventlog": {"oms.eventlog", "oms.failpoints", "apsw", "msgspec", "trio"},
    "oms.heads": {"oms.heads", "oms.eventlog", "cryptography", "msgspec"},
    "oms.heads.keys": {"cryptography"},
    "oms.verify": {
        *(
            "oms.verify",
            "oms.domain",
            "oms.projections",
            "oms.eventlog",
            "oms.heads",
            "oms.replay",
            "msgspec",
        ),
    },
    "oms.sessions": {
        *("oms.sessions", "oms.failpoints", "protocol.maths.masks", "msgspec", "trio", "trio_websocket"),
        *WIRE,
    },
    "oms.sessions.translate": {"oms.sessions.translate", "oms.domain", "protocol", "msgspec"},
    # The venue shares the wire with the daemon, and nothing that computes: its money is its own.
    "oms.paper": {"oms.paper", "oms.toml_lines", "oms.toml_text", *WIRE, "msgspec", "trio", "trio_websocket"},
    "oms.replay": {"oms.domain", "oms.projections", "oms.eventlog", "msgspec"},
    "oms.past": {"oms.replay", "oms.eventlog", "oms.projections.snapshot"},
    # What was decided, decided again; why an order did what it did; an account at a moment of the past.
    "oms.decisions": {
        *("oms.decisions", "oms.commands", "oms.domain", "oms.projections", "oms.eventlog"),
        *("protocol.enums", "msgspec"),
    },
    "oms.explain": {
        *("oms.explain", "oms.decisions", "oms.commands", "oms.domain", "oms.projections", "oms.eventlog"),
        *("oms.replay", "oms.past", "oms.bus.subjects", "oms.html_page", "msgspec"),
    },
    "oms.rewind": {
        *("oms.rewind", "oms.queries", "oms.ingest", "oms.bus", "oms.past", "oms.replay", "oms.domain"),
        *("oms.projections", "oms.eventlog", "protocol", "msgspec", "trio"),
    },
    "oms.export": {
        *("oms.export", "oms.queries", "oms.ingest", "oms.past", "oms.domain", "oms.projections"),
        *("oms.eventlog", "msgspec"),
    },
    "oms.report": {
        *("oms.report", "oms.html_page", "oms.rewind", "oms.queries", "oms.domain", "oms.eventlog"),
    },
    "oms.keep_books": {"oms.replay", "oms.eventlog", "oms.failpoints"},
    "oms.recorder": {"oms.failpoints", "oms.domain", "oms.projections", "oms.eventlog", "trio"},
    # The only one that knows NATS; within it only one module knows asyncio.
    "oms.bus": {
        *("oms.bus", "oms.domain", "oms.eventlog", "oms.failpoints", "protocol.quotes"),
        *("msgspec", "nats", "nkeys", "trio"),
    },
    "oms.payload": {"msgspec"},
    "oms.commands": {"oms.commands", "oms.payload", "oms.domain", "protocol.enums", "msgspec"},
    "oms.queries": {
        *("oms.queries", "oms.payload", "oms.domain", "oms.projections", "oms.eventlog", "oms.past"),
        *("protocol.enums", "protocol.maths", "protocol.records", "msgspec", "trio"),
    },
    "oms.ingest": {
        *("oms.ingest", "oms.domain", "oms.projections", "oms.eventlog", "oms.sessions", "oms.recorder"),
        *("oms.failpoints", "protocol", "msgspec", "trio"),
    },
    "oms.dispatch": {
        "oms.failpoints",
        *("oms.dispatch", "oms.commands", "oms.payload", "oms.domain", "oms.projections", "oms.eventlog"),
        *("oms.sessions", "oms.recorder", "oms.ingest", "protocol", "msgspec", "trio"),
    },
    # What decides knows nothing that writes or sends.
    "oms.dispatch.judging": {
        *(f"oms.dispatch.{one}" for one in ("codes", "flight", "gathering", "overtaking", "pending")),
        *("oms.dispatch.telling", "oms.commands", "oms.domain"),
        *("oms.projections", "oms.eventlog.envelope", "oms.ingest", "oms.sessions.translate"),
        *("msgspec", "trio"),
    },
    "oms.config": {
        "oms.config",
        "oms.domain.limits",
        "oms.heads.keys",
        "oms.toml_lines",
        "oms.toml_text",
        "msgspec",
        "keyring",
    },
    "oms.telemetry": {"oms.telemetry", "structlog", "opentelemetry", "prometheus_client", "trio"},
    "oms.web": {"oms.web", "msgspec", "trio", "starlette", "hypercorn"},
    "oms.daemon": {
        *("oms.daemon", "oms.domain", "oms.projections", "oms.eventlog", "oms.sessions", "oms.replay"),
        *("oms.recorder", "oms.bus", "oms.queries", "oms.ingest", "oms.config", "oms.telemetry", "oms.web"),
        *("oms.keep_books", "oms.failpoints", "oms.heads"),
        *("oms.dispatch", "oms.commands", "oms.payload", "protocol", "msgspec", "trio"),
    },
    "oms.cli": {"oms", "protocol", "msgspec", "trio", "typer", "rich"},
}


def covers(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, relative ones resolved."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ([module] if node.module else [f"{module}.{name.name}" for name in node.names])


def violations(path: Path) -> list[str]:
    rule = max((prefix for prefix in ALLOWED if covers(prefix, module_name(path))), key=len)
    return [
        name
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(covers(allowed, name) for allowed in ALLOWED[rule])
    ]


SOURCES = sorted(path for package in ("protocol", "oms") for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_point_one_way(path: Path) -> None:
    assert violations(path) == []


@pytest.mark.slow
def test_asyncio_has_its_place() -> None:
    knowing = {module_name(path) for path in SOURCES if "asyncio" in imports(path)}
    assert {name.rpartition(".")[0] for name in knowing} == {"oms.bus"}


def test_a_wrong_import_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    source = tmp_path / "protocol" / "records" / "bad.py"
    source.parent.mkdir(parents=True)
    source.write_text("import os\nimport trio\nfrom ..session import Session\nfrom ..layout import U8\n")
    assert violations(source) == ["trio", "protocol.session"]
