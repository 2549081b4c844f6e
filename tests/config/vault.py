"""A keyring of our own: PYTHON_KEYRING_BACKEND=tests.config.vault.Vault."""

from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

HELD = "kept in the vault"


class Vault(KeyringBackend):
    """Has one entry, one that is locked and one that breaks the backend; both tell too much."""

    priority: ClassVar[float] = 0.1

    def get_password(self, service: str, username: str) -> str | None:
        """By the user's name."""
        match (service, username):
            case ("oms/demo", "main"):
                return HELD
            case (_, "locked"):
                raise KeyringLocked(HELD)
            case (_, "broken"):
                raise OSError(HELD)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Nothing is put in."""
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        """Nothing is taken out."""
        raise NotImplementedError
