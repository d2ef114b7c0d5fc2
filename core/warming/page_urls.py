"""Finds the addresses of pictures in a page's HTML and in sitemaps; nothing is ever fetched."""

import re
from html.parser import HTMLParser
from xml.parsers import expat

from core.errors import FieldError, Invalid

# Of several, in the order of the page; each once.
Urls = list[str]

_OWN_SOURCES = {
    "img": ("src",),
    "live-img": ("src",),
    "video": ("poster",),
}
_SETS = {"img": "srcset", "source": "srcset", "live-img": "srcset", "link": "imagesrcset"}
_SHOWN_ELSEWHERE = frozenset(
    {"og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"}
)
# HTML's own white space (HTML Living Standard, "ASCII whitespace"), which is less than Python's.
_SPACE = " \t\n\f\r"
_TO_SPACE = re.compile(f"[^{_SPACE}]+")
_BETWEEN = re.compile(f"[{_SPACE},]*")
_DOCTYPE = re.compile("<!DOCTYPE", re.IGNORECASE)


def urls_of_html(text: str) -> Urls:
    """Every picture a browser or a link preview would ask for: images with their source sets,
    preloaded ones, <live-img>, posters, and what is shown where the page is shared."""
    page = _Page()
    page.feed(text)
    page.close()
    return page.found


def urls_of_sitemap(text: str) -> Urls:
    """Every ``loc`` of a sitemap (sitemaps.org), also those of its images.

    Raises Invalid with SITEMAP_INVALID for what is no XML, or has a document type.
    """
    # Without a document type there are no entities, so nothing grows and nothing is fetched.
    if _DOCTYPE.search(text):
        raise _no_sitemap("Leave the document type out; sitemaps have none.")
    reader = _Sitemap()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.open
    parser.CharacterDataHandler = reader.add
    parser.EndElementHandler = reader.close
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise _no_sitemap(f"This is no XML (line {error.lineno}).") from None
    return reader.found


def urls_of_set(text: str) -> Urls:
    """The addresses of a ``srcset``: they may hold commas, but do not end with one (HTML Living
    Standard, "parse a srcset attribute")."""
    found: Urls = []
    place = 0
    while True:
        place = _end(_BETWEEN.match(text, place), place)
        word = _TO_SPACE.match(text, place)
        if word is None:
            return found
        place, url = word.end(), word.group()
        found.append(url.rstrip(","))
        if not url.endswith(","):
            place = _after_descriptors(text, place)


def _after_descriptors(text: str, place: int) -> int:
    """The comma that ends a candidate; those in parentheses belong to it."""
    depth = 0
    for index in range(place, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if text[index] == "," and depth <= 0:
            return index
    return len(text)


def _end(match: re.Match[str] | None, otherwise: int) -> int:
    return otherwise if match is None else match.end()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Urls = []
        self._seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in reversed(attrs) if value is not None}
        if tag == "meta":
            if {given.get("property"), given.get("name")} & _SHOWN_ELSEWHERE:
                self._add(given.get("content", ""))
            return
        if tag == "link" and not _preloads_an_image(given):
            return
        own = ("href",) if tag == "link" else _OWN_SOURCES.get(tag, ())
        for name in own:
            self._add(given.get(name, ""))
        for url in urls_of_set(given.get(_SETS.get(tag, ""), "")):
            self._add(url)

    def _add(self, url: str) -> None:
        url = url.strip(_SPACE)
        if url and url not in self._seen:
            self._seen.add(url)
            self.found.append(url)


def _preloads_an_image(given: dict[str, str]) -> bool:
    kinds = given.get("rel", "").lower().split()
    return "preload" in kinds and given.get("as", "").strip().lower() == "image"


class _Sitemap:
    def __init__(self) -> None:
        self.found: Urls = []
        self._seen: set[str] = set()
        self._text: list[str] | None = None

    def open(self, name: str, _attributes: dict[str, str]) -> None:
        self._text = [] if name.rpartition(" ")[2] == "loc" else None

    def add(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def close(self, _name: str) -> None:
        url = "".join(self._text or ()).strip()
        self._text = None
        if url and url not in self._seen:
            self._seen.add(url)
            self.found.append(url)


def _no_sitemap(message: str) -> Invalid:
    return Invalid(fields=[FieldError("sitemap", "SITEMAP_INVALID", message)])
