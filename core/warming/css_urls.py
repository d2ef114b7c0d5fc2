"""Finds the addresses in style sheets; nothing is ever fetched."""

import re

# CSS Syntax Level 3, "url-token" and "string-token": what is quoted may hold anything but its
# quote and a line end, what is not ends at white space, quotes and parentheses.
_URL = re.compile(
    r"""(?<![\w-])url\([ \t\n\f\r]*
    (?: "((?:[^"\\\n\r\f]|\\.)*)" | '((?:[^'\\\n\r\f]|\\.)*)' | ((?:[^"'() \t\n\f\r\\]|\\.)+) )
    [ \t\n\f\r]*\)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# Another style sheet is no picture.
_IMPORT = re.compile(r"@import[^;]*(?:;|\Z)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\f\r]?|(.))", re.DOTALL)
_LAST_CODE_POINT, _SURROGATES = 0x10FFFF, range(0xD800, 0xE000)
_UNKNOWN = "\ufffd"


def urls_of_css(text: str) -> list[str]:
    """What every ``url()`` names, in their order, with escapes resolved."""
    plain = _IMPORT.sub("", _COMMENT.sub(" ", text))
    return [_ESCAPE.sub(_unescaped, "".join(found)) for found in _URL.findall(plain)]


def _unescaped(match: re.Match[str]) -> str:
    """CSS Syntax Level 3, "consume an escaped code point"."""
    digits, literal = match.groups()
    if digits is None:
        return "" if literal == "\n" else literal
    code = int(digits, 16)
    unknown = code == 0 or code > _LAST_CODE_POINT or code in _SURROGATES
    return _UNKNOWN if unknown else chr(code)
