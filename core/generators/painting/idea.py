"""Reads what a prompt is about, in English and Russian, as far as the painter can paint it."""

import re
from dataclasses import dataclass

from core.generators.painting.dice import Dice

# ruff: noqa: RUF001 - the Russian words are meant to be Russian

# Each stem is the beginning of a word. A stem that ends in "." is the whole word.
_TIMES = {
    "night": (
        "night midnight moon star. stars starry noct dark ноч полноч лун звезд звёзд тёмн темн"
    ),
    "sunset": "sunset dusk evening twilight golden закат вечер сумер",
    "dawn": "dawn sunrise morning рассвет утр восход",
    "day": "day. noon sunny daylight день дня днем днём полдень солнечн",
}
_SEASONS = {
    "winter": (
        "winter snow ice. icy frost frozen christmas arctic polar зим снег снеж лёд лед. "
        "ледян мороз рождеств новогод полярн"
    ),
    "autumn": "autumn fall. october pumpkin harvest осен октябр листопад тыкв",
    "spring": "spring. blossom bloom april sakura cherry весн цветущ сакур вишн апрел",
    "summer": "summer july tropical лет. лето летн июл тропич",
}
_PLACES = {
    "space": (
        "space galax planet cosmos cosmic nebula universe orbit astronaut космос космич "
        "планет галактик вселенн туманност астронавт космонавт"
    ),
    "sea": (
        "sea. seaside ocean beach coast. wave waves island harbor harbour lake lighthouse "
        "ship boat sail river bay. water. whale fish море моря морск морю океан пляж берег "
        "волн остров озер маяк кораб лодк парус рек. река реки вода воду кит. рыб"
    ),
    "city": (
        "city cityscape skyline street skyscraper downtown urban town building neon cyberpunk "
        "tokyo york office. architecture город улиц небоскр мегаполис неон киберпанк офис "
        "здани архитектур"
    ),
    "mountain": (
        "mountain peak alps everest cliff rock. rocks hike volcano valley glacier canyon гор. "
        "гора горы горн гору вершин альп скал вулкан долин ледник каньон эверест"
    ),
    "desert": (
        "desert dune sahara cactus camel pyramid egypt mars. sand. пустын дюн сахар. сахара "
        "кактус верблюд пирамид египет марс. песок песч"
    ),
    "forest": (
        "forest wood. woods woodland pine. pines jungle tree trees fir. spruce bear. bears "
        "wolf deer лес. леса лесн лесу сосн джунгл дерево деревь ель. ели елк ёлк медвед волк "
        "олен"
    ),
    "meadow": (
        "meadow field flower garden grass rose. roses tulip sunflower lavender daisy farm "
        "picnic луг. луга поле. поля. полю. цветы цветок цветоч цветк сад. сада саду трав "
        "роз. роза розы тюльпан подсолн лаванд ромашк ферм"
    ),
}
_THINGS = {
    "lighthouse": "lighthouse маяк",
    "boat": "boat ship sail yacht кораб лодк парус яхт",
    "house": "house cottage cabin home. hut. farm village дом. дома домик изб деревн хижин ферм",
    "pyramid": "pyramid пирамид",
    "balloon": "balloon шар. шара шары воздушн",
    "rocket": "rocket spaceship spacecraft shuttle ракет космолёт звездолёт",
    "cat": "cat. cats kitten kitty кот. кота кошк котён котик котен",
    "fox": "fox foxes лис. лиса лису лисы лисич лисён",
    "dog": "dog. dogs puppy corgi retriever собак пёс пес. щен корги",
    "bird": "bird seagull eagle crow swallow птиц чайк орел орёл ворон ласточ",
    "car": "car. cars automobile truck van. taxi машин автомоб грузовик такси",
    "flower": (
        "flower rose. roses tulip sunflower daisy poppy цветы цветок цветк роз. роза розы "
        "тюльпан подсолн ромашк мак. маки"
    ),
    "cactus": "cactus cacti кактус",
    "tree": "tree oak apple дерево деревь дуб ябло",
}
_COLORS = {
    "#c8453b": "red. crimson scarlet ruby красн алый алая алое багров",
    "#e58a3c": "orange amber copper оранж рыж янтар",
    "#ecc44f": "yellow gold golden lemon жёлт желт золот лимон",
    "#5a9a5c": "green emerald mint olive зелён зелен изумруд мятн",
    "#3f78b8": "blue azure navy cobalt синий синяя синее синие синего голуб лазур",
    "#8a5fb0": "purple violet lilac lavender фиолет лилов сиренев пурпур",
    "#e08aa8": "pink rose. magenta розов",
    "#f1efe9": "white ivory бел. белый белая белое белые белого",
    "#3a3c46": "black чёрн черн",
    "#8b6446": "brown chocolate коричн шоколад",
}
_WORD = re.compile(r"\w+")
_CALM_TIMES = ("day", "day", "day", "sunset", "sunset", "dawn", "night")
_CALM_SEASONS = ("summer", "summer", "spring", "autumn")
_CALM_PLACES = ("hills", "hills", "sea", "mountain", "meadow", "forest")


@dataclass(frozen=True, slots=True)
class Idea:
    """What to paint. ``things`` in the order of the prompt; ``color`` is ``#rrggbb`` or None."""

    time: str
    season: str
    place: str
    things: tuple[str, ...]
    color: str | None


def idea_of(prompt: str, dice: Dice) -> Idea:
    """What the words say; the dice decide what they leave open."""
    words = _WORD.findall(prompt.casefold())
    rolled = (dice.pick(_CALM_TIMES), dice.pick(_CALM_SEASONS), dice.pick(_CALM_PLACES))
    place = next(iter(_found(words, _PLACES)), rolled[2])
    # A meadow without its flowers' season would be brown.
    calm = "summer" if place == "meadow" else rolled[1]
    return Idea(
        time=next(iter(_found(words, _TIMES)), rolled[0]),
        season=next(iter(_found(words, _SEASONS)), calm),
        place=place,
        things=tuple(_found(words, _THINGS))[:3],
        color=next(iter(_found(words, _COLORS)), None),
    )


def _found(words: list[str], table: dict[str, str]) -> list[str]:
    """The names whose stems occur, in the order of the words, each once."""
    names: list[str] = []
    for word in words:
        for name, stems in table.items():
            if name not in names and any(_matches(word, stem) for stem in stems.split()):
                names.append(name)
    return names


def _matches(word: str, stem: str) -> bool:
    return word == stem[:-1] if stem.endswith(".") else word.startswith(stem)
