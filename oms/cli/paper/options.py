"""What the command line says about a venue, over what its settings say."""

from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from oms.paper.settings import Settings, default, load


class Options(NamedTuple):
    """The options of `oms paper`; None = as the settings have it."""

    config: Path | None = None
    port: int | None = None
    control_port: int | None = None
    seed: int | None = None
    state: Path | None = None
    record: Path | None = None

    def settings(self) -> Settings:
        """The settings of the file, or the usual ones, with what is said here; raises SettingsError."""
        settings = load(self.config) if self.config is not None else default()
        if self.port is not None:
            settings = replace(settings, server=replace(settings.server, port=self.port))
        if self.control_port is not None:
            control = replace(settings.control, enabled=True, port=self.control_port)
            settings = replace(settings, control=control)
        if self.seed is not None:
            settings = replace(settings, seed=self.seed)
        if self.state is not None:
            settings = replace(settings, state=str(self.state))
        if self.record is not None:
            settings = replace(settings, record=str(self.record))
        return settings
