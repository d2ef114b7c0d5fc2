"""What every request may reach: the services of the running process, by name and type."""

from typing import TypedDict

from core.cards import Cards
from core.credentials import Credentials
from core.live import Live
from core.signing import Signer
from edge.health import ReadyPage
from edge.hot import HotMemo


class State(TypedDict):
    """The lifespan's state, and so ``request.state``."""

    live: Live
    credentials: Credentials
    signer: Signer
    cards: Cards
    hot: HotMemo
    ready: ReadyPage
    share_keyed: bool
    longest_wait: int
