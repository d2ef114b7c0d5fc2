"""Which prompts are welcome: lists of words nobody wants pictures of, and policies put together."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from core.models import Project
from core.ports import PromptPolicy

# Scripts that put no space between words, where every character stands for itself: Thai and Lao,
# Burmese, Khmer, Japanese kana, and the ideographs of Chinese, Japanese and Korean.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0x20000, 0x3FFFF),
)


class AnyPrompt:
    """The PromptPolicy port where every prompt is welcome."""

    async def allows(self, project: Project, prompt: str) -> bool:
        del project, prompt
        return True


class DenyList:
    """The PromptPolicy port: refuses prompts that hold a denied word or phrase.

    ``everywhere`` holds for every project, ``projects`` for the one named ``organization/slug``.
    Whole words count, however they are cased, spelt in Unicode or set apart: "night fall" is in
    "NIGHT-FALL!", not in "nightfall".
    """

    def __init__(
        self, everywhere: Iterable[str] = (), projects: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        self._everywhere = _Phrases(everywhere)
        self._projects = {path: _Phrases(own) for path, own in (projects or {}).items()}

    async def allows(self, project: Project, prompt: str) -> bool:
        words = words_of(prompt)
        own = self._projects.get(project.path)
        return not self._everywhere.within(words) and not (own and own.within(words))


class EveryPolicy:
    """The PromptPolicy port over several: all have to allow, asked in their order."""

    def __init__(self, policies: Sequence[PromptPolicy]) -> None:
        self._policies = tuple(policies)

    async def allows(self, project: Project, prompt: str) -> bool:
        for policy in self._policies:
            if not await policy.allows(project, prompt):
                return False
        return True


class _Phrases:
    """Phrases by their words, found in a time that does not grow with their number."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = {tuple(words_of(phrase)) for phrase in phrases} - {()}
        self._lengths = sorted({len(phrase) for phrase in self._phrases})

    def within(self, words: Sequence[str]) -> bool:
        return any(
            tuple(words[start : start + length]) in self._phrases
            for length in self._lengths
            for start in range(len(words) - length + 1)
        )


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: NFKC, without case, without invisible characters.

    For comparing only: what is drawn, and what an identity is made of, stays as it was written.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(_spaced(character) for character in folded).split()


def _spaced(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    # Letters, marks and numbers make words; everything else stands between them.
    if category[0] not in "LMN":
        return " "
    code = ord(character)
    unspaced = any(first <= code <= last for first, last in _UNSPACED)
    return f" {character} " if unspaced else character
