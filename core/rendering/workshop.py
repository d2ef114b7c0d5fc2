"""What every commission works with, in one bundle."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.models import RawPicture, VerifiedPicture
from core.ports import (
    AddressAdmission,
    Admission,
    Enhancer,
    Generations,
    Generator,
    Ledger,
    Masters,
    Meter,
    PromptPolicy,
)
from core.purging.ports import FlightWatch, NoPurges, Tombstones
from core.rendering.masters import NoMasters
from core.rendering.rule_enhancer import RuleEnhancer
from core.rendering.slots import Slots
from core.spending.admission import AnyAddress, Unlimited
from core.spending.limits import Budget
from core.spending.policy import AnyPrompt

Prepare = Callable[[RawPicture, str, str], Awaitable[VerifiedPicture]]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every commission works with. ``deadline`` is seconds for one generation in all."""

    generator: Generator
    generations: Generations
    ledger: Ledger
    budgets: tuple[Budget, ...]
    slots: Slots
    prepare: Prepare
    meter: Meter
    deadline: float
    admission: Admission = field(default_factory=Unlimited)
    addresses: AddressAdmission = field(default_factory=AnyAddress)
    policy: PromptPolicy = field(default_factory=AnyPrompt)
    enhancer: Enhancer = field(default_factory=RuleEnhancer)
    masters: Masters = field(default_factory=NoMasters)
    watch: FlightWatch = field(default_factory=NoPurges)
    tombstones: Tombstones = field(default_factory=NoPurges)
