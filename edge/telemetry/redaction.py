"""Takes out of a text what looks like a credential."""

import re

REDACTED = "[redacted]"
# A key's first six digits are its public name; what follows is the secret.
_SECRETS = re.compile(
    r"(?P<key>\bbnt_[0-9a-f]{6})[0-9a-f]+"
    r"|(?P<bearer>\bbearer\s+)[^\s\"',;]+"
    r"|(?P<parameter>[?&](?:sig|key|api_?key|token|x-amz-[a-z-]+)=)[^&\s\"']+"
    r"|(?P<login>://[^/\s:@]*:)[^/\s@]+(?=@)"
    r"|(?P<provider>\b(?:r8_|sk-))[A-Za-z0-9_-]{16,}",
    re.IGNORECASE,
)


def scrub(text: str) -> str:
    """The text without anything that looks like a credential, and without lone surrogates.

    JSON has none, and a log line must never raise.
    """
    encodable = text.encode("utf-8", "backslashreplace").decode()
    return _SECRETS.sub(lambda match: f"{match[match.lastgroup or 0]}{REDACTED}", encodable)
