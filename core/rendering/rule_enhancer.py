"""Turns a short prompt into a fuller one by rules alone: offline, pure, always the same."""

from dataclasses import dataclass

from core.models import Enhanced

# Part of every enhanced identity: change it whenever the same prompt would come out differently.
ENHANCEMENT_VERSION = "rules-1"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words to add, unless the prompt already speaks of it in one of the ``unless`` words."""

    text: str
    unless: tuple[str, ...] = ()


_LIGHT = ("light", "lit", "sun", "night", "dusk", "dawn", "neon", "glow", "свет", "ноч", "закат")
_BACKGROUND = ("background", "backdrop", "фон")
_STYLE = ("style", "стил")

TEMPLATES: dict[str, tuple[Phrase, ...]] = {
    "general": (
        Phrase("one clear subject", ("pattern", "collage", "узор")),
        Phrase("balanced composition", ("composition", "композиц")),
        Phrase("natural light", _LIGHT),
        Phrase("fine detail", ("detail", "детал")),
    ),
    "photorealistic": (
        Phrase("photograph", ("photo", "фото")),
        Phrase("50 mm lens, shallow depth of field", ("lens", "macro", "wide", "mm ", "объектив")),
        Phrase("natural light with soft shadows", _LIGHT),
        Phrase("true colours, real textures, sharp focus on the subject"),
    ),
    "illustration": (
        Phrase("digital illustration", ("illustration", "иллюстрац")),
        Phrase("clean shapes and confident lines", ("line", "линии")),
        Phrase("harmonious palette of few colours", ("palette", "palet", "палитр", "monochrome")),
        Phrase("soft shading", ("shading", "flat", "тени")),
    ),
    "minimalist": (
        Phrase("minimalist", ("minimal", "минимал")),
        Phrase("a single subject with generous empty space"),
        Phrase("two or three muted colours", ("colour", "color", "цвет")),
        Phrase("plain background", _BACKGROUND),
    ),
    "sticker": (
        Phrase("die-cut sticker", ("sticker", "стикер", "наклейк")),
        Phrase("bold outline with a thick white border"),
        Phrase("bright flat colours", ("colour", "color", "цвет")),
        Phrase("centred, on a plain white background", _BACKGROUND),
    ),
    "product": (
        Phrase("product photograph", ("photo", "фото")),
        Phrase("softbox studio light with a gentle shadow", _LIGHT),
        Phrase("seamless neutral background", _BACKGROUND),
        Phrase("the whole object in view, crisp edges, true colours"),
    ),
    "comic": (
        Phrase("comic book panel", ("comic", "manga", "комикс")),
        Phrase("inked outlines, halftone shading", ("ink", "halftone")),
        Phrase("dynamic angle, bold colours", _STYLE),
        Phrase("no text, no speech bubbles", ("speech", "bubble", "text", "текст", "надпис")),
    ),
}


def enhance(prompt: str, template: str) -> str:
    """The caller's words first and unchanged, then what the template adds and they left open.

    Raises KeyError for a name not in TEMPLATES.
    """
    spoken = prompt.casefold()
    added = [
        phrase.text
        for phrase in TEMPLATES[template]
        if not any(word in spoken for word in phrase.unless)
    ]
    return ", ".join([prompt.rstrip(" .,;"), *added])


class RuleEnhancer:
    """The Enhancer port by these rules: it never falls back."""

    version = ENHANCEMENT_VERSION

    async def enhance(self, prompt: str, template: str) -> Enhanced:
        return Enhanced(enhance(prompt, template), self.version)
