"""The settings, typed: one frozen section each; defaults and reasons stand in default.toml."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from config import kinds
from config.kinds import GeneratorName
from config.models import ModelRow


class Section(BaseModel):
    """A frozen group of settings that knows no key but its own and prints no secret."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )


class Server(Section):
    host: kinds.Host
    port: kinds.Port
    processes: kinds.Processes
    public_url: kinds.Origin
    trusted_proxies: kinds.Networks
    proxy_read_timeout: kinds.Timeout
    keep_alive: kinds.Seconds
    request_grace: kinds.Seconds
    drain: kinds.Pause
    backlog: kinds.Count


class Data(Section):
    folder: kinds.Folder


class Bootstrap(Section):
    api_key: kinds.Key
    master_key: kinds.Key


class Signing(Section):
    """``keys`` is empty unless they were given; the data folder holds them then."""

    keys: kinds.SigningKeys


class Redis(Section):
    url: kinds.RedisAddress
    prefix: kinds.Text
    connect_timeout: kinds.Timeout
    timeout: kinds.Timeout
    connections: kinds.Count
    keep: kinds.Keep
    largest: kinds.Size


class Store(Section):
    bucket: kinds.OptionalText
    prefix: kinds.Text
    endpoint_url: kinds.WebAddress
    access_key_id: kinds.Secret
    secret_access_key: kinds.Secret
    session_token: kinds.Secret
    region: kinds.Text
    addressing: kinds.Addressing
    checksums: kinds.Checksums
    connect_timeout: kinds.Timeout
    read_timeout: kinds.Timeout
    retries: kinds.Retries
    connections: kinds.Count
    max_bytes: kinds.OptionalSize

    @property
    def path_style(self) -> bool:
        return self.addressing == "path" or (
            self.addressing == "auto" and self.endpoint_url is not None
        )

    @property
    def checksums_when_required(self) -> bool:
        return self.checksums == "required" or (
            self.checksums == "auto" and self.endpoint_url is not None
        )


class Retention(Section):
    """In days; None is for ever."""

    deleted: kinds.Days
    derivatives: kinds.Days
    live: kinds.Days


class Database(Section):
    url: kinds.DatabaseAddress


class Generator(Section):
    """``name`` is what was asked for; ``Settings.generator_name`` is what that comes to."""

    name: kinds.GeneratorChoice
    model: kinds.OptionalText
    max_generations: kinds.Count
    max_queue: kinds.Queue
    deadline: kinds.Timeout
    call_timeout: kinds.Timeout
    connect_timeout: kinds.Timeout
    download_max_bytes: kinds.Size


class Replicate(Section):
    token: kinds.Secret
    base_url: kinds.WebAddress
    default_model: kinds.Text


class Openai(Section):
    key: kinds.Secret
    base_url: kinds.WebAddress


class Enhancer(Section):
    name: kinds.EnhancerName
    model: kinds.OptionalText
    timeout: kinds.Timeout


class Spending(Section):
    """``daily_budget`` is in micro-dollars; None is no limit."""

    enabled: kinds.Switch
    daily_budget: kinds.Money


class RateLimits(Section):
    """``per_key`` is None where there is no limit."""

    per_key: kinds.Rate


class Policy(Section):
    """``url`` is None where nobody is asked beside the lists."""

    deny: kinds.Phrases
    projects: kinds.PhrasesByProject
    url: kinds.WebAddress
    timeout: kinds.Timeout


class Live(Section):
    """``wait`` is in seconds: the default, and the longest a request may ask for."""

    wait: kinds.Seconds
    share_keyed: kinds.Switch


class Cache(Section):
    memory_bytes: kinds.Size
    lease_ttl: kinds.LeaseTime
    flight_patience: kinds.Timeout
    max_waiters: kinds.Count


class Derivatives(Section):
    """``threads``: 0 is as many as there are processors, at most four."""

    threads: kinds.Threads
    max_queue: kinds.Queue
    memory_percent: kinds.Percent
    decoded_bytes: kinds.Size
    per_master: kinds.Queue


class Uploads(Section):
    max_bytes: kinds.Size


class Purge(Section):
    """``webhook_url`` is None where no CDN has to be told."""

    webhook_url: kinds.WebAddress
    webhook_style: kinds.WebhookStyle
    webhook_token: kinds.Secret
    webhook_secret: kinds.Secret
    webhook_timeout: kinds.Timeout
    webhook_again: kinds.Pause


class Log(Section):
    """``format`` is None where the terminal decides."""

    level: kinds.LogLevel
    format: kinds.LogFormat


class Metrics(Section):
    """``folder`` is None where one process counts by itself."""

    token: kinds.Secret
    folder: kinds.OptionalFolder


class Settings(Section):
    """Everything that can be set, checked. Only the composition root reads it."""

    server: Server
    data: Data
    bootstrap: Bootstrap
    signing: Signing
    redis: Redis
    store: Store
    retention: Retention
    database: Database
    generator: Generator
    replicate: Replicate
    openai: Openai
    enhancer: Enhancer
    spending: Spending
    rate_limit: RateLimits
    policy: Policy
    live: Live
    cache: Cache
    derivatives: Derivatives
    uploads: Uploads
    purge: Purge
    log: Log
    metrics: Metrics
    models: Mapping[str, ModelRow]
    painter: ModelRow

    @property
    def generator_name(self) -> GeneratorName:
        """The generator in effect: the one asked for, or the first that has its credential."""
        if self.generator.name is not None:
            return self.generator.name
        if self.replicate.token is not None:
            return "replicate"
        return "openai" if self.openai.key is not None else "painter"

    @property
    def default_model(self) -> str:
        """The name of the model that is meant when a request names none."""
        return self.generator.model or self.replicate.default_model
