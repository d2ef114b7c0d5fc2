"""What callers send about generations, field by field, and the same in core's words."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from core.errors import FieldError, Invalid
from core.generations.requests import GenerationRequest
from core.ids import checked_id
from core.library.aliases import checked_alias, is_alias
from core.live_request import SEED_LIMIT, TEMPLATES
from core.models import REFERENCE_LIMIT
from core.prompt import REST_PROMPT_LIMIT, checked_prompt
from core.ratio import DEFAULT_RATIO, canonical_ratio
from edge.api.bad_fields import nearest
from edge.api.bodies import Body, Meta, checked_after
from edge.api.fields import Alias, FlowId
from edge.api.grammar import GIVEN_PROMPT, GIVEN_RATIO, GIVEN_REFERENCE, GIVEN_TEMPLATE


def _prompt(text: str) -> str:
    return checked_prompt(text, REST_PROMPT_LIMIT)


def _reference(text: str) -> str:
    name = "referenceImages"
    return checked_alias(text, name) if is_alias(text) else checked_id(text, name)


def _template(text: str) -> str:
    if text in TEMPLATES:
        return text
    message = f"Use one of {', '.join(TEMPLATES)}."
    meant = nearest(text, list(TEMPLATES))
    raise Invalid(fields=[FieldError("template", "TEMPLATE_UNSUPPORTED", message, meant)])


Prompt = Annotated[str, checked_after(_prompt), WithJsonSchema(GIVEN_PROMPT)]
Ratio = Annotated[str, checked_after(canonical_ratio), WithJsonSchema(GIVEN_RATIO)]
Template = Annotated[str, checked_after(_template), WithJsonSchema(GIVEN_TEMPLATE)]
Seed = Annotated[int, Field(ge=0, le=SEED_LIMIT)]
References = Annotated[
    tuple[Annotated[str, checked_after(_reference), WithJsonSchema(GIVEN_REFERENCE)], ...],
    Field(max_length=REFERENCE_LIMIT),
]


class EnhancementOptions(Body):
    """How the prompt is made fuller."""

    template: Template | None = None


class GenerationChanges(Body):
    """Any part of a generation's request; what is absent stays as it was."""

    prompt: Prompt | None = None
    aspect_ratio: Ratio | None = None
    assign_alias: Alias | None = None
    alias: Alias | None = None
    assign_flow_alias: Alias | None = None
    flow_alias: Alias | None = None
    auto_enhance: bool | None = None
    enhancement_options: EnhancementOptions | None = None
    reference_images: References | None = None
    flow_id: FlowId | None = None
    seed: Seed | None = None
    model: str | None = None
    meta: Meta | None = None

    def changes(self) -> dict[str, Any]:
        """The given fields by their names in GenerationRequest.

        Raises Invalid when fields contradict each other.
        """
        self._ensure_agreed()
        given = {
            "prompt": self.prompt,
            "ratio": self.aspect_ratio,
            "auto_enhance": self.auto_enhance,
            "template": self._template,
            "references": self.reference_images,
            "alias": self.assign_alias or self.alias,
            "flow_alias": self.assign_flow_alias or self.flow_alias,
            "meta": self.meta,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        # Null is a value of these: ours to choose, or none.
        changes |= {name: getattr(self, name) for name in _NULLABLE if self.gave(name)}
        return changes

    @property
    def _template(self) -> str | None:
        return self.enhancement_options.template if self.enhancement_options else None

    def _ensure_agreed(self) -> None:
        problems = [
            FieldError(name, "ALIAS_GIVEN_TWICE", f"Give {name} or its longer form, not both.")
            for name, short, long in (
                ("alias", self.alias, self.assign_alias),
                ("flowAlias", self.flow_alias, self.assign_flow_alias),
            )
            if short is not None and long is not None and short != long
        ]
        if self.auto_enhance is False and self._template is not None:
            message = "A template shapes the enhancement: set autoEnhance, or leave it out."
            name, code = "enhancementOptions.template", "TEMPLATE_WITHOUT_AUTO_ENHANCE"
            problems.append(FieldError(name, code, message))
        if problems:
            raise Invalid(fields=problems)


class NewGeneration(GenerationChanges):
    """The body of POST /generations."""

    prompt: Prompt

    def request(self) -> GenerationRequest:
        """Raises Invalid when fields contradict each other."""
        return GenerationRequest(**({"ratio": DEFAULT_RATIO} | self.changes()))


class GenerationEdit(Body):
    """The body of PUT /generations/{id}."""

    prompt: Prompt | None = None
    aspect_ratio: Ratio | None = None
    flow_id: FlowId | None = None
    meta: Meta | None = None

    def changes(self) -> dict[str, Any]:
        """The given fields by their names in GenerationRequest; a null flow is none."""
        given = {"prompt": self.prompt, "ratio": self.aspect_ratio, "meta": self.meta}
        changes = {name: value for name, value in given.items() if value is not None}
        return changes | ({"flow_id": self.flow_id} if self.gave("flow_id") else {})


class Nothing(Body):
    """The body of requests that say everything in their address."""


_NULLABLE = ("seed", "model", "flow_id")
