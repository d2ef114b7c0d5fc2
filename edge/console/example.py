"""The picture the front page shows: an address that works for whoever opens it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from core.signing import Signer, expires_at_for

_PARAMETERS = {"prompt": "a red lighthouse", "aspectRatio": "16:9"}
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Example:
    """``path`` is a public page's live endpoint; ``free``: pictures cost nothing here."""

    path: str
    free: bool

    @property
    def note(self) -> str:
        """What a reader can do with the address."""
        if self.free:
            return "Change the words in the address, and it is another picture."
        return "Pictures cost money here, so pages sign their addresses: python -m edge sign."

    def target(self, signer: Signer, now: float) -> str:
        """Path and query; signed where strangers may not order pictures. ``now``: unix seconds.

        It is one fixed picture, so that opening the page has at most this one made.
        """
        parameters = _PARAMETERS
        if not self.free:
            parameters = signer.sign(self.path, parameters, expires_at_for(now, _DAY))
        return f"{self.path}?{urlencode(parameters, safe=':')}"
