"""Everything core needs from the world, on one page."""

from datetime import datetime
from typing import Protocol

from core.models import (
    ApiKey,
    Budget,
    Generation,
    Image,
    Project,
    RawPicture,
    Recipe,
    Scope,
)


class Generator(Protocol):
    """Makes pictures in two phases, so that a started job outlives whoever started it."""

    name: str

    async def start(self, recipe: Recipe) -> str:
        """Submit the recipe; return the job's id. From here on it may cost money.

        Raises GeneratorBusy (retry_after), GeneratorFailed, ContentRefused.
        """

    async def finish(self, job_id: str, recipe: Recipe) -> RawPicture:
        """Wait for the job and fetch its picture; may be called again, by anyone.

        Raises GeneratorFailed, ContentRefused, GeneratorBusy.
        """

    async def cancel(self, job_id: str) -> None:
        """Ask for the job to be stopped. Never raises."""


class Meter(Protocol):
    """Counts what generations do; never raises."""

    def generation_started(self) -> None: ...

    def generation_ended(self, outcome: str, seconds: float) -> None:
        """``outcome`` is ``success`` or the code of the error."""

    def spent(self, amount_micros: int) -> None: ...

    def paid_twice(self) -> None:
        """A paid job was lost or lost the race for its slot."""


class Tenants(Protocol):
    """Who may come in: projects, keys and scopes."""

    async def project(self, organization: str, slug: str) -> Project | None: ...

    async def scope(self, project_id: str, slug: str) -> Scope | None: ...

    async def key(self, secret_hash: str) -> ApiKey | None:
        """The key with this sha256, also when it is expired or revoked."""

    async def touch_key(self, key_id: str, when: datetime) -> None:
        """Note that the key was used."""


class Generations(Protocol):
    """The durable log of paid work. Every call names the project."""

    async def begin(self, generation: Generation) -> None:
        """Insert with status ``processing``."""

    async def unfinished(self, project_id: str, identity: str) -> Generation | None:
        """The newest one still ``processing`` for this identity: a crashed holder's, if any."""

    async def note_job(self, project_id: str, generation_id: str, job_id: str) -> None:
        """Write the provider's job id down, before anybody waits for it."""

    async def succeed(
        self,
        project_id: str,
        generation_id: str,
        image: Image,
        *,
        cost_micros: int,
        processing_ms: int,
    ) -> None:
        """Status ``success`` and the image's record, in one transaction."""

    async def fail(self, project_id: str, generation_id: str, code: str, message: str) -> None:
        """Status ``failed``, unless it already ended."""

    async def get(self, project_id: str, generation_id: str) -> Generation | None: ...

    async def abandoned(self, before: datetime, limit: int) -> list[Generation]:
        """Generations of all projects ``processing`` since before ``before``: for the sweeper."""


class Ledger(Protocol):
    """Reserve before, settle or refund after; each exactly once per generation."""

    async def reserve(
        self, project_id: str, generation_id: str, amount_micros: int, budgets: tuple[Budget, ...]
    ) -> None:
        """Take the amount from every budget, or from none. Repeating it changes nothing.

        Raises BudgetExhausted with ``retry_after`` = seconds until the window ends.
        """

    async def settle(self, generation_id: str, amount_micros: int) -> None:
        """The reservation became this cost. A second call changes nothing."""

    async def refund(self, generation_id: str) -> None:
        """The reservation cost nothing. A second call changes nothing."""

    async def settle_reserved(self, generation_id: str) -> int:
        """Settle at what was reserved and return it; what was settled before is returned as is."""

    async def refund_orphans(self, before: datetime) -> int:
        """Refund reservations older than ``before`` whose generation was never written down."""

    async def close_ended(self, before: datetime) -> int:
        """Close reservations older than ``before`` whose generation has ended: how many."""

    async def mark_duplicate(self, generation_id: str) -> None:
        """What it cost bought a picture that lost the race for its slot."""
