"""Judges answers by the book: httplint for the whole, http_sf for every structured field."""

import time
from email.utils import formatdate

import http_sf
import httpx
from httplint import HttpRequestLinter, HttpResponseLinter, levels

# Structured fields (RFC 9651) the retrofit list of the library does not know.
_STRUCTURED = {
    "cache-status": "list",
    "cdn-cache-control": "dictionary",
    "repr-digest": "dictionary",
}
# A media type's parameters may be more than a structured field allows; the linter reads them.
_LOOSE = {"content-type"}


# Said of us on purpose: "private" beside "no-store", because some caches obey only one of them;
# "public" where max-age alone would do, because it says what is meant.
_ON_PURPOSE = {"CC_CONFLICTING", "STORE_PUBLIC_UNNECESSARY"}
# The linter takes every ISO media file for a video; this one says in its brand what it is.
_AVIF_BRAND = b"ftypavif"
# Says no more than the status itself does.
_THE_STATUS = {400: "STATUS_BAD_REQUEST", 414: "STATUS_URI_TOO_LONG"}


def ensure_sound(response: httpx.Response) -> None:
    """Nothing bad, no warning but the known ones, and every structured field parses."""
    bad, warned = notes_of(response)
    known = {_THE_STATUS.get(response.status_code, "")}
    assert not bad - known, (response.status_code, bad, response.headers)
    if response.content[4:12] == _AVIF_BRAND and response.headers["content-type"] == "image/avif":
        known.add("CONTENT_TYPE_MISMATCH")
    assert not warned - known - _ON_PURPOSE, (response.status_code, warned, response.headers)
    for name, value in response.headers.multi_items():
        kind = _STRUCTURED.get(name) or http_sf.retrofit.get(name)
        if kind is not None and name not in _LOOSE:
            http_sf.parse(value.encode(), tltype=kind)


def ensure_sound_undated(response: httpx.Response) -> None:
    """The same of an answer that passed no server, which would have dated it."""
    headers = [*response.headers.multi_items(), ("date", formatdate(usegmt=True))]
    ensure_sound(
        httpx.Response(
            response.status_code,
            headers=headers,
            content=response.content,
            request=response.request,
        )
    )


def notes_of(response: httpx.Response) -> tuple[set[str], set[str]]:
    """The names of the bad notes and of the warnings."""
    request = HttpRequestLinter(start_time=time.time())
    request.process_request_topline(
        response.request.method.encode(), response.request.url.raw_path, b"HTTP/1.1"
    )
    request.process_headers(response.request.headers.raw)
    request.finish_content(True)
    linter = HttpResponseLinter(start_time=time.time())
    linter.request = request
    linter.is_head_response = response.request.method == "HEAD"
    linter.base_uri = str(response.request.url)
    linter.process_response_topline(
        b"1.1", str(response.status_code).encode(), response.reason_phrase.encode()
    )
    linter.process_headers([(name.lower(), value) for name, value in response.headers.raw])
    linter.feed_content(response.content)
    linter.finish_content(True)
    found = {level: set() for level in levels}
    for note in linter.notes:
        found[note.level].add(type(note).__name__)
        for each in note.subnotes:
            found[each.level].add(type(each).__name__)
    return found[levels.BAD], found[levels.WARN]
