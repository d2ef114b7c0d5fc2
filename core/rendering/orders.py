"""What is asked of the renderer: a decided request, and the records it leaves."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import uuid_utils

from cache.entry import Entry, Key
from core.identity import derived_seed
from core.live_request import LiveRequest
from core.models import Generation, Image, Model, Origin, Project, Recipe, Reference
from core.spending.limits import Allowance, Budget


@dataclass(frozen=True, slots=True)
class Order:
    """One picture to be made, and on whose account.

    ``generation`` is the pending record this is the work of, if there is one already.
    ``references`` are pictures of the same project, in the order of use. ``budgets`` are those it
    counts in beside the installation's. ``welcome``: the prompt policy has allowed it before.
    """

    key: Key
    project: Project
    request: LiveRequest
    model: Model
    payer: str
    origin: Origin = "live"
    key_id: str | None = None
    scope_id: str | None = None
    generation: Generation | None = None
    references: tuple[Image, ...] = ()
    budgets: tuple[Budget, ...] = ()
    allowance: Allowance | None = None
    welcome: bool = False

    @property
    def seed(self) -> int:
        return derived_seed(self.key) if self.request.seed is None else self.request.seed


def generation_of(order: Order, prompt: str) -> Generation:
    """The record of work about to be paid for; ``prompt`` is the text that will be sent."""
    now = datetime.now(UTC)
    if order.generation is not None:
        return replace(order.generation, status="processing", prompt=prompt, updated_at=now)
    return Generation(
        id=str(uuid_utils.uuid7()),
        project_id=order.project.id,
        status="processing",
        identity=order.key.identity,
        slot=order.key.slot,
        prompt=prompt,
        original_prompt=order.request.prompt,
        ratio=order.request.ratio,
        seed=order.seed,
        model=order.model.name,
        model_version=order.model.version,
        generator=order.model.generator,
        origin=order.origin,
        auto_enhance=order.request.auto_enhance,
        template=order.request.template,
        key_id=order.key_id,
        scope_id=order.scope_id,
        created_at=now,
        updated_at=now,
    )


def recipe_of(
    generation: Generation, model: Model, references: tuple[Reference, ...] = ()
) -> Recipe:
    """What the generator is asked for: by the record, so that whoever resumes asks the same."""
    return Recipe(
        prompt=generation.prompt,
        ratio=generation.ratio,
        seed=generation.seed,
        model=model,
        references=references,
    )


def image_of(generation: Generation, entry: Entry, *, stored: bool, purged: bool = False) -> Image:
    """The record of a generation's picture, from what was stored with it; a purged one's is
    deleted from the beginning."""
    meta = entry.meta
    created = datetime.fromtimestamp(int(meta["created"]), UTC)
    return Image(
        id=meta["image"],
        project_id=generation.project_id,
        source="generated",
        slot=generation.slot,
        identity=generation.identity,
        mime_type=meta["type"],
        file_size=len(entry.body),
        width=int(meta["width"]),
        height=int(meta["height"]),
        digest=meta["digest"],
        thumb_hash=meta["thumbHash"],
        dominant_color=meta["color"],
        origin=generation.origin,
        created_at=created,
        updated_at=created,
        generation_id=generation.id,
        flow_id=generation.flow_id,
        alias=None if purged else generation.assign_alias,
        stored=stored and not purged,
        deleted_at=datetime.now(UTC) if purged else None,
    )


def with_job(generation: Generation, job_id: str) -> Generation:
    return replace(generation, job_id=job_id)
