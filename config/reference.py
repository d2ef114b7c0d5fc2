"""Writes docs/settings.md from default.toml: `python -m config.reference > docs/settings.md`."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.variables import SECRETS, Place, names_of

_SECTION = re.compile(r"\[(\w+)\]")
_SETTING = re.compile(r"(\w+) = (.+)")
_HEAD = """# Settings

Every setting, its default and the reason for it. Later sources win:

1. `config/default.toml`, which this page is made from;
2. the TOML file that `EDGE_CONFIG` names; it holds only what differs, and may hold
   `[models."owner/name"]` tables like those of `config/models.toml`;
3. `EDGE__SECTION__NAME` for any setting, for example `EDGE__REDIS__KEEP=3600`;
4. the well-known names below.

`""` means: not set. Times are seconds, sizes are bytes or text such as `"256MiB"`, lists are
separated by commas. Names marked with \N{BLACK SQUARE} hold secrets: they are never shown, and
`NAME_FILE` may name a file that holds the value instead. A mistake stops the start; all of them
are printed at once (exit status 2), and `python -m edge check` looks for them without starting.
"""


@dataclass(frozen=True, slots=True)
class Documented:
    """One setting as default.toml has it."""

    place: Place
    default: str
    reason: str


def documented_settings(text: str) -> list[Documented]:
    """Every setting of a settings file, with the comment line right above it (or none)."""
    found: list[Documented] = []
    section = reason = ""
    for line in text.splitlines():
        if match := _SECTION.fullmatch(line):
            section = match[1]
        elif match := _SETTING.fullmatch(line):
            found.append(Documented(Place(section, match[1]), match[2], reason))
        reason = line.removeprefix("# ") if line.startswith("# ") else ""
    return found


def settings_page(text: str) -> str:
    """docs/settings.md for the text of default.toml."""
    return "\n".join([_HEAD, *_sections(documented_settings(text))])


def _sections(settings: list[Documented]) -> Iterator[str]:
    for section in dict.fromkeys(setting.place.section for setting in settings):
        yield f"## {section}\n\n| setting | default | environment | why |\n|---|---|---|---|"
        yield from (_row(each) for each in settings if each.place.section == section)
        yield ""


def _row(setting: Documented) -> str:
    mark = " \N{BLACK SQUARE}" if setting.place in SECRETS else ""
    names = "<br>".join(f"`{name}`{mark}" for name in names_of(setting.place))
    return f"| `{setting.place.key}` | `{setting.default}` | {names} | {setting.reason} |"


def _main() -> None:
    source = Path(__file__).parent / "default.toml"
    text = source.read_text("utf-8")
    sys.stdout.write(settings_page(text).rstrip() + "\n")


if __name__ == "__main__":
    _main()
