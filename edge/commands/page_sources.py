"""Reads which addresses a command is about: files, standard input, or the arguments themselves."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import FieldError, Invalid
from core.warming.page_urls import urls_of_html, urls_of_sitemap

# Of this installation; of other addresses only the server can say.
_LIVE_URL = re.compile("https?://|/cdn/[^/?]+/[^/?]+/live/[^/?]+|/api/v1/live(?![^?])")


def urls_of(sources: Sequence[str]) -> list[str]:
    """Every address once, in their order. Raises Invalid, OSError."""
    found: list[str] = []
    for source in sources:
        if source == "-":
            found += _urls_in(sys.stdin.read())
        elif Path(source).is_file():
            found += _urls_in(Path(source).read_text("utf-8"))
        elif _LIVE_URL.match(source):
            found.append(source)
        else:
            message = "There is no such file, and this is no live URL (/cdn/…/live/…, http://…)."
            raise Invalid(fields=[FieldError(source, "SOURCE_INVALID", message)])
    return list(dict.fromkeys(found))


def _urls_in(text: str) -> list[str]:
    """A sitemap, a page, or one address per line; # begins a remark."""
    start = text.lstrip("\ufeff \t\r\n")[:200].lower()
    if start.startswith(("<?xml", "<urlset", "<sitemapindex")) and "<html" not in start:
        return urls_of_sitemap(text.lstrip("\ufeff \t\r\n"))
    if start.startswith("<"):
        return urls_of_html(text)
    lines = (line.strip() for line in text.lstrip("\ufeff").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
