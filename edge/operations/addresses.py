"""The addresses a person or a page would use to reach this installation."""

from config.settings import Settings

# Addresses that mean "here" or "everywhere"; a browser on this machine says localhost.
_HERE = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::", "localhost"})  # noqa: S104 - nothing binds


def own_origin(settings: Settings, *, port: int | None = None) -> str:
    """EDGE_PUBLIC_URL, or where the server listens, without a slash at the end."""
    server = settings.server
    if server.public_url is not None:
        return server.public_url
    host = "localhost" if server.host in _HERE else server.host
    if ":" in host:
        host = f"[{host}]"
    return f"http://{host}:{server.port if port is None else port}"
