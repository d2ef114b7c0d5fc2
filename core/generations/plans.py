"""Decides what a generation request means: which model, which pictures to go by, which identity."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cache.entry import Key
from core.catalog import Catalog
from core.errors import FieldError, Forbidden, Invalid
from core.generations.references import References, ensure_taken
from core.generations.requests import GenerationRequest, Owner, request_of
from core.identity import derived_seed, identity_of, key_of
from core.ids import new_id
from core.live_request import LiveRequest
from core.models import Generation, Image, Model
from core.rendering.orders import Order
from core.spending.permission import Account


@dataclass(frozen=True, slots=True)
class Plan:
    """A request decided. ``generation`` is its record, pending and not yet written down."""

    owner: Owner
    picture: LiveRequest
    model: Model
    key: Key
    references: tuple[Image, ...]
    generation: Generation

    @property
    def account(self) -> Account:
        """Who pays: the key alone."""
        key_id = self.owner.key.id
        return Account(f"key:{key_id}", key_id, scope_id=None, budgets=(), allowance=None)

    def order(self, generation: Generation) -> Order:
        """The work of this record."""
        account = self.account
        return Order(
            key=self.key,
            project=self.owner.project,
            request=self.picture,
            model=self.model,
            payer=account.payer,
            origin="rest",
            key_id=account.key_id,
            generation=generation,
            references=self.references,
        )


class Planner:
    """Plans generations. ``version`` is the prompt enhancer's, part of enhanced identities."""

    def __init__(self, catalog: Catalog, references: References, *, version: str) -> None:
        self._catalog = catalog
        self._references = references
        self._version = version

    async def plan(self, owner: Owner, request: GenerationRequest) -> Plan:
        """A first picture. Raises Invalid, Forbidden (a model that is not for this key)."""
        model = self._model(owner, request)
        references = await self._references.of_request(
            owner.project.id, request.references, request.prompt, request.flow_id
        )
        return self._decided(owner, request, model, references)

    async def again(
        self, owner: Owner, old: Generation, request: GenerationRequest, *, variation: bool
    ) -> Plan:
        """Another attempt at ``old``, under its id. With ``variation`` the picture is one nobody
        has seen, whatever seed was asked for. Raises as plan.

        The same picture asked for again is a live URL's, and its scope's, as ``old`` was. Any
        other is an order of its own: no live URL leads to it.
        """
        model = self._model(owner, request)
        references = await self._changed_references(owner, old, request)
        same = not variation and _is_as_before(request, old)
        if variation:
            request = replace(request, seed=None)
        variety = f"{old.id}/{old.attempt + 1}" if variation else None
        plan = self._decided(owner, request, model, references, variety)
        generation = replace(
            plan.generation,
            id=old.id,
            created_at=old.created_at,
            origin=old.origin if same else "rest",
            scope_id=old.scope_id if same else None,
            retry_count=old.retry_count,
        )
        return replace(plan, generation=generation)

    async def is_variation(self, owner: Owner, old: Generation) -> bool:
        """Whether ``old`` already was a picture set apart from its request's first one."""
        request = request_of(old)
        model = self._catalog.resolve(request.model)
        references = await self._changed_references(owner, old, request)
        return self._key(owner, request.picture, model, references, None).identity != old.identity

    def _model(self, owner: Owner, request: GenerationRequest) -> Model:
        model = self._catalog.resolve(request.model)
        allowed = owner.key.allowed_models
        if allowed is not None and model.name not in allowed:
            raise Forbidden
        if request.ratio not in model.sizes:
            message = f"This model makes {', '.join(model.sizes)}."
            field = FieldError("aspectRatio", "ASPECT_RATIO_UNSUPPORTED", message)
            raise Invalid(fields=[field])
        return model

    async def _changed_references(
        self, owner: Owner, old: Generation, request: GenerationRequest
    ) -> tuple[Image, ...]:
        """The old ones, except those only the old prompt or list had asked for."""
        project_id = owner.project.id
        listed_anew = request.references != old.reference_image_ids
        if not listed_anew and request.prompt == old.original_prompt:
            return await self._references.explicit(project_id, old.reference_image_ids)
        explicit = request.references
        if not listed_anew:
            named = await self._references.named(project_id, old.original_prompt, old.flow_id)
            gone = {image.id for image in named}
            explicit = tuple(each for each in explicit if each not in gone)
        return await self._references.of_request(
            project_id, explicit, request.prompt, request.flow_id
        )

    def _decided(
        self,
        owner: Owner,
        request: GenerationRequest,
        model: Model,
        references: tuple[Image, ...],
        variation: str | None = None,
    ) -> Plan:
        ensure_taken(model, references)
        picture = request.picture
        key = self._key(owner, picture, model, references, variation)
        flow_id = request.flow_id or (new_id() if request.flow_alias else None)
        generation = _pending(owner, replace(request, flow_id=flow_id), model, key, references)
        return Plan(owner, picture, model, key, references, generation)

    def _key(
        self,
        owner: Owner,
        picture: LiveRequest,
        model: Model,
        references: tuple[Image, ...],
        variation: str | None,
    ) -> Key:
        digests = [image.digest for image in references]
        canonical = identity_of(
            owner.project.path, model, picture, self._version, digests, variation=variation
        )
        return key_of(canonical)


def _is_as_before(request: GenerationRequest, old: Generation) -> bool:
    before = request_of(old)
    return request.picture == before.picture and request.references == before.references


def _pending(
    owner: Owner,
    request: GenerationRequest,
    model: Model,
    key: Key,
    references: tuple[Image, ...],
) -> Generation:
    now = datetime.now(UTC)
    picture = request.picture
    return Generation(
        id=new_id(),
        project_id=owner.project.id,
        status="pending",
        identity=key.identity,
        slot=key.slot,
        prompt=picture.prompt,
        original_prompt=picture.prompt,
        ratio=picture.ratio,
        seed=derived_seed(key) if picture.seed is None else picture.seed,
        model=model.name,
        model_version=model.version,
        generator=model.generator,
        origin="rest",
        created_at=now,
        updated_at=now,
        auto_enhance=picture.auto_enhance,
        template=picture.template,
        key_id=owner.key.id,
        flow_id=request.flow_id,
        assign_alias=request.alias,
        assign_flow_alias=request.flow_alias,
        reference_image_ids=tuple(image.id for image in references),
        meta=request.meta,
    )
