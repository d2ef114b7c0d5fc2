"""The near tier of an installation that has none."""

from cache.entry import Entry


class NullTier:
    """Holds nothing."""

    name = "none"

    async def get(self, slot: str) -> Entry | None:  # noqa: ARG002 - the protocol's
        return None

    async def put(self, slot: str, entry: Entry) -> None: ...

    async def delete(self, slot: str) -> None: ...
