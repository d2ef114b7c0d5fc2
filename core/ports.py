"""Everything core needs from the world, on one page."""

from datetime import datetime
from typing import Protocol

from core.models import ApiKey, Enhanced, Generation, Image, Project, RawPicture, Recipe, Scope
from core.spending.budgets import Window
from core.spending.limits import Allowance, Budget, RateState


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


class Enhancer(Protocol):
    """Turns a short prompt into a fuller one. ``version`` is part of every enhanced identity."""

    version: str

    async def enhance(self, prompt: str, template: str) -> Enhanced:
        """The text to send. Falls back rather than failing, and says so."""


class Masters(Protocol):
    """The stored bytes of pictures."""

    async def body(self, image: Image) -> bytes | None:
        """The picture as it is stored; None when it is not there. Raises StoreDown."""


class Admission(Protocol):
    """How much work a key may start. Hits and joined flights never ask."""

    async def admit(self, key: str) -> None:
        """Count one piece of work for the key with this id.

        Raises RateLimitExceeded with ``retry_after`` in seconds.
        """

    async def ensure_left(self, key: str) -> None:
        """What ``admit`` would raise now, without counting."""

    async def state(self, key: str) -> RateState:
        """Where the key stands, without counting. Never raises."""


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
        """Status ``processing``: of the ``pending`` row with this id, all fields taken from
        ``generation``, or of a new one.

        Raises GenerationCancelled when there is such a row and it is not ``pending`` any more,
        is deleted, or is at another attempt.
        """

    async def unfinished(self, project_id: str, identity: str) -> Generation | None:
        """The newest one still ``processing`` for this identity: a crashed holder's, if any."""

    async def note_job(
        self, project_id: str, generation_id: str, job_id: str, *, attempt: int = 0
    ) -> None:
        """Write the provider's job id down, before anybody waits for it."""

    async def succeed(
        self,
        project_id: str,
        generation_id: str,
        image: Image,
        *,
        cost_micros: int,
        processing_ms: int,
        attempt: int = 0,
    ) -> None:
        """Status ``success`` and the image's record, in one transaction, which also moves the
        aliases here that the generation assigns (``assign_alias``, ``assign_flow_alias``).

        Changes nothing for a cancelled generation, or when another attempt has begun since.
        """

    async def fail(
        self, project_id: str, generation_id: str, code: str, message: str, *, attempt: int = 0
    ) -> None:
        """Status ``failed`` from ``pending`` or ``processing``, unless it already ended or
        another attempt has begun since."""

    async def get(self, project_id: str, generation_id: str) -> Generation | None: ...

    async def abandoned(self, before: datetime, limit: int) -> list[Generation]:
        """Generations of all projects ``pending`` or ``processing``, untouched since before
        ``before``: for the sweeper."""


class PromptPolicy(Protocol):
    """Which prompts are welcome. Asked before anything is spent, never for what is stored."""

    async def allows(self, project: Project, prompt: str) -> bool:
        """Whether the caller's own words, normalised, may become a picture.

        Raises PolicyUnavailable when nobody can say.
        """


class AddressAdmission(Protocol):
    """How much work the addresses of strangers may start. Hits and joined flights never ask."""

    async def admit(self, allowance: Allowance) -> None:
        """Count one piece of work. Raises RateLimitExceeded, CoordinatorDown."""


class Counts(Protocol):
    """How far budgets are used up."""

    async def taken(self, subject: str, window: Window) -> int:
        """What is reserved or spent in the subject's current window: micro-dollars, or pictures
        where it counts those (``total`` of ``scope:<id>:pictures``). Raises RecordsUnavailable."""


class Ledger(Protocol):
    """Reserve before, settle or refund after; each exactly once per account.

    An account is one attempt at a generation: ``Generation.account``.
    """

    async def reserve(
        self, project_id: str, account: str, amount_micros: int, budgets: tuple[Budget, ...]
    ) -> None:
        """Take the amount from every budget for money and one from every budget for pictures, or
        from none. Repeating it changes nothing.

        Raises BudgetExhausted with ``retry_after`` = seconds until the window ends, None for one
        that never does, and the budget's ``payer``.
        """

    async def settle(self, account: str, amount_micros: int) -> None:
        """The reservation became this cost. A second call changes nothing."""

    async def refund(self, account: str) -> None:
        """The reservation cost nothing, and no picture was made. A second call changes nothing."""

    async def settle_reserved(self, account: str) -> int:
        """Settle at what was reserved and return it; what was settled before is returned as is."""

    async def refund_orphans(self, before: datetime) -> int:
        """Refund reservations older than ``before`` whose generation was never written down."""

    async def close_ended(self, before: datetime) -> int:
        """Close reservations of attempts that ended before ``before``: how many."""

    async def mark_duplicate(self, account: str) -> None:
        """What it cost bought a picture that lost the race for its slot."""


class Announcements(Protocol):
    """Where CDNs are told what they shall forget.

    The journal writes each purge's delivery in its own transaction (table purge_deliveries), so
    none is forgotten; this is only the word that there is something to send now.
    """

    async def announce(self, project: Project, number: int, tags: tuple[str, ...]) -> None:
        """Purge ``number`` was carried out, and its delivery may go at its ``next_at``.

        Never raises.
        """


class PurgeWatch(Protocol):
    """Tells work that takes a while whether what it works on was purged meanwhile."""

    async def number(self) -> int:
        """The last purge's number; 0 before the first. Raises RecordsUnavailable."""

    async def purged_since(self, project_id: str, master_slot: str, number: int) -> bool:
        """Whether a purge after ``number`` concerned this picture. Raises RecordsUnavailable."""
