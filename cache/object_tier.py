"""The durable store in a bucket: one object per slot, whoever writes it first decides."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import ClientError as TransferError
from botocore.exceptions import BotoCoreError, ClientError

from cache.codec import decode, encode
from cache.entry import Entry
from cache.errors import EntryCorrupt, TierUnavailable

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

# Nothing this large was ever written, so nothing this large is read.
_LARGEST = 64 * 2**20
_ABSENT = "NoSuchKey"
_TAKEN = "PreconditionFailed"
_CONTENDED = "ConditionalRequestConflict"


@asynccontextmanager
async def s3_client(
    *,
    endpoint_url: str | None = None,
    region: str = "us-east-1",
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    session_token: str | None = None,
    path_style: bool | None = None,
    checksums_when_required: bool | None = None,
    connect_timeout: float = 1.0,
    read_timeout: float = 5.0,
    retries: int = 1,
    connections: int = 50,
) -> "AsyncIterator[S3Client]":
    """The one client of the process. Times are seconds.

    None for ``path_style`` and ``checksums_when_required`` means: yes for an address of its own,
    which rarely has wildcard DNS, and often fails on checksum trailers; no for AWS.
    """
    own = endpoint_url is not None
    dialect = _dialect(_either(path_style, own), _either(checksums_when_required, own))
    patience = AioConfig(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"total_max_attempts": retries + 1, "mode": "standard"},
        max_pool_connections=connections,
    )
    opening = get_session().create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        config=dialect.merge(patience),
    )
    async with opening as client:
        yield client


class ObjectTier:
    """A store in ``bucket`` under ``prefix``.

    ``reads`` calls at most run at once; ``deadline`` bounds, in seconds, a read or deletion with
    everything it waits for. A write may take three times as long: the picture is paid for.
    """

    name = "store"

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        *,
        prefix: str = "",
        reads: int = 32,
        deadline: float = 6.0,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._reads = asyncio.Semaphore(reads)
        self._deadline = deadline

    async def get(self, slot: str) -> Entry | None:
        with _definite("read"):
            async with asyncio.timeout(self._deadline), self._reads:
                stored = await self._read(slot)
        return None if stored is None else decode(stored)

    async def put_first(self, slot: str, entry: Entry) -> Entry:
        stored, content_type = encode(entry), entry.meta.get("type", "application/octet-stream")
        with _definite("write"):
            async with asyncio.timeout(self._deadline * 3):
                # Twice: after a conflict of two writers, or when the winner was deleted meanwhile.
                for _ in range(2):
                    if await self._write(slot, stored, content_type):
                        return entry
                    winner = await self._read(slot)
                    if winner is not None:
                        return decode(winner)
                    await asyncio.sleep(random.uniform(0.02, 0.1))  # noqa: S311 - no secret
        raise TierUnavailable("the bucket could not decide who wrote first")

    async def replace(self, slot: str, entry: Entry) -> None:
        stored, content_type = encode(entry), entry.meta.get("type", "application/octet-stream")
        with _definite("write"):
            async with asyncio.timeout(self._deadline * 3):
                await self._client.put_object(
                    Bucket=self._bucket,
                    Key=self.name_of(slot),
                    Body=stored,
                    ContentType=content_type,
                )

    async def delete(self, slot: str) -> None:
        with _definite("delete"):
            async with asyncio.timeout(self._deadline):
                await self._client.delete_object(Bucket=self._bucket, Key=self.name_of(slot))

    async def slots(self, page: int = 1000) -> AsyncIterator[str]:
        """Every slot with an object, ``page`` names an answer; other objects are passed by."""
        place: dict[str, Any] = {"Bucket": self._bucket, "Prefix": self._prefix, "MaxKeys": page}
        more = True
        while more:
            with _definite("list"):
                async with asyncio.timeout(self._deadline), self._reads:
                    answer = await self._client.list_objects_v2(**place)
            for listed in answer.get("Contents", []):
                slot = listed["Key"].rpartition("/")[2]
                if listed["Key"] == self.name_of(slot):
                    yield slot
            more = answer["IsTruncated"]
            place["ContinuationToken"] = answer.get("NextContinuationToken")

    def name_of(self, slot: str) -> str:
        """Laid out as the directory tier does, so that one can be copied into the other."""
        return f"{self._prefix}{slot[:2]}/{slot[2:4]}/{slot}"

    async def _read(self, slot: str) -> bytes | None:
        try:
            answer = await self._client.get_object(Bucket=self._bucket, Key=self.name_of(slot))
        except ClientError as error:
            # A missing bucket is a 404 too; a 403 may hide anything. Neither is an absence.
            if code_of(error) == _ABSENT:
                return None
            raise
        async with answer["Body"] as body:
            if answer["ContentLength"] > _LARGEST:
                raise EntryCorrupt("far larger than any entry")
            stored: bytes = await body.read()
            return stored

    async def _write(self, slot: str, stored: bytes, content_type: str) -> bool:
        """False when somebody else was, or is just being, first."""
        try:
            await self._client.put_object(
                Bucket=self._bucket,
                Key=self.name_of(slot),
                Body=stored,
                ContentType=content_type,
                IfNoneMatch="*",
            )
        except ClientError as error:
            if code_of(error) in (_TAKEN, _CONTENDED):
                return False
            raise
        return True


def code_of(error: ClientError) -> str:
    """The store's own word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _definite(deed: str) -> Iterator[None]:
    """Whatever is not a definite answer becomes TierUnavailable."""
    try:
        yield
    except ClientError as error:
        raise TierUnavailable(f"the bucket refused to {deed}: {code_of(error)}") from error
    except (BotoCoreError, TransferError, TimeoutError, OSError) as error:
        raise TierUnavailable(f"the bucket gave no answer to {deed}: {error!r}") from error


def _dialect(path_style: bool, checksums_when_required: bool) -> AioConfig:
    """How the endpoint wants to be spoken to."""
    when = "when_required" if checksums_when_required else "when_supported"
    return AioConfig(
        signature_version="s3v4",
        s3={"addressing_style": "path" if path_style else "virtual"},
        request_checksum_calculation=when,
        response_checksum_validation=when,
    )


def _either(said: bool | None, otherwise: bool) -> bool:
    return otherwise if said is None else said
