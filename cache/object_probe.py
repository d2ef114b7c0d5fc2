"""Asks a bucket, before anything depends on it, for everything the store will need."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aiohttp import ClientError as TransferError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from cache.object_tier import code_of

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

Unfit = Literal[
    "unreachable", "credentials", "region", "bucket", "list", "write", "conditional", "other"
]

_ADVICE: dict[Unfit, str] = {
    "unreachable": "The object store does not answer: check AWS_ENDPOINT_URL_S3 and the network.",
    "credentials": (
        "The object store refuses these credentials: check AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, and this machine's clock."
    ),
    "region": "The bucket is in another region: set AWS_REGION to the bucket's.",
    "bucket": "The bucket does not exist: create it, or correct S3_BUCKET.",
    "list": (
        "The object store answers 403 for absent objects, so nothing could ever be made: "
        "allow s3:GetObject on the bucket's objects and s3:ListBucket on the bucket."
    ),
    "write": "Objects cannot be written: allow s3:PutObject on the bucket's objects.",
    "conditional": (
        "The object store does not honour If-None-Match on PUT, so two machines could overwrite "
        "each other's pictures: use one that does (AWS S3, R2, MinIO, Ceph)."
    ),
    "other": "The object store gave an answer that fits nothing",
}

_BY_CODE: dict[str, Unfit] = {
    "NoSuchBucket": "bucket",
    "InvalidAccessKeyId": "credentials",
    "SignatureDoesNotMatch": "credentials",
    "ExpiredToken": "credentials",
    "InvalidToken": "credentials",
    "RequestTimeTooSkewed": "credentials",
    "PermanentRedirect": "region",
    "AuthorizationHeaderMalformed": "region",
    "NotImplemented": "conditional",
    "501": "conditional",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a bucket is unfit, and a sentence that says how to mend it."""

    code: Unfit
    advice: str


async def probe(client: "S3Client", bucket: str, *, prefix: str = "") -> Problem | None:
    """Read an absent object, write one twice, delete it; the first problem met, or None."""
    name = f"{prefix}probe/{secrets.token_hex(16)}"
    try:
        return await _absence(client, bucket, name) or await _first_writer(client, bucket, name)
    except (NoCredentialsError, PartialCredentialsError):
        return _problem("credentials")
    except (BotoCoreError, TransferError, TimeoutError, OSError):
        return _problem("unreachable")


async def _absence(client: "S3Client", bucket: str, name: str) -> Problem | None:
    try:
        answer = await client.get_object(Bucket=bucket, Key=name)
    except ClientError as error:
        return None if code_of(error) == "NoSuchKey" else _read_as(error, denied="list")
    answer["Body"].close()
    return _problem("other", "an object nobody wrote")


async def _first_writer(client: "S3Client", bucket: str, name: str) -> Problem | None:
    try:
        await client.put_object(Bucket=bucket, Key=name, Body=b"1", IfNoneMatch="*")
    except ClientError as error:
        return _read_as(error, denied="write")
    try:
        await client.put_object(Bucket=bucket, Key=name, Body=b"2", IfNoneMatch="*")
    except ClientError as error:
        refused = code_of(error) == "PreconditionFailed"
        return None if refused else _read_as(error, denied="write")
    else:
        return _problem("conditional")
    finally:
        await _remove(client, bucket, name)


async def _remove(client: "S3Client", bucket: str, name: str) -> None:
    try:
        await client.delete_object(Bucket=bucket, Key=name)
    except ClientError:
        # Only purges delete; a store that forbids it serves well otherwise.
        return


def _read_as(error: ClientError, *, denied: Unfit) -> Problem:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _BY_CODE:
        return _problem(_BY_CODE[code])
    if status == 403:
        return _problem(denied)
    return _problem("other", code or str(status))


def _problem(code: Unfit, detail: str | None = None) -> Problem:
    return Problem(code, f"{_ADVICE[code]}: {detail}." if detail else _ADVICE[code])
