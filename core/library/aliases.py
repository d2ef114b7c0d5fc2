"""Names for images: their grammar, which scope goes first, and whom a name means."""

import re
from dataclasses import dataclass
from typing import Literal

from core.errors import FieldError, Invalid, NotFound
from core.models import Image
from core.rest_ports import FlowLibrary, ImageLibrary

TECHNICAL = ("@last", "@first", "@upload")

AliasScope = Literal["technical", "flow", "project"]

_ALIAS = re.compile("@[A-Za-z0-9_-]{1,49}")
# At the start of a word and to its end, in any script: a@b names nobody, nor does @ünal.
_MENTION = re.compile(r"(?<![\w@-])@[A-Za-z0-9_-]{1,49}(?![\w-])")
_FORM = "Use @ and 1 to 49 of the letters A-Z a-z, digits, _ and -."


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whom a name means, and which scope knew it. ``flow_id`` is the flow it was asked in."""

    alias: str
    scope: AliasScope
    flow_id: str | None
    image: Image


def checked_alias(text: str, name: str = "alias") -> str:
    """The alias, technical ones included; ``name`` is the field to blame.

    Raises Invalid with ALIAS_INVALID.
    """
    if not isinstance(text, str) or _ALIAS.fullmatch(text) is None:
        raise Invalid(fields=[FieldError(name, "ALIAS_INVALID", _FORM)])
    return text


def assignable_alias(text: str, name: str = "alias") -> str:
    """An alias that can be given away. Raises Invalid with ALIAS_INVALID or ALIAS_RESERVED."""
    alias = checked_alias(text, name)
    if alias in TECHNICAL:
        message = f"{', '.join(TECHNICAL)} name themselves; choose another alias."
        raise Invalid(fields=[FieldError(name, "ALIAS_RESERVED", message)])
    return alias


def is_alias(reference: str) -> bool:
    """Whether a reference to an image is meant as a name: ids never begin with @."""
    return reference.startswith("@")


def mentioned(prompt: str) -> tuple[str, ...]:
    """The aliases a prompt mentions, in the order of their first appearance, each once."""
    return tuple(dict.fromkeys(_MENTION.findall(prompt)))


def scopes_of(alias: str, flow_id: str | None) -> tuple[AliasScope, ...]:
    """Where an alias is looked up, in this order; the first that knows it decides.

    A technical alias is computed within a flow and can be nobody's own name.
    """
    if alias in TECHNICAL:
        return ("technical",) if flow_id is not None else ()
    return ("flow", "project") if flow_id is not None else ("project",)


class Aliases:
    """Looks names up within one project, and within one of its flows if one is named."""

    def __init__(self, images: ImageLibrary, flows: FlowLibrary) -> None:
        self._images = images
        self._flows = flows

    async def find(
        self, project_id: str, alias: str, flow_id: str | None = None
    ) -> Resolved | None:
        """None for a name nobody has; a flow nobody knows has no names.

        Raises Invalid for what is no alias.
        """
        checked_alias(alias)
        for scope in scopes_of(alias, flow_id):
            image = await self._look(scope, project_id, alias, flow_id or "")
            if image is not None:
                return Resolved(alias, scope, flow_id, image)
        return None

    async def resolve(self, project_id: str, alias: str, flow_id: str | None = None) -> Resolved:
        """Raises NotFound (ALIAS_NOT_FOUND, FLOW_NOT_FOUND), and Invalid for what is no alias or
        can only be computed within a flow."""
        checked_alias(alias)
        if alias in TECHNICAL and flow_id is None:
            message = f"{', '.join(TECHNICAL)} are computed within a flow; say which."
            raise Invalid(fields=[FieldError("flowId", "FLOW_REQUIRED", message)])
        if flow_id is not None and await self._flows.find(project_id, flow_id) is None:
            raise NotFound("FLOW")
        found = await self.find(project_id, alias, flow_id)
        if found is None:
            raise NotFound("ALIAS")
        return found

    async def _look(
        self, scope: AliasScope, project_id: str, alias: str, flow_id: str
    ) -> Image | None:
        match scope:
            case "technical":
                return await self._images.technical(project_id, flow_id, alias)
            case "flow":
                return await self._images.by_flow_alias(project_id, flow_id, alias)
        return await self._images.by_project_alias(project_id, alias)
