"""Pictures of a known size, stored where a server will look for them."""

import io
import struct
import time
import zlib
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote_plus

from PIL import Image

from cache.directory_tier import directory_tier
from cache.entry import Entry, Key
from cache.object_tier import ObjectTier, s3_client
from config.loading import load
from core.catalog import Catalog
from core.identity import identity_of, key_of
from core.live_request import LiveRequest
from core.models import VerifiedPicture
from core.pictures import entry_of
from core.prompt import checked_prompt
from edge.providers import models
from tests.servers.s3_server import S3Server

SIZE = 100_000
PROJECT = "main/site"
PROMPTS = [f"a red lighthouse, number {number}" for number in range(64)]
KEYED = [f"/api/v1/live?prompt={quote_plus(prompt)}" for prompt in PROMPTS]
PUBLIC = [f"/cdn/{PROJECT}/live/page?prompt={quote_plus(prompt)}" for prompt in PROMPTS]

Pictures = Sequence[tuple[Key, Entry]]


def png_of(size: int) -> bytes:
    """A small PNG made exactly ``size`` bytes long by a chunk that viewers skip."""
    out = io.BytesIO()
    Image.new("RGB", (1024, 1024), "teal").save(out, "PNG")
    head, end = out.getvalue()[:-12], out.getvalue()[-12:]
    kind, filling = b"prVt", b"\x5a" * (size - len(head) - len(end) - 12)
    checksum = struct.pack(">I", zlib.crc32(kind + filling))
    return head + struct.pack(">I", len(filling)) + kind + filling + checksum + end


def pictures() -> Pictures:
    """What the default model would have stored for PROMPTS."""
    return [picture(prompt) for prompt in PROMPTS]


def picture(prompt: str, size: int = SIZE) -> tuple[Key, Entry]:
    """What the default model would have stored."""
    settings = load({})
    rows, painter = models(settings)
    catalog = Catalog(
        rows, painter, generator=settings.generator_name, default=settings.default_model
    )
    request = LiveRequest(checked_prompt(prompt), "1:1")
    key = key_of(identity_of(PROJECT, catalog.resolve(None), request, None))
    body = png_of(size)
    verified = VerifiedPicture(
        body=body,
        mime_type="image/png",
        width=1024,
        height=1024,
        digest=sha256(body).hexdigest(),
        thumb_hash="1QcSHQRnh493V4dIh4eXh1h4kJUI",
        dominant_color="#008080",
    )
    entry = entry_of(
        key.identity,
        verified,
        image_id="01900000-0000-7000-8000-000000000001",
        generation_id="01900000-0000-7000-8000-000000000002",
        generator="painter",
        stand_in=False,
        created_at=int(time.time()),
    )
    return key, entry


async def into_directory(data: Path, stored: Pictures) -> None:
    async with directory_tier(data / "pictures") as store:
        for key, entry in stored:
            await store.put_first(key.slot, entry)


async def into_bucket(server: S3Server, bucket: str, stored: Pictures) -> None:
    async with s3_client(**server.connection) as client:
        store = ObjectTier(client, bucket)
        for key, entry in stored:
            await store.put_first(key.slot, entry)
