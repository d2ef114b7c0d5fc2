"""Works out who asks: the key or the signature that came with a live request, and its project."""

import re
import time
from dataclasses import dataclass, replace

from starlette.datastructures import Headers

from core.credentials import Credentials
from core.errors import FieldError, Forbidden, Invalid, NotFound, Unauthorized
from core.models import LIVE_GENERATE, LIVE_READ, ApiKey, Project
from core.signing import Signer
from core.spending.visitor import Circumstances, Visitor
from edge.query import Parameters

_BEARER = "bearer "
# Keys with one of these may see pictures.
_READING = frozenset({LIVE_READ, LIVE_GENERATE})
_LIBRARY = "images"
_SLUG = re.compile("[a-z0-9_-]{1,64}")


def presented_secret(headers: Headers) -> str | None:
    """The API key of a request, from X-API-Key or Authorization: Bearer; None without any.

    Raises Invalid when several disagree about who asks.
    """
    secrets = headers.getlist("x-api-key")
    secrets += [
        value[len(_BEARER) :].strip()
        for value in headers.getlist("authorization")
        if value.lower().startswith(_BEARER)
    ]
    if len(headers.getlist("x-api-key")) > 1 or len(set(secrets)) > 1:
        raise Invalid(
            fields=[FieldError("X-API-Key", "CREDENTIALS_CONFLICT", "Send exactly one API key.")]
        )
    return secrets[0] if secrets else None


async def keyed_visitor(
    credentials: Credentials,
    signer: Signer,
    *,
    headers: Headers,
    path: str,
    parameters: Parameters,
) -> Visitor:
    """Whoever holds a project's key; a signature beside it is not needed, but has to be right.

    Raises Unauthorized, Forbidden (a master key, no live scope), SignatureInvalid, UrlExpired.
    """
    secret = presented_secret(headers)
    if secret is None:
        raise Unauthorized
    key = await credentials.key(secret)
    if key.project is None or not key.scopes & _READING:
        raise Forbidden
    expires_at = None
    if parameters.signed:
        expires_at = signer.verify(path, parameters.decoded, now=time.time())
    return Visitor(project=key.project, key=key, expires_at=expires_at)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a public page's request could prove: a key, a signature until ``expires_at``, nothing.

    ``expires_at`` is in unix seconds.
    """

    key: ApiKey | None
    expires_at: int | None


async def page_proof(
    credentials: Credentials,
    signer: Signer,
    *,
    headers: Headers,
    path: str,
    parameters: Parameters,
) -> Proof:
    """Checked before anything else. Raises Unauthorized, SignatureInvalid, UrlExpired, Invalid."""
    secret = presented_secret(headers)
    key = None if secret is None else await credentials.key(secret)
    if not parameters.signed:
        return Proof(key, None)
    return Proof(key, signer.verify(path, parameters.decoded, now=time.time()))


async def page_visitor(
    credentials: Credentials,
    proof: Proof,
    names: tuple[str, str, str],
    circumstances: Circumstances,
) -> Visitor:
    """Whoever opens a public page's picture; ``names`` are organization, project and scope.

    A key that may not read is no more than no key: reading a public project is open. Raises
    NotFound; Invalid when key and signature speak for different projects.
    """
    organization, slug, scope_slug = names
    visitor = await _project_visitor(credentials, proof, (organization, slug), enough=_READING)
    scope = None
    if _SLUG.fullmatch(scope_slug):
        scope = await credentials.scope(visitor.project.id, scope_slug)
    if scope is None:
        raise NotFound("SCOPE")
    return replace(visitor, scope=scope, circumstances=circumstances)


async def image_visitor(credentials: Credentials, proof: Proof, names: tuple[str, str]) -> Visitor:
    """The same for a stored image, which belongs to no scope: ``names`` are organization and
    project, and a key for the image library is enough."""
    return await _project_visitor(credentials, proof, names, enough=_READING | {_LIBRARY})


async def _project_visitor(
    credentials: Credentials, proof: Proof, names: tuple[str, str], *, enough: frozenset[str]
) -> Visitor:
    """``enough`` are the scopes of which a key of the project needs one."""
    organization, slug = names
    project = None
    if _SLUG.fullmatch(organization) and _SLUG.fullmatch(slug):
        project = await credentials.project(organization, slug)
    own_key = proof.key if project and _opens(proof.key, project, enough) else None
    if proof.key is not None and own_key is None and proof.expires_at is not None:
        raise Invalid(
            fields=[FieldError("X-API-Key", "CREDENTIALS_CONFLICT", "Key and signature disagree.")]
        )
    if project is None or not (project.public or proof.expires_at or own_key):
        raise NotFound("PROJECT")
    return Visitor(project=project, key=own_key, expires_at=proof.expires_at)


def _opens(key: ApiKey | None, project: Project, enough: frozenset[str]) -> bool:
    if key is None or key.project is None or key.project.id != project.id:
        return False
    return bool(key.scopes & enough)
