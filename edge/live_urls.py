"""The addresses of live pictures on public pages, plain and signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from core.errors import Invalid
from core.signing import Signer, expires_at_for
from edge.live_query import LiveQuery, live_query
from edge.query import Parameters


def live_path(organization: str, project: str, scope: str) -> str:
    return f"/cdn/{organization}/{project}/live/{scope}"


def signed_target(signer: Signer, path: str, parameters: Mapping[str, str], expires_at: int) -> str:
    """Path and query with a signature. ``expires_at`` in unix seconds.

    Raises Invalid for a prompt nobody can ask for, LookupError when there is no key to sign with.
    """
    return f"{path}?{urlencode(signer.sign(path, parameters, expires_at))}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a URL is to ask for: the parameters as they will stand in it, and what they mean."""

    parameters: Mapping[str, str]
    query: LiveQuery
    expires_at: int

    @property
    def ends(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at, UTC)


def wanted_url(parameters: Parameters, expires_in: int, now: float) -> Wanted:
    """Judged by the reader of the live endpoint itself: what is signed is what works.

    ``expires_in`` is in seconds, ``now`` in unix seconds. Raises Invalid with every bad field.
    """
    problems, expires_at = list(parameters.problems), 0
    try:
        expires_at = expires_at_for(now, expires_in)
    except Invalid as refusal:
        problems.extend(refusal.fields)
    query = live_query(Parameters(parameters.decoded, tuple(problems)))
    canonical = {
        name: query.request.ratio if name in {"aspectRatio", "ar"} else value
        for name, value in parameters.decoded.items()
    }
    return Wanted(canonical, query, expires_at)
