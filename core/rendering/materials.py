"""Gathers what a picture is made of before anything is spent: leave, words, reference pictures."""

from dataclasses import dataclass

import structlog

from cache.errors import NotAdmitted
from core.errors import ContentRefused, FieldError, Invalid, RateLimitExceeded
from core.live_request import DEFAULT_TEMPLATE
from core.models import Reference
from core.rendering.orders import Order
from core.rendering.workshop import Workshop

_NOT_STORED = FieldError(
    "referenceImages", "REFERENCE_NOT_STORED", "One of these pictures has no bytes any more."
)


@dataclass(frozen=True, slots=True)
class Materials:
    """``prompt`` is the text to send."""

    prompt: str
    references: tuple[Reference, ...]


async def gathered(order: Order, workshop: Workshop) -> Materials:
    """Everything one order needs, within its turn: a long queue holds no pictures.

    Raises ContentRefused, and NotAdmitted for what concerns this payer alone: RateLimitExceeded,
    and Invalid when a reference picture is gone.
    """
    try:
        await _admitted(order, workshop)
        # After the rates, so that nobody can have the policy asked without end.
        await _ensure_welcome(order, workshop)
        references = await _references(order, workshop)
    except (RateLimitExceeded, Invalid) as refusal:
        raise NotAdmitted(order.payer, refusal) from refusal
    return Materials(await _worded(order, workshop), references)


async def _admitted(order: Order, workshop: Workshop) -> None:
    if order.key_id is not None:
        await workshop.admission.admit(order.key_id)
    if order.allowance is not None:
        await workshop.addresses.admit(order.allowance)


async def _ensure_welcome(order: Order, workshop: Workshop) -> None:
    if order.welcome:
        return
    if not await workshop.policy.allows(order.project, order.request.prompt):
        raise ContentRefused


async def _references(order: Order, workshop: Workshop) -> tuple[Reference, ...]:
    gathered = []
    for image in order.references:
        body = await workshop.masters.body(image)
        if body is None:
            raise Invalid(fields=[_NOT_STORED])
        gathered.append(Reference(body, image.mime_type))
    return tuple(gathered)


async def _worded(order: Order, workshop: Workshop) -> str:
    """The text to send. Where the enhancer fell back it is the caller's own: the record then shows
    ``prompt`` equal to ``originalPrompt`` although ``autoEnhance`` is set."""
    request = order.request
    if not request.auto_enhance:
        return request.prompt
    template = request.template or DEFAULT_TEMPLATE
    enhanced = await workshop.enhancer.enhance(request.prompt, template)
    if enhanced.fell_back:
        log = structlog.get_logger("enhancer")
        log.warning("enhancer_fell_back", version=enhanced.version, template=template)
    return enhanced.text
