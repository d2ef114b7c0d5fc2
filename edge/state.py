"""What every request may reach: the services of the running process, by name and type."""

from typing import TypedDict

from core.aliases import Aliases
from core.cards import Cards
from core.credentials import Credentials
from core.flows import Flows
from core.generations import GenerationService
from core.idempotency import Idempotency
from core.images import Images
from core.keys import Keys
from core.live import Live
from core.ports import Admission
from core.progress import Progress
from core.signing import Signer
from core.uploads import Uploads
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


class State(LibraryState):
    """The lifespan's state, and so ``request.state``."""

    live: Live
    credentials: Credentials
    signer: Signer
    cards: Cards
    hot: HotMemo
    ready: ReadyPage
    share_keyed: bool
    longest_wait: int
    public_url: str | None
    generations: GenerationService
    progress: Progress
    admission: Admission
