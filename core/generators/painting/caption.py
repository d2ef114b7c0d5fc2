"""Writes the prompt along the lower edge, so that nobody takes a stand-in for the real picture."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FONT = Path(__file__).parent.parent / "fonts" / "DejaVuSans.ttf"
# Stands for no character in any font, so its shape is the one that means: I lack this.
_MISSING = "\U0010ffff"
_LINES = 2
# More than two lines can hold, and a bound on the time spent measuring.
_LONGEST = 300
_ELLIPSIS = "…"


class Caption:
    """The prompt, broken into at most two lines for a picture of this width."""

    def __init__(self, prompt: str, width: int, height: int) -> None:
        self._font = ImageFont.truetype(str(_FONT), round(max(17, min(width, height) / 36)))
        self._margin = round(self._font.size * 0.9)
        text = " ".join(_drawable(prompt[:_LONGEST], self._font).split())
        self._lines = self._broken(text, width - 2 * self._margin)
        self.height = round(self._step * len(self._lines) + self._margin * 0.9) if text else 0

    @property
    def _step(self) -> float:
        return self._font.size * 1.36

    def write(self, picture: Image.Image) -> None:
        """Draw a dark band with the text on it."""
        if not self.height:
            return
        top = picture.height - self.height
        band = Image.new("RGB", (picture.width, self.height), (14, 17, 26))
        picture.paste(band, (0, top), Image.new("L", band.size, 176))
        draw = ImageDraw.Draw(picture)
        for number, line in enumerate(self._lines):
            y = top + self._margin * 0.45 + self._step * (number + 0.5)
            draw.text((self._margin, y), line, fill=(240, 240, 236), font=self._font, anchor="lm")

    def _broken(self, text: str, width: float) -> list[str]:
        lines: list[str] = []
        words = text.split()
        while words and len(lines) < _LINES:
            line = words.pop(0)
            while words and self._font.getlength(f"{line} {words[0]}") <= width:
                line = f"{line} {words.pop(0)}"
            lines.append(line)
        if not lines:
            return []
        last = lines[-1] + (f" {_ELLIPSIS}" if words else "")
        lines[-1] = self._cut(last, width)
        lines[0] = self._cut(lines[0], width)
        return lines

    def _cut(self, line: str, width: float) -> str:
        if self._font.getlength(line) <= width:
            return line
        body = line.rstrip(f" {_ELLIPSIS}")
        while body and self._font.getlength(f"{body}{_ELLIPSIS}") > width:
            body = body[:-1]
        return f"{body.rstrip()}{_ELLIPSIS}"


def _drawable(text: str, font: ImageFont.FreeTypeFont) -> str:
    """The text without characters that the font lacks: emoji, Chinese and the like."""
    lacking = _shape(_MISSING, font)
    seen: dict[str, bool] = {" ": True}
    for character in text:
        if character not in seen:
            seen[character] = character.isprintable() and _shape(character, font) != lacking
    return "".join(character for character in text if seen[character])


def _shape(character: str, font: ImageFont.FreeTypeFont) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character, mode="1")
    return mask.size, bytes(mask)
