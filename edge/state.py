"""What every request may reach: the services of the running process, by name and type."""

from typing import TypedDict

from core.cards import Cards
from core.credentials import Credentials
from core.derivatives import Derivatives
from core.explain import Explainer
from core.generations.progress import Progress
from core.generations.service import GenerationService
from core.idempotency import Idempotency
from core.keys import Keys
from core.library.aliases import Aliases
from core.library.flows import Flows
from core.library.images import Images
from core.library.uploads import Uploads
from core.live import Live
from core.ports import Admission
from core.purging.delivery_ports import Receipts
from core.purging.service import Purging
from core.scopes.remaking import Remaking
from core.scopes.service import Scopes
from core.signing import Signer
from core.spending.tally import Tally
from core.spending.usage import Usage
from core.storage.uses import Uses
from core.warming.service import Warming
from edge.hot import HotMemo
from edge.telemetry.health import ReadyPage


class LibraryState(TypedDict):
    """What callers keep here beside their generations."""

    aliases: Aliases
    images: Images
    uploads: Uploads
    flows: Flows
    keys: Keys
    idempotency: Idempotency
    scopes: Scopes


class UseState(TypedDict):
    """What is known of use: ``uses`` is which pictures, ``tally`` how many answers."""

    tally: Tally
    usage: Usage
    uses: Uses


class MakingState(TypedDict):
    """By what pictures are made."""

    live: Live
    explainer: Explainer
    generations: GenerationService
    remaking: Remaking
    progress: Progress
    admission: Admission


class ServiceState(LibraryState, UseState, MakingState):
    """Everything the product does."""

    derivatives: Derivatives
    warming: Warming
    purging: Purging
    receipts: Receipts


class State(ServiceState):
    """The lifespan's state, and so ``request.state``."""

    credentials: Credentials
    signer: Signer
    cards: Cards
    hot: HotMemo
    ready: ReadyPage
    share_keyed: bool
    longest_wait: int
    public_url: str | None
