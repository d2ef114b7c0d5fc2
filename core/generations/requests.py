"""What a caller of the REST API wants made, and the same read back from an older record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cache.entry import Key
from core.identity import derived_seed
from core.live_request import DEFAULT_TEMPLATE, LiveRequest
from core.models import ApiKey, Generation, Project


@dataclass(frozen=True, slots=True)
class Owner:
    """On whose account work is done: a project, by one of its keys."""

    project: Project
    key: ApiKey


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A picture and what shall become of it; every word is understood already.

    ``prompt`` is normalised, ``ratio`` canonical. ``references`` are ids or @aliases, at most
    three. ``alias`` and ``flow_alias`` begin with ``@``.
    """

    prompt: str
    ratio: str
    seed: int | None = None
    model: str | None = None
    auto_enhance: bool = True
    template: str | None = None
    references: tuple[str, ...] = ()
    flow_id: str | None = None
    alias: str | None = None
    flow_alias: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def picture(self) -> LiveRequest:
        """What decides how the picture looks."""
        return LiveRequest(
            prompt=self.prompt,
            ratio=self.ratio,
            seed=self.seed,
            model=self.model,
            auto_enhance=self.auto_enhance,
            template=(self.template or DEFAULT_TEMPLATE) if self.auto_enhance else None,
        )


def request_of(generation: Generation) -> GenerationRequest:
    """The request a record came from. A seed that we derived was not asked for."""
    derived = derived_seed(Key(generation.slot, generation.identity))
    return GenerationRequest(
        prompt=generation.original_prompt,
        ratio=generation.ratio,
        seed=None if generation.seed == derived else generation.seed,
        model=generation.model,
        auto_enhance=generation.auto_enhance,
        template=generation.template,
        references=generation.reference_image_ids,
        flow_id=generation.flow_id,
        alias=generation.assign_alias,
        flow_alias=generation.assign_flow_alias,
        meta=generation.meta,
    )
