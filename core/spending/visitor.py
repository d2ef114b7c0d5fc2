"""Who asks for a picture, as far as it was proven, and what else their request shows."""

from dataclasses import dataclass, field
from typing import Protocol

from core.models import ApiKey, Project, Scope


class Circumstances(Protocol):
    """What a request shows beside its credentials. All of it can be made up, so it only ever keeps
    somebody from spending; a hit does not look at it."""

    @property
    def address(self) -> str:
        """The client's, or for IPv6 the network of it that one client holds; "" if unknown."""

    @property
    def origin(self) -> str | None:
        """That of the page which shows the picture, canonical (RFC 6454)."""

    @property
    def automated(self) -> bool:
        """No person looks at the answer now: a crawler, a link preview, a prefetch."""


@dataclass(frozen=True, slots=True)
class Noted:
    """The Circumstances port over what was noted; nothing, unless it is said."""

    address: str = ""
    origin: str | None = None
    automated: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, as far as it was proven.

    ``scope`` is set on public pages, ``key`` with a key of the project, ``expires_at`` (unix
    seconds) with a right signature.
    """

    project: Project
    key: ApiKey | None = None
    scope: Scope | None = None
    expires_at: int | None = None
    circumstances: Circumstances = field(default_factory=Noted)

    @property
    def proven(self) -> bool:
        return self.key is not None or self.expires_at is not None
