"""What callers name when they purge."""

from dataclasses import dataclass

from core.live_request import LiveRequest


@dataclass(frozen=True, slots=True)
class ByImage:
    """One image, also one that was soft-deleted."""

    image_id: str


@dataclass(frozen=True, slots=True)
class ByAlias:
    """The image that holds this alias of the project; ``alias`` begins with @."""

    alias: str


@dataclass(frozen=True, slots=True)
class ByFlow:
    """Every image of a flow."""

    flow_id: str


@dataclass(frozen=True, slots=True)
class ByScope:
    """Every picture that was made through a scope."""

    slug: str


@dataclass(frozen=True, slots=True)
class ByPrompt:
    """The picture of one live URL."""

    request: LiveRequest


@dataclass(frozen=True, slots=True)
class ByProject:
    """Everything of the project."""


@dataclass(frozen=True, slots=True)
class ByTag:
    """What answers with this Cache-Tag showed: k-…, i-…, a-…, s-… or p-…, see core.purging.tags."""

    tag: str


Selection = ByImage | ByAlias | ByFlow | ByScope | ByPrompt | ByProject | ByTag
