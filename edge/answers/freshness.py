"""Decides how long an answer may be kept, and by whom: the lines that govern caches."""

from dataclasses import dataclass

RawHeaders = list[tuple[bytes, bytes]]

DAY = 86_400
YEAR = 31_536_000
STALE_WHILE_REVALIDATE = 604_800
STALE_IF_ERROR = 2_592_000
# A stand-in, or a picture the store has not taken yet, may soon be replaced.
PROVISIONAL = 60

CDN_CACHE_CONTROL = b"cdn-cache-control"  # RFC 9213
# nginx obeys this one before any Cache-Control.
_NOT_BY_NGINX = (b"x-accel-expires", b"0")
_NOT_BY_CDN = (CDN_CACHE_CONTROL, b"no-store")

# On everything that is no picture. Both words, because some CDNs obey only one of them.
NO_STORE: tuple[tuple[bytes, bytes], ...] = (
    (b"cache-control", b"private, no-store"),
    _NOT_BY_CDN,
    _NOT_BY_NGINX,
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may keep an answer and who may read it.

    ``project`` is the project's path, ``organization/slug``. ``public`` is true for a page's or a
    signed URL's answer of a public project; an answer to a key is private unless ``share_keyed``.
    ``cors_public``: any site may embed and read the bytes. ``expires_at`` is the ``exp`` of a
    signed URL, unix seconds: nothing may be kept beyond it. ``longest`` is for how many seconds
    the address means the same picture, when that is not for good. ``tags`` are by what else a CDN
    can be asked to forget the answer, beside the picture and its project (core.purging.tags).
    """

    project: str
    public: bool
    cors_public: bool
    share_keyed: bool = False
    expires_at: int | None = None
    indexable: bool = False
    longest: int | None = None
    tags: tuple[str, ...] = ()

    @property
    def shared(self) -> bool:
        return self.public or self.share_keyed


@dataclass(frozen=True, slots=True)
class Freshness:
    """The lines, and for how many seconds they let a browser keep the answer."""

    headers: tuple[tuple[bytes, bytes], ...]
    seconds: int


# For a picture that is shown to those who waited for it, and must not be shown again.
UNKEPT = Freshness(NO_STORE, 0)


def freshness(policy: Policy, *, provisional: bool, now: int) -> Freshness:
    """The cache lines of a picture; ``provisional`` ones are kept for a minute only.

    No s-maxage: it would switch the stale windows off in shared caches (RFC 5861). No immutable:
    a take-down has to reach browsers.
    """
    room = _room(policy, now)
    seconds = _within(PROVISIONAL if provisional else DAY, room)
    if not policy.shared:
        private = b"private, max-age=%d" % seconds
        return Freshness(((b"cache-control", private), _NOT_BY_CDN, _NOT_BY_NGINX), seconds)
    windows = _directives(PROVISIONAL if provisional else DAY, room, stale=not provisional)
    longer = _directives(PROVISIONAL if provisional else YEAR, room, stale=not provisional)
    return Freshness(
        ((b"cache-control", b"public, " + windows), (CDN_CACHE_CONTROL, longer)), seconds
    )


def _room(policy: Policy, now: int) -> int | None:
    """Seconds after which nothing may be kept; None: no such end."""
    if policy.expires_at is None:
        return policy.longest
    return _within(max(0, policy.expires_at - now), policy.longest)


def _directives(lifetime: int, room: int | None, *, stale: bool) -> bytes:
    """Every window ends at ``room`` seconds from now at the latest."""
    fresh = _within(lifetime, room)
    directives = [b"max-age=%d" % fresh]
    if stale:
        left = None if room is None else room - fresh
        for name, window in (
            (b"stale-while-revalidate", STALE_WHILE_REVALIDATE),
            (b"stale-if-error", STALE_IF_ERROR),
        ):
            if seconds := _within(window, left):
                directives.append(b"%s=%d" % (name, seconds))
    return b", ".join(directives)


def _within(seconds: int, room: int | None) -> int:
    return seconds if room is None else min(seconds, room)
