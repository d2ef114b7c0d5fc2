"""The names under which settings arrive from the environment."""

from dataclasses import dataclass

PREFIX = "EDGE__"
FILE_SUFFIX = "_FILE"
CONFIG_FILE = "EDGE_CONFIG"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a setting stands: ``[section]`` and ``key`` of the settings file."""

    section: str
    key: str

    def __str__(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def long_name(self) -> str:
        return f"{PREFIX}{self.section.upper()}__{self.key.upper()}"


# The names everybody expects. Of two for one place the first is the one our sentences use.
WELL_KNOWN = {
    "HOST": Place("server", "host"),
    "PORT": Place("server", "port"),
    "WEB_CONCURRENCY": Place("server", "processes"),
    "EDGE_PUBLIC_URL": Place("server", "public_url"),
    "EDGE_TRUSTED_PROXIES": Place("server", "trusted_proxies"),
    "EDGE_DATA_DIR": Place("data", "folder"),
    "EDGE_BOOTSTRAP_API_KEY": Place("bootstrap", "api_key"),
    "EDGE_BOOTSTRAP_MASTER_KEY": Place("bootstrap", "master_key"),
    "EDGE_SIGNING_KEYS": Place("signing", "keys"),
    "REDIS_URL": Place("redis", "url"),
    "S3_BUCKET": Place("store", "bucket"),
    "AWS_ENDPOINT_URL_S3": Place("store", "endpoint_url"),
    "S3_ENDPOINT_URL": Place("store", "endpoint_url"),
    "AWS_ACCESS_KEY_ID": Place("store", "access_key_id"),
    "AWS_SECRET_ACCESS_KEY": Place("store", "secret_access_key"),
    "AWS_SESSION_TOKEN": Place("store", "session_token"),
    "AWS_REGION": Place("store", "region"),
    "EDGE_STORE_MAX_BYTES": Place("store", "max_bytes"),
    "DATABASE_URL": Place("database", "url"),
    "EDGE_GENERATOR": Place("generator", "name"),
    "EDGE_MODEL": Place("generator", "model"),
    "EDGE_MAX_GENERATIONS": Place("generator", "max_generations"),
    "EDGE_MAX_QUEUE": Place("generator", "max_queue"),
    "EDGE_GENERATION_DEADLINE": Place("generator", "deadline"),
    "REPLICATE_API_TOKEN": Place("replicate", "token"),
    "REPLICATE_BASE_URL": Place("replicate", "base_url"),
    "OPENAI_API_KEY": Place("openai", "key"),
    "OPENAI_BASE_URL": Place("openai", "base_url"),
    "EDGE_SPENDING": Place("spending", "enabled"),
    "EDGE_DAILY_BUDGET": Place("spending", "daily_budget"),
    "EDGE_RATE_LIMIT": Place("rate_limit", "per_key"),
    "EDGE_MEMORY_CACHE_BYTES": Place("cache", "memory_bytes"),
    "EDGE_LEASE_TTL": Place("cache", "lease_ttl"),
    "EDGE_UPLOAD_MAX_BYTES": Place("uploads", "max_bytes"),
    "LOG_LEVEL": Place("log", "level"),
    "LOG_FORMAT": Place("log", "format"),
    # The metrics library itself reads this one, in every process, when it is imported.
    "PROMETHEUS_MULTIPROC_DIR": Place("metrics", "folder"),
}

# Never shown, and also read from the file that NAME_FILE names, as container platforms mount them.
SECRETS = frozenset(
    {
        Place("bootstrap", "api_key"),
        Place("bootstrap", "master_key"),
        Place("signing", "keys"),
        Place("redis", "url"),
        Place("store", "access_key_id"),
        Place("store", "secret_access_key"),
        Place("store", "session_token"),
        Place("database", "url"),
        Place("replicate", "token"),
        Place("openai", "key"),
        Place("metrics", "token"),
        Place("purge", "webhook_token"),
        Place("purge", "webhook_secret"),
    }
)


def names_of(place: Place) -> list[str]:
    """Every variable for this place, the one people expect first."""
    return [name for name, known in WELL_KNOWN.items() if known == place] + [place.long_name]


def name_of(section: str, key: str) -> str:
    """The variable to name in a sentence about this setting."""
    return names_of(Place(section, key))[0]
