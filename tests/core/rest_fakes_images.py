"""The image and flow libraries in dictionaries, for tests of what stands in front of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import AliasConflict, FieldError, Invalid, NotFound
from core.listing import Listing, Window
from core.models import Flow, Image

PROJECT_ID = "p1"
FLOW = "01990000-0000-7000-8000-00000000000f"
_START = datetime(2026, 1, 1, tzinfo=UTC)


def image(image_id: str, **changes: Any) -> Image:
    """An image of PROJECT_ID on bytes of its own."""
    values: dict[str, Any] = {
        "id": image_id,
        "project_id": PROJECT_ID,
        "source": "generated",
        "slot": f"slot-{image_id}",
        "identity": f"identity-{image_id}",
        "mime_type": "image/png",
        "file_size": 1,
        "width": 1,
        "height": 1,
        "digest": "00" * 32,
        "thumb_hash": "dGh1bWI=",
        "dominant_color": "#aabbcc",
        "origin": "rest",
        "created_at": _START,
        "updated_at": _START,
        **changes,
    }
    return Image(**values)


class Shelf:
    """Both libraries over the same rows."""

    def __init__(self) -> None:
        self.rows: dict[str, Image] = {}
        self.aliases: dict[tuple[str, str], dict[str, str]] = {}
        self.made: dict[tuple[str, str], Flow] = {}
        self.images = ShelvedImages(self)
        self.flows = ShelvedFlows(self)

    def live(self, project_id: str) -> list[Image]:
        """In the order they were inserted."""
        rows = self.rows.values()
        return [row for row in rows if row.project_id == project_id and row.deleted_at is None]

    def free(self, project_id: str, image_id: str) -> None:
        for (owner, _), names in self.aliases.items():
            if owner == project_id:
                for name in [name for name, held in names.items() if held == image_id]:
                    del names[name]


class ShelvedImages:
    """core.rest_ports.ImageLibrary."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def insert(self, image: Image, *, flow_alias: str | None = None) -> None:
        shelf = self._shelf
        if image.id in shelf.rows:
            return
        moment = _START + timedelta(seconds=len(shelf.rows))
        shelf.rows[image.id] = replace(image, alias=None, created_at=moment)
        if image.alias is not None:
            await self.assign_alias(image.project_id, image.id, image.alias)
        if flow_alias is not None and image.flow_id is not None:
            place = (image.project_id, image.flow_id)
            shelf.aliases.setdefault(place, {})[flow_alias] = image.id

    async def find(
        self, project_id: str, image_id: str, *, include_deleted: bool = False
    ) -> Image | None:
        row = self._shelf.rows.get(image_id)
        if row is None or row.project_id != project_id:
            return None
        return row if row.deleted_at is None or include_deleted else None

    async def of_identity(self, project_id: str, slot: str, identity: str) -> Image | None:
        found = [
            row
            for row in self._shelf.live(project_id)
            if (row.slot, row.identity) == (slot, identity)
        ]
        return max(found, key=lambda row: (row.created_at, row.id), default=None)

    async def shares_bytes(self, project_id: str, image: Image) -> bool:
        return any(
            row.identity == image.identity and row.id != image.id
            for row in self._shelf.live(project_id)
        )

    async def many(self, project_id: str, image_ids: tuple[str, ...]) -> dict[str, Image]:
        return {row.id: row for row in self._shelf.live(project_id) if row.id in image_ids}

    async def listed(
        self,
        project_id: str,
        window: Window,
        *,
        source: str | None = None,
        flow_id: str | None = None,
        alias: str | None = None,
        include_deleted: bool = False,
    ) -> Listing[Image]:
        rows = [
            row
            for row in reversed(self._shelf.rows.values())
            if row.project_id == project_id
            and (include_deleted or row.deleted_at is None)
            and source in {None, row.source}
            and flow_id in {None, row.flow_id}
            and alias in {None, row.alias}
        ]
        part = tuple(rows[window.offset : window.offset + window.limit])
        return Listing(part, len(rows), total_is_exact=True, next_cursor=None)

    async def edit(
        self,
        project_id: str,
        image_id: str,
        *,
        focal: tuple[float, float] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Image | None:
        row = await self.find(project_id, image_id)
        if row is None:
            return None
        if focal is not None:
            row = replace(row, focal_x=focal[0], focal_y=focal[1])
        self._shelf.rows[image_id] = row = row if meta is None else replace(row, meta=meta)
        return row

    async def assign_alias(
        self, project_id: str, image_id: str, alias: str | None, *, move: bool = True
    ) -> Image | None:
        row = await self.find(project_id, image_id)
        if row is None:
            return None
        holder = None if alias is None else await self.by_project_alias(project_id, alias)
        if holder is not None and holder.id != image_id:
            if not move:
                raise AliasConflict
            self._shelf.rows[holder.id] = replace(holder, alias=None)
        self._shelf.rows[image_id] = row = replace(row, alias=alias)
        return row

    async def delete(self, project_id: str, image_id: str, *, hard: bool = False) -> Image | None:
        row = await self.find(project_id, image_id, include_deleted=hard)
        if row is None:
            return None
        self._shelf.free(project_id, image_id)
        if hard:
            del self._shelf.rows[image_id]
        else:
            self._shelf.rows[image_id] = replace(row, alias=None, deleted_at=_START)
        return row

    async def by_project_alias(self, project_id: str, alias: str) -> Image | None:
        return next((row for row in self._shelf.live(project_id) if row.alias == alias), None)

    async def by_flow_alias(self, project_id: str, flow_id: str, alias: str) -> Image | None:
        named = self._shelf.aliases.get((project_id, flow_id), {}).get(alias)
        return None if named is None else await self.find(project_id, named)

    async def technical(self, project_id: str, flow_id: str, which: str) -> Image | None:
        source = "uploaded" if which == "@upload" else "generated"
        rows = [
            row
            for row in self._shelf.live(project_id)
            if row.flow_id == flow_id and row.source == source
        ]
        return rows[0 if which == "@first" else -1] if rows else None


class ShelvedFlows:
    """core.rest_ports.FlowLibrary."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def ensure(
        self, project_id: str, flow_id: str, *, meta: Mapping[str, Any] | None = None
    ) -> Flow:
        flow = Flow(flow_id, project_id, _START, _START, meta=meta or {})
        self._shelf.made.setdefault((project_id, flow_id), flow)
        found = await self.find(project_id, flow_id)
        assert found is not None
        return found

    async def find(self, project_id: str, flow_id: str) -> Flow | None:
        flow = self._shelf.made.get((project_id, flow_id))
        if flow is None:
            return None
        count = sum(row.flow_id == flow_id for row in self._shelf.live(project_id))
        names = self._shelf.aliases.get((project_id, flow_id), {})
        return replace(flow, image_count=count, aliases=dict(names))

    async def listed(self, project_id: str, window: Window) -> Listing[Flow]:
        flows = [flow for (owner, _), flow in self._shelf.made.items() if owner == project_id]
        part = tuple(flows[::-1][window.offset : window.offset + window.limit])
        return Listing(part, len(flows), total_is_exact=True, next_cursor=None)

    async def merge_aliases(
        self, project_id: str, flow_id: str, aliases: Mapping[str, str]
    ) -> Flow | None:
        known = {row.id for row in self._shelf.live(project_id)}
        wrong = [name for name, image_id in aliases.items() if image_id not in known]
        if wrong:
            raise Invalid(fields=[FieldError(name, "IMAGE_NOT_FOUND", "Absent.") for name in wrong])
        if (project_id, flow_id) in self._shelf.made:
            self._shelf.aliases.setdefault((project_id, flow_id), {}).update(aliases)
        return await self.find(project_id, flow_id)

    async def remove_alias(self, project_id: str, flow_id: str, alias: str) -> Flow | None:
        if (project_id, flow_id) not in self._shelf.made:
            return None
        if self._shelf.aliases.get((project_id, flow_id), {}).pop(alias, None) is None:
            raise NotFound("ALIAS")
        return await self.find(project_id, flow_id)

    async def delete(self, project_id: str, flow_id: str) -> bool:
        self._shelf.aliases.pop((project_id, flow_id), None)
        for row in self._shelf.live(project_id):
            if row.flow_id == flow_id:
                self._shelf.rows[row.id] = replace(row, flow_id=None)
        return self._shelf.made.pop((project_id, flow_id), None) is not None
