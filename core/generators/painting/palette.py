"""The colours of a scene: by the hour, the season and the place, never quite the same twice."""

import colorsys
from dataclasses import dataclass

from core.generators.painting.dice import Dice
from core.generators.painting.idea import Idea

Color = tuple[int, int, int]

WHITE: Color = (244, 241, 234)
DARK: Color = (43, 46, 56)
LAMP: Color = (255, 224, 138)

# Zenith, middle, horizon; the sun or moon.
_SKIES = {
    "day": ("#4b93cc", "#92c4e3", "#e9f1ee", "#fff6d8"),
    "dawn": ("#6f86ba", "#dfa9b7", "#ffe3bf", "#fff0d0"),
    "sunset": ("#413f7d", "#d66a6d", "#ffc379", "#fff0c4"),
    "night": ("#0c1233", "#1d2c5a", "#44558c", "#f4f1dc"),
    "space": ("#070815", "#131433", "#2a1c4a", "#f4f1dc"),
}
# How far the light of the hour soaks into everything below the sky.
_LIGHTS = {
    "day": ("#ffffff", 0.0),
    "dawn": ("#6a557c", 0.28),
    "sunset": ("#43264f", 0.42),
    "night": ("#0b1230", 0.70),
}
_LANDS = {
    "winter": "#dfe8f0",
    "autumn": "#b3763a",
    "spring": "#74a957",
    "summer": "#4c8a52",
}
_PLACES = {"desert": "#d59a56", "city": "#4f5a70", "mountain": "#5d6c80"}
_WATERS = {"day": "#2f7ba6", "dawn": "#7c86aa", "sunset": "#7a4a70", "night": "#14234d"}


@dataclass(frozen=True, slots=True)
class Palette:
    """``named`` is the colour the prompt asks for, ``accent`` that one or another that suits."""

    zenith: Color
    middle: Color
    horizon: Color
    light: Color
    land: Color
    leaf: Color
    water: Color
    shade: Color
    accent: Color
    named: Color | None
    dark: bool


def palette_of(idea: Idea, dice: Dice) -> Palette:
    hour = "night" if idea.place == "space" else idea.time
    zenith, middle, horizon, light = (
        rgb(color) for color in _SKIES["space" if idea.place == "space" else hour]
    )
    turn = dice.roll(-0.025, 0.025)
    if idea.color and not idea.things:
        middle, horizon = mix(middle, rgb(idea.color), 0.45), mix(horizon, rgb(idea.color), 0.25)
    tint, depth = rgb(_LIGHTS[hour][0]), _LIGHTS[hour][1]

    def lit(color: str) -> Color:
        return mix(turned(rgb(color), turn), tint, depth)

    land = _PLACES.get(idea.place, _LANDS[idea.season])
    leaf = {"winter": "#3f6b62", "autumn": "#c56a35", "spring": "#8fbf63"}.get(
        idea.season, "#3b7a4c"
    )
    return Palette(
        zenith=turned(zenith, turn),
        middle=turned(middle, turn),
        horizon=horizon,
        light=light,
        land=lit(land),
        leaf=lit(leaf),
        water=lit(_WATERS[hour]) if hour == "day" else turned(rgb(_WATERS[hour]), turn),
        shade=mix(tint if depth else rgb("#20303f"), rgb("#10141f"), 0.45),
        accent=mix(
            rgb(idea.color or dice.pick(("#c8453b", "#e58a3c", "#e08aa8"))), tint, depth / 3
        ),
        named=rgb(idea.color) if idea.color else None,
        dark=hour == "night",
    )


def rgb(color: str) -> Color:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def mix(first: Color, second: Color, share: float) -> Color:
    """``first`` at 0, ``second`` at 1."""
    red, green, blue = (
        round(one + (two - one) * share) for one, two in zip(first, second, strict=True)
    )
    return red, green, blue


def turned(color: Color, turn: float) -> Color:
    """The hue turned by a part of the circle."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in color))
    red, green, blue = colorsys.hls_to_rgb((hue + turn) % 1, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
