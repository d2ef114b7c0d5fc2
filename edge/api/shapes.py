"""The records as JSON: camelCase names, ISO-8601 times in UTC, money as decimal text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.models import ApiKey, Flow, Generation, Image, RequireSignature
from core.scopes.ports import ScopeRecord
from core.spending.money import dollars
from core.spending.permission import PAID_PER_ADDRESS

Json = dict[str, Any]

_SIGNATURE: Mapping[RequireSignature, bool | str] = {"auto": "auto", "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a project's pictures are reached: ``origin`` as ``https://host``, without a slash,
    and the project's path, ``organization/project``."""

    origin: str
    project_path: str

    def image_url(self, image_id: str) -> str:
        return f"{self.origin}/cdn/{self.project_path}/img/{image_id}"


def iso(moment: datetime | None) -> str | None:
    """A time as the API writes it: UTC, with milliseconds and Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(micros: int) -> Json:
    """An amount in dollars as decimal text, so that nobody's float rounds it."""
    return {"amount": f"{Decimal(micros).scaleb(-6).normalize():f}", "currency": "USD"}


def image_json(image: Image, site: Site) -> Json:
    return {
        "id": image.id,
        "source": image.source,
        "url": site.image_url(image.id),
        "alias": image.alias,
        "flowId": image.flow_id,
        "generationId": image.generation_id,
        "mimeType": image.mime_type,
        "fileSize": image.file_size,
        "width": image.width,
        "height": image.height,
        "focalPoint": {"x": image.focal_x, "y": image.focal_y},
        "thumbHash": image.thumb_hash,
        "dominantColor": image.dominant_color,
        "hash": image.digest,
        "origin": image.origin,
        "meta": dict(image.meta),
        "createdAt": iso(image.created_at),
        "updatedAt": iso(image.updated_at),
        "deletedAt": iso(image.deleted_at),
    }


def generation_json(
    generation: Generation, image: Image | None, references: Iterable[Image], site: Site
) -> Json:
    """``image`` is the output, when there is one that is not deleted."""
    return {
        "id": generation.id,
        "status": generation.status,
        "prompt": generation.prompt,
        "originalPrompt": generation.original_prompt,
        "aspectRatio": generation.ratio,
        "autoEnhance": generation.auto_enhance,
        "template": generation.template,
        "seed": generation.seed,
        "model": generation.model,
        "generator": generation.generator,
        "flowId": generation.flow_id,
        "outputImageId": generation.output_image_id,
        "outputImage": None if image is None else image_json(image, site),
        "referenceImages": [image_json(one, site) for one in references],
        "cached": generation.cached,
        "cost": money(generation.cost_micros),
        "processingTimeMs": generation.processing_ms,
        "retryCount": generation.retry_count,
        "error": _error(generation),
        "origin": generation.origin,
        "meta": dict(generation.meta),
        "createdAt": iso(generation.created_at),
        "updatedAt": iso(generation.updated_at),
        "deletedAt": iso(generation.deleted_at),
    }


def generations_json(
    generations: Iterable[Generation], images: Mapping[str, Image], site: Site
) -> list[Json]:
    """The same for many; ``images`` holds their outputs and references by id."""
    return [
        generation_json(
            one,
            images.get(one.output_image_id or ""),
            [images[each] for each in one.reference_image_ids if each in images],
            site,
        )
        for one in generations
    ]


def flow_json(flow: Flow) -> Json:
    return {
        "id": flow.id,
        "meta": dict(flow.meta),
        "aliases": dict(flow.aliases),
        "generationCount": flow.generation_count,
        "imageCount": flow.image_count,
        "createdAt": iso(flow.created_at),
        "updatedAt": iso(flow.updated_at),
    }


def key_json(key: ApiKey) -> Json:
    """The key without its secret, which nobody has."""
    return {
        "id": key.id,
        "type": key.type,
        "name": key.name,
        "prefix": key.prefix,
        "organization": key.project.organization if key.project else None,
        "project": key.project.slug if key.project else None,
        "scopes": sorted(key.scopes),
        "allowedModels": None if key.allowed_models is None else list(key.allowed_models),
        "expiresAt": iso(key.expires_at),
        "lastUsedAt": iso(key.last_used_at),
        "createdAt": iso(key.created_at),
        "revokedAt": iso(key.revoked_at),
    }


def scope_json(record: ScopeRecord) -> Json:
    scope = record.scope
    limit = scope.per_address_limit
    return {
        "id": scope.id,
        "slug": scope.slug,
        "allowNewGenerations": scope.allow_new_generations,
        "requireSignature": _SIGNATURE[scope.require_signature],
        "newGenerationsLimit": scope.new_generations_limit,
        "currentGenerations": record.current_generations,
        "budgetAmount": None if scope.budget_micros is None else dollars(scope.budget_micros),
        "budgetWindow": scope.budget_window,
        "allowedOrigins": list(scope.allowed_origins),
        "allowedModels": None if scope.allowed_models is None else list(scope.allowed_models),
        "perAddressLimit": PAID_PER_ADDRESS if limit is None else limit,
        "meta": dict(scope.meta),
        "lastGeneratedAt": iso(record.last_generated_at),
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.updated_at),
    }


def _error(generation: Generation) -> Json | None:
    if generation.error_code is None:
        return None
    return {"code": generation.error_code, "message": generation.error_message}
