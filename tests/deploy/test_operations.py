"""docs/operations.md speaks of what there is."""

import re

import typer

from oms.cli.main import app
from oms.config.settings import DataSettings, HttpSettings, LimitSettings
from oms.telemetry.declared import METRICS

from .server import ROOT, VARIABLES

DOCUMENT = ROOT / "docs" / "operations.md"
TEXT = DOCUMENT.read_text("utf-8")


def test_every_metric_it_names_is_declared() -> None:
    named = set(re.findall(r"`(oms_[a-z_]+)`", TEXT))
    assert len(named) > 10
    assert named - {declared.exposed for declared in METRICS} == set()


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (DOCUMENT.parent / link).exists()] == []


def test_every_file_it_installs_is_there() -> None:
    files = set(re.findall(r"\bdeploy/[\w./-]+\w", TEXT))
    assert {"deploy/oms.service", "deploy/oms.toml", "deploy/oms.env", "deploy/Containerfile"} <= files
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_every_command_it_names_exists() -> None:
    known = typer.main.get_command(app)
    named = set(re.findall(r"`oms ([a-z]+)", TEXT))
    assert {"run", "doctor", "config", "log"} <= named
    assert named - set(getattr(known, "commands", {})) == set()


def test_every_setting_and_variable_it_names_exists() -> None:
    data, http, limits = (
        set(table.__struct_fields__) for table in (DataSettings, HttpSettings, LimitSettings)
    )
    assert {"market_days", "market_gb", "market_least_free_gb"} <= data
    assert all(name in TEXT for name in ("`market_days`", "`market_gb`", "`market_least_free_gb`"))
    assert set(re.findall(r"`http\.([a-z]+)`", TEXT)) <= http
    assert set(re.findall(r"`limits\.([a-z_]+)`", TEXT)) == {"stop_settle"} & limits
    assert set(re.findall(r"`(NATS_[A-Z]+_PASSWORD)`", TEXT)) == set(VARIABLES)
