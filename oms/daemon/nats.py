"""How the settings say to reach NATS."""

from oms.bus.options import NatsOptions
from oms.config import NatsSettings, Secret


def nats_options(nats: NatsSettings, name: str = "") -> NatsOptions:
    """Secrets opened; `name` goes instead of the daemon's.  Raises BadOptions."""
    return NatsOptions(
        urls=nats.url,
        name=name or nats.name,
        user=nats.user or None,
        password=_revealed(nats.password),
        token=_revealed(nats.token),
        nkey_seed=_revealed(nats.nkey),
        creds=nats.creds,
        ca=nats.tls_ca,
        cert=nats.tls_cert,
        key=nats.tls_key,
    )


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()
