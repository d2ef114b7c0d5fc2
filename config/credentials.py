"""Reads the keys an operator chooses: API keys, and those that sign URLs."""

import hashlib
import re
from dataclasses import dataclass, field

from config.formats import Reader, text_of

_API_KEY = re.compile(r"bnt_[0-9a-f]{64}")
# The key printed in the founding document: everybody has read it.
_PUBLISHED_KEY = "cbafe73d44cb1cd9babe0a26b667b989c6a759593e198cc8192b67e56c88d7d2"
_SIGNING_KEY = re.compile(r"([A-Za-z0-9_-]{1,32}):((?:[0-9a-fA-F]{2}){16,})")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key for signed URLs and the id by which a URL names it."""

    kid: str
    secret: bytes = field(repr=False)


def own_key(published: str = _PUBLISHED_KEY) -> Reader:
    """An API key that is not the one whose sha256 is ``published``."""

    def read(value: object) -> str:
        key = text_of(value)
        if _API_KEY.fullmatch(key) is None:
            raise ValueError(
                "bnt_ and 64 lower-case hex digits, as in: echo bnt_$(openssl rand -hex 32)"
            )
        if hashlib.sha256(key.encode()).hexdigest() == published:
            raise ValueError("a key of your own; this one was published and is refused everywhere")
        return key

    return read


def signing_keys(value: object) -> tuple[SigningKey, ...]:
    """``kid:hex,…``: the first signs, all verify. At least 16 bytes each."""
    keys = []
    for word in filter(None, (part.strip() for part in text_of(value).split(","))):
        match = _SIGNING_KEY.fullmatch(word)
        if match is None:
            raise ValueError(
                "kid:hex,… with at least 32 hex digits each, as in: echo k1:$(openssl rand -hex 32)"
            )
        keys.append(SigningKey(match[1], bytes.fromhex(match[2])))
    if len({key.kid for key in keys}) < len(keys):
        raise ValueError("kid:hex,… with every kid only once")
    return tuple(keys)
