"""Settings by which a server process finds the real parts of a test."""

from redis import Redis

from tests.servers.s3_server import S3Server
from tests.servers.valkey import RedisServer
from tests.standins.replicate import ReplicateStandin

LEASE_SECONDS = 2.0


def paid_settings(standin: ReplicateStandin) -> dict[str, str]:
    """Pictures cost money, and nobody limits how much."""
    return {
        "REPLICATE_API_TOKEN": "a-token-for-the-stand-in",
        "REPLICATE_BASE_URL": standin.base_url,
        "EDGE_DAILY_BUDGET": "none",
    }


def bucket_settings(server: S3Server, bucket: str, *, port: int | None = None) -> dict[str, str]:
    """The bucket, reached through ``port`` if something stands in between."""
    return {
        "S3_BUCKET": bucket,
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port or server.port}",
        "AWS_ACCESS_KEY_ID": server.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.secret_access_key,
    }


def flush(server: RedisServer) -> None:
    """Forget everything, as an operator's FLUSHALL does."""
    with Redis.from_url(server.url) as client:
        client.flushall()


def leases_held(server: RedisServer) -> int:
    """How many leases any process holds."""
    with Redis.from_url(server.url) as client:
        return len(client.keys("*:lease:*"))
