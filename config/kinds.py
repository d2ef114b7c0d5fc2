"""The kinds of settings: a type, and how text becomes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr

from config import addresses, credentials, formats
from config.addresses import Network
from config.credentials import SigningKey
from config.formats import RateLimit

Text = Annotated[str, BeforeValidator(formats.text_of)]
OptionalText = Annotated[str | None, BeforeValidator(formats.optional(formats.text_of))]
Secret = Annotated[SecretStr | None, BeforeValidator(formats.optional(formats.text_of))]
Key = Annotated[SecretStr | None, BeforeValidator(formats.optional(credentials.own_key()))]
Switch = Annotated[bool, BeforeValidator(formats.switch)]
Size = Annotated[int, BeforeValidator(formats.size)]
OptionalSize = Annotated[int | None, BeforeValidator(formats.unless_none(formats.size))]
Money = Annotated[int | None, BeforeValidator(formats.unless_none(formats.money))]
Count = Annotated[int, BeforeValidator(formats.whole(1, 1_000_000))]
Pause = Annotated[float, BeforeValidator(formats.seconds(0, 3600))]
Timeout = Annotated[float, BeforeValidator(formats.seconds(0.01, 3600))]
Origin = Annotated[str | None, BeforeValidator(formats.optional(addresses.origin))]
WebAddress = Annotated[
    str | None,
    BeforeValidator(
        formats.optional(addresses.address("http", "https", example="https://objects.example.com"))
    ),
]
RedisAddress = Annotated[
    SecretStr | None,
    BeforeValidator(
        formats.optional(
            addresses.address("redis", "rediss", "unix", example="redis://localhost:6379/0")
        )
    ),
]
DatabaseAddress = Annotated[
    SecretStr | None,
    BeforeValidator(
        formats.optional(
            addresses.address(
                "postgresql",
                "postgres",
                "postgresql+asyncpg",
                "sqlite",
                "sqlite+aiosqlite",
                example="postgresql://user:password@host/mirage",
            )
        )
    ),
]


Host = Annotated[str, BeforeValidator(addresses.host)]
Port = Annotated[int, BeforeValidator(formats.whole(0, 65535))]
Processes = Annotated[int, BeforeValidator(formats.whole(1, 256))]
Networks = Annotated[tuple[Network, ...], BeforeValidator(addresses.networks)]
Seconds = Annotated[int, BeforeValidator(formats.whole(0, 3600))]
Folder = Annotated[Path, BeforeValidator(formats.text_of)]
OptionalFolder = Annotated[Path | None, BeforeValidator(formats.optional(formats.text_of))]
SigningKeys = Annotated[tuple[SigningKey, ...], BeforeValidator(credentials.signing_keys)]
Keep = Annotated[int, BeforeValidator(formats.whole(1, 315_360_000))]
Days = Annotated[int | None, BeforeValidator(formats.unless_none(formats.whole(1, 36_500)))]
LeaseTime = Annotated[float, BeforeValidator(formats.seconds(0.5, 15))]
Retries = Annotated[int, BeforeValidator(formats.whole(0, 10))]
Threads = Annotated[int, BeforeValidator(formats.whole(0, 64))]
Percent = Annotated[int, BeforeValidator(formats.whole(0, 100))]
Queue = Annotated[int, BeforeValidator(formats.whole(0, 1_000_000))]
Phrases = Annotated[tuple[str, ...], BeforeValidator(formats.phrases)]
PhrasesByProject = Annotated[
    Mapping[str, tuple[str, ...]], BeforeValidator(formats.phrases_by_project)
]
Rate = Annotated[RateLimit | None, BeforeValidator(formats.rate)]
Addressing = Annotated[
    Literal["auto", "path", "host"], BeforeValidator(formats.one_of("auto", "path", "host"))
]
Checksums = Annotated[
    Literal["auto", "supported", "required"],
    BeforeValidator(formats.one_of("auto", "supported", "required")),
]
GeneratorName = Literal["replicate", "openai", "painter"]
GeneratorChoice = Annotated[
    GeneratorName | None,
    BeforeValidator(formats.optional(formats.one_of("replicate", "openai", "painter"))),
]
EnhancerName = Annotated[
    Literal["off", "rules", "openai", "replicate"],
    BeforeValidator(formats.one_of("off", "rules", "openai", "replicate")),
]
WebhookStyle = Annotated[
    Literal["generic", "cloudflare", "fastly", "bunny", "varnish"],
    BeforeValidator(formats.one_of("generic", "cloudflare", "fastly", "bunny", "varnish")),
]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    BeforeValidator(formats.one_of("debug", "info", "warning", "error")),
]
LogFormat = Annotated[
    Literal["pretty", "json"] | None,
    BeforeValidator(formats.optional(formats.one_of("pretty", "json"))),
]
