"""Between rows and the nouns of core.models: every column is named as its field."""

from dataclasses import fields
from typing import Any

from sqlalchemy import RowMapping

from core.models import ApiKey, Generation, Image, Project, Scope

# Kept in a table of their own.
_ELSEWHERE = frozenset({"reference_image_ids"})


def values_of(record: Generation | Image | Scope) -> dict[str, Any]:
    """The row to insert for a record."""
    names = (field.name for field in fields(record) if field.name not in _ELSEWHERE)
    # A read-only mapping is not JSON to the drivers.
    return {name: getattr(record, name) for name in names} | {"meta": dict(record.meta)}


def generation_of(row: RowMapping, reference_image_ids: tuple[str, ...]) -> Generation:
    return Generation(**row, reference_image_ids=reference_image_ids)


def image_of(row: RowMapping) -> Image:
    return Image(**row)


def scope_of(row: RowMapping | dict[str, Any]) -> Scope:
    values = dict(row)
    values["allowed_origins"] = tuple(values["allowed_origins"])
    values["allowed_models"] = _models_of(row)
    return Scope(**values)


def project_of(row: RowMapping) -> Project:
    return Project(
        id=row["project_id"],
        organization=row["organization_slug"],
        slug=row["project_slug"],
        public=row["project_public"],
    )


def key_of(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        type=row["type"],
        name=row["name"],
        prefix=row["prefix"],
        secret_hash=row["secret_hash"],
        project=None if row["project_id"] is None else project_of(row),
        scopes=frozenset(row["scopes"]),
        allowed_models=_models_of(row),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )


def key_values(key: ApiKey) -> dict[str, Any]:
    """The row to insert for a new key."""
    return {
        "id": key.id,
        "type": key.type,
        "name": key.name,
        "prefix": key.prefix,
        "secret_hash": key.secret_hash,
        "project_id": None if key.project is None else key.project.id,
        "scopes": sorted(key.scopes),
        "allowed_models": key.allowed_models,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }


def _models_of(row: RowMapping | dict[str, Any]) -> tuple[str, ...] | None:
    return None if row["allowed_models"] is None else tuple(row["allowed_models"])
