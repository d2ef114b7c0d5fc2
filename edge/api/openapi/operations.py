"""One operation of the API as data, and its form in the document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from core.models import LIVE_READ
from edge.api.openapi.errors import RATES, error_name

Json = dict[str, Any]

REFERENCES = "#/components/schemas/{model}"
# What the door answers before any route is looked at, and what may happen anywhere.
ANYWHERE = (400, 405, 414, 421, 431, 500, 503)
_IDEMPOTENCY = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Content:
    """What an answer holds: JSON of a model, or bytes of these media types, or nothing."""

    text: str
    model: type[BaseModel] | None = None
    kinds: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()

    def described(self, *more: str) -> Json:
        """``more`` are the names of headers that come on top."""
        shown: Json = {"description": self.text}
        headers = (*self.headers, *more)
        if headers:
            shown["headers"] = {name: _reference("headers", name) for name in headers}
        content = {kind: _bytes_of(kind) for kind in self.kinds}
        if self.model is not None:
            content["application/json"] = {"schema": reference_to(self.model)}
        return shown | ({"content": content} if content else {})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address.

    ``needs`` is the key's scope, ``any`` or ``master``, or "" where no key is needed.
    ``parameters`` are names of components. ``body`` is a model, or ready-made content. ``errors``
    come on top of ANYWHERE.
    """

    method: str
    path: str
    id: str
    tag: str
    summary: str
    answers: Mapping[int, Content]
    needs: str = ""
    optional_key: bool = False
    text: str = ""
    parameters: tuple[str, ...] = ()
    body: type[BaseModel] | Json | None = None
    body_required: bool = True
    errors: tuple[int, ...] = ()
    example: Json | None = field(default=None)

    def described(self) -> Json:
        shown: Json = {"operationId": self.id, "tags": [self.tag], "summary": self.summary}
        if self.text:
            shown["description"] = self.text
        shown["security"] = self._security()
        if self.parameters:
            shown["parameters"] = [_reference("parameters", name) for name in self.parameters]
        if self.body is not None:
            shown["requestBody"] = {"required": self.body_required, "content": self._body()}
        shown["responses"] = {str(status): answer for status, answer in self._responses()}
        return shown

    def models(self) -> Iterator[type[BaseModel]]:
        """Every model it takes or gives."""
        if isinstance(self.body, type):
            yield self.body
        yield from (each.model for each in self.answers.values() if each.model is not None)

    def _responses(self) -> Iterator[tuple[int, Json]]:
        for status, content in self.answers.items():
            yield status, content.described(*self._headers())
        keyed = (401, 403) if self.needs or self.optional_key else ()
        for status in sorted({*ANYWHERE, *keyed, *self.errors} - self.answers.keys()):
            yield status, _reference("responses", error_name(status))

    def _headers(self) -> Iterator[str]:
        if self.needs and self.needs != LIVE_READ:
            yield from RATES
        if _IDEMPOTENCY in self.parameters:
            yield "Idempotency-Replayed"

    def _security(self) -> list[Json]:
        if not self.needs and not self.optional_key:
            return []
        roles = [self.needs] if self.needs else []
        keyed: list[Json] = [{"X-API-Key": roles}, {"Bearer": roles}]
        return [{}, *keyed] if self.optional_key else keyed

    def _body(self) -> Json:
        if not isinstance(self.body, type):
            return dict(self.body or {})
        content: Json = {"schema": reference_to(self.body)}
        if self.example is not None:
            content["example"] = self.example
        return {"application/json": content}


def reference_to(model: type[BaseModel]) -> Json:
    """Where the model's schema stands in the document."""
    return {"$ref": REFERENCES.format(model=model.__name__)}


def _reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _bytes_of(kind: str) -> Json:
    # In 3.1 a binary body is an empty schema (OpenAPI 3.1.0, 4.8.14.2); a stream has no other.
    whole = kind.startswith("text/") and kind != "text/event-stream"
    return {"schema": {"type": "string"}} if whole else {}
