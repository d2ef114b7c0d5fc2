"""What a test knows of an object store, whichever kind it is."""

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import botocore.config
import botocore.session


@dataclass(frozen=True)
class S3Server:
    """Where a server is, and how to sign for it."""

    port: int
    access_key_id: str
    secret_access_key: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connection(self) -> dict[str, str]:
        """What ``s3_client`` wants to know."""
        return {
            "endpoint_url": self.endpoint_url,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        }

    def new_bucket(self) -> str:
        """An empty bucket nobody else uses."""
        name = f"bucket-{next(self._numbers)}-{secrets.token_hex(4)}"
        client: Any = botocore.session.get_session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=botocore.config.Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        client.create_bucket(Bucket=name)
        client.close()
        return name
