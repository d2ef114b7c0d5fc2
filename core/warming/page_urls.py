"""Finds the addresses of pictures in a page's HTML and in sitemaps; nothing is ever fetched."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit
from xml.parsers import expat

from core.errors import FieldError, Invalid
from core.warming.css_urls import urls_of_css

# Of several, in the order of the page; each once.
Urls = list[str]

# With what scripts for lazy loading put in their place: the picture comes when it is scrolled to.
_OWN_SOURCES = {
    "img": ("src", "data-src"),
    "live-img": ("src", "data-src"),
    "input": ("src", "data-src"),
    "image": ("href", "xlink:href", "src"),
    "link": ("href",),
    "video": ("poster",),
}
_SETS = {
    "img": ("srcset", "data-srcset"),
    "source": ("srcset", "data-srcset"),
    "live-img": ("srcset", "data-srcset"),
    "link": ("imagesrcset",),
}
_SHOWN_ELSEWHERE = frozenset(
    {"og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"}
)
# HTML's own white space (HTML Living Standard, "ASCII whitespace"), which is less than Python's.
_SPACE = " \t\n\f\r"
_TO_SPACE = re.compile(f"[^{_SPACE}]+")
_BETWEEN = re.compile(f"[{_SPACE},]*")
# Begins with a scheme, a host or a path from the root.
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]")
_DOCTYPE = re.compile("<!DOCTYPE", re.IGNORECASE)


def urls_of_html(text: str) -> Urls:
    """Every picture a browser or a link preview would ask for: images with their source sets,
    preloaded ones, <live-img>, posters, what styles name, and what is shown where the page is
    shared.

    Of a <base> the path counts: whose host it is, nobody asks of a page that is not fetched.
    """
    page = _Page()
    plain = _without_comments(text)
    # Behind the last > there is no whole tag, only what makes the parser search to the end again
    # and again.
    page.feed(plain[: plain.rfind(">") + 1])
    page.close()
    return page.urls()


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


def _without_comments(text: str) -> str:
    """The parser looks for the end of every unclosed comment anew, which takes it the square of
    their number: here each character is looked at once."""
    kept, place = [], 0
    while (start := text.find("<!--", place)) >= 0:
        kept.append(text[place:start])
        # "<!-->" is a whole comment (HTML Living Standard, "comment start state").
        end = text.find("-->", start + 2)
        place = len(text) if end < 0 else end + 3
    # Not joined without a gap: two halves of a comment would make a new one.
    return " ".join([*kept, text[place:]])


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
        self._found: Urls = []
        self._base: str | None = None
        self._style: list[str] | None = None

    def urls(self) -> Urls:
        """Each once; to be called when the page has ended."""
        self._end_style()
        stripped = (url.strip(_SPACE) for url in self._found)
        return list(dict.fromkeys(_resolved(url, self._base) for url in stripped if url))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in reversed(attrs) if value is not None}
        if tag == "base" and self._base is None:
            self._base = _path_of(given.get("href", ""))
        elif tag == "style":
            self._style = []
        elif tag == "meta":
            if {given.get("property"), given.get("name")} & _SHOWN_ELSEWHERE:
                self._found.append(given.get("content", ""))
        elif _is_picture(tag, given):
            self._found += [given.get(name, "") for name in _OWN_SOURCES.get(tag, ())]
            for name in _SETS.get(tag, ()):
                self._found += urls_of_set(given.get(name, ""))
        self._found += urls_of_css(given.get("style", ""))

    def handle_data(self, data: str) -> None:
        # A style sheet may come in pieces.
        if self._style is not None:
            self._style.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._end_style()

    def _end_style(self) -> None:
        self._found += urls_of_css("".join(self._style or ()))
        self._style = None


def _is_picture(tag: str, given: dict[str, str]) -> bool:
    """Of elements that may be something else."""
    if tag == "link":
        kinds = given.get("rel", "").lower().split()
        return "preload" in kinds and given.get("as", "").strip().lower() == "image"
    return tag != "input" or given.get("type", "").strip().lower() == "image"


def _path_of(base: str) -> str | None:
    """Of a base that says where its path begins; the page's own address is not known here."""
    try:
        parts = urlsplit(base.strip(_SPACE))
    except ValueError:
        return None
    path = parts.path or ("/" if parts.netloc else "")
    return path if path.startswith("/") else None


def _resolved(url: str, base: str | None) -> str:
    return url if base is None or _ABSOLUTE.match(url) else urljoin(base, url)


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
