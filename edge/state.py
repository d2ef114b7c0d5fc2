"""What every request may reach: the services of the running process, by name and type."""

from typing import TypedDict

from core.aliases import Aliases
from core.cards import Cards
from core.credentials import Credentials
from core.delivery_ports import Receipts
from core.derivatives import Derivatives
from core.explain import Explainer
from core.flows import Flows
from core.generations import GenerationService
from core.idempotency import Idempotency
from core.images import Images
from core.keys import Keys
from core.live import Live
from core.ports import Admission
from core.progress import Progress
from core.purging import Purging
from core.remaking import Remaking
from core.scopes import Scopes
from core.signing import Signer
from core.tally import Tally
from core.uploads import Uploads
from core.usage import Usage
from core.uses import Uses
from core.warming import Warming
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
