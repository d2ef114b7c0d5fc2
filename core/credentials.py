"""Who is asking: keys, projects and scopes, remembered for a moment so that a hit costs no SQL."""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from core.errors import Unauthorized, Unavailable
from core.models import ApiKey, Project, Scope
from core.ports import Tenants

_KEY_FORM = re.compile(r"bnt_[0-9a-f]{64}")
# The key printed in the founding document: everybody has read it.
_DENIED = "cbafe73d44cb1cd9babe0a26b667b989c6a759593e198cc8192b67e56c88d7d2"
_TOUCH_EVERY = timedelta(minutes=1)

Found = TypeVar("Found")


@dataclass(slots=True)
class _Remembered(Generic[Found]):
    value: Found
    until: float


class Recollection(Generic[Found]):
    """Answers to one kind of question, each kept for ``seconds``.

    Absence is never kept: what was just created is found at once. While the records are down the
    last answer serves on for at most ``grace`` seconds, so that stored pictures keep flowing.
    """

    def __init__(self, seconds: float, *, grace: float = 900.0, bound: int = 10_000) -> None:
        self._seconds = seconds
        self._grace = grace
        self._bound = bound
        self._kept: OrderedDict[object, _Remembered[Found]] = OrderedDict()

    async def get(
        self, question: object, ask: Callable[[], Awaitable[Found | None]]
    ) -> Found | None:
        kept = self._kept.get(question)
        now = time.monotonic()
        if kept is not None and now < kept.until:
            return kept.value
        try:
            value = await ask()
        except Unavailable:
            if kept is not None and now < kept.until + self._grace:
                return kept.value
            raise
        if value is None:
            self._kept.pop(question, None)
            return None
        self._kept[question] = _Remembered(value, now + self._seconds)
        self._kept.move_to_end(question)
        if len(self._kept) > self._bound:
            self._kept.popitem(last=False)
        return value

    def forget(self, question: object) -> None:
        """Ask again the next time, because the answer has just changed."""
        self._kept.pop(question, None)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Credentials:
    """Looks callers up. A revoked key is refused everywhere within ``seconds``.

    ``digest`` makes of a secret what is stored in its place.
    """

    def __init__(
        self,
        tenants: Tenants,
        *,
        seconds: float = 3.0,
        digest: Callable[[str], str] = _sha256,
    ) -> None:
        self._tenants = tenants
        self._digest = digest
        self._keys: Recollection[ApiKey] = Recollection(seconds)
        self._projects: Recollection[Project] = Recollection(seconds)
        self._scopes: Recollection[Scope] = Recollection(seconds)
        self._touched: dict[str, datetime] = {}
        self._touching: set[asyncio.Task[None]] = set()

    async def key(self, secret: str) -> ApiKey:
        """The key, active now. Raises Unauthorized, the same for every reason."""
        if _KEY_FORM.fullmatch(secret) is None:
            raise Unauthorized
        secret_hash = self._digest(secret)
        if secret_hash == _DENIED:
            raise Unauthorized
        key = await self._keys.get(secret_hash, lambda: self._tenants.key(secret_hash))
        now = datetime.now(UTC)
        if key is None or key.revoked_at is not None or _expired(key, now):
            raise Unauthorized
        self._touch(key, now)
        return key

    async def project(self, organization: str, slug: str) -> Project | None:
        return await self._projects.get(
            (organization, slug), lambda: self._tenants.project(organization, slug)
        )

    async def scope(self, project_id: str, slug: str) -> Scope | None:
        return await self._scopes.get(
            (project_id, slug), lambda: self._tenants.scope(project_id, slug)
        )

    def forget_scope(self, project_id: str, slug: str) -> None:
        """It was changed or closed here: this process knows at once, others within ``seconds``."""
        self._scopes.forget((project_id, slug))

    async def settle(self) -> None:
        """Wait for the notes of use still being written."""
        await asyncio.gather(*self._touching)

    def _touch(self, key: ApiKey, now: datetime) -> None:
        last = self._touched.get(key.id, key.last_used_at)
        if last is not None and now - last < _TOUCH_EVERY:
            return
        self._touched[key.id] = now
        task = asyncio.create_task(self._write_touch(key.id, now))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _write_touch(self, key_id: str, now: datetime) -> None:
        try:
            await self._tenants.touch_key(key_id, now)
        except Unavailable:
            # The next use writes it; nobody's picture waits for this.
            self._touched.pop(key_id, None)


def _expired(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now
