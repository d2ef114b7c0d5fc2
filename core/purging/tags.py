"""The tags by which a CDN is asked to forget answers: one grammar for headers and purges.

| tag                         | on answers that show                                             |
|-----------------------------|------------------------------------------------------------------|
| ``live``                    | any picture of ours                                              |
| ``k-<16 hex digits>``       | one picture, in any size and format, at any address              |
| ``i-<image id>``            | the same, by the id in X-Image-Id                                |
| ``p-<org>-<project>``       | anything of the project                                          |
| ``s-<org>-<project>-<slug>``| a picture through this scope                                     |
| ``a-<org>-<project>-<name>``| whatever picture ``@name`` meant, at its /cdn/…/img/@name address|
"""

import re

ANY = "live"
KEY_DIGITS = 16
_KEY = re.compile(f"k-[0-9a-f]{{{KEY_DIGITS}}}")
_IMAGE = re.compile("i-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def key_tag(slot: str) -> str:
    return f"k-{slot[:KEY_DIGITS]}"


def image_tag(image_id: str) -> str:
    return f"i-{image_id}"


def project_tag(path: str) -> str:
    """``path`` is ``organization/project``."""
    return f"p-{path.replace('/', '-')}"


def scope_tag(path: str, slug: str) -> str:
    return f"s-{path.replace('/', '-')}-{slug}"


def alias_tag(path: str, alias: str) -> str:
    """``alias`` begins with @. Some CDNs take tags for the same that differ in case only."""
    return f"a-{path.replace('/', '-')}-{alias.removeprefix('@')}"


def slot_of(tag: str) -> str | None:
    """The first digits of the slot a key tag names."""
    return tag[2:] if _KEY.fullmatch(tag) else None


def image_of(tag: str) -> str | None:
    """The id an image tag names."""
    return tag[2:] if _IMAGE.fullmatch(tag) else None


def scope_of(tag: str, path: str) -> str | None:
    """The slug a scope tag of this project names."""
    return _rest(tag, scope_tag(path, ""))


def alias_of(tag: str, path: str) -> str | None:
    """The alias an alias tag of this project names."""
    name = _rest(tag, alias_tag(path, ""))
    return None if name is None else f"@{name}"


def _rest(tag: str, start: str) -> str | None:
    return tag[len(start) :] if tag.startswith(start) and len(tag) > len(start) else None
