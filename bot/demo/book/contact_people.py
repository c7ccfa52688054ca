"""The contact people at the demo's customers, with their birthdays, some by the lunar calendar."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bot.demo.book.profiles import Profile

COLUMNS = (
    "customer id name role channel email phone language zone country culture birthday greetings do_not_contact"
    " interests note"
)
_EVERY = 2  # of so many customers one has contact people
_NAMES = {
    "zh": (
        "乔砚秋",
        "尹慕寒",
        "裴听澜",
        "桑若谷",
        "燕知微",
        "凌霁月",
        "穆清和",
        "舒望舒",
        "顾南絮",
        "卫澄江",
    ),
    "de": ("Wiebke Tormählen", "Gundolf Rasp", "Annelie Brunkhorst", "Holger Siebenrock", "Meike Voßbeck"),
    "en": ("Tamsin Holloway", "Rufus Pemberley", "Imogen Tarrant", "Barnaby Quill", "Odette Farrow"),
    "ar": ("ليان القاسمي", "زيد الحوراني", "Maysa Haddadin", "Tarik Benhalima"),
}
_ROLES = {
    "zh": ("采购经理", "设备部主任", "总经理", "财务主管"),
    "de": ("Einkauf", "Werkleitung", "Geschäftsführung", "Instandhaltung"),
    "en": ("Head of purchasing", "Plant manager", "Managing director", "Controller"),
}
_INTERESTS = {
    "zh": ("龙井茶", "书法", "羽毛球", "钓鱼"),
    "de": ("Segeln", "Modelleisenbahn", "Chorgesang", "Wandern"),
    "en": ("rowing", "jazz", "gardening", "chess"),
}
_LANGUAGES = {"zh": "zh", "de": "de", "en": "en", "ar": "en"}
_CHANNELS = {
    "zh": ("wechat", "phone"),
    "de": ("email", "phone"),
    "en": ("email", "visit"),
    "ar": ("whatsapp",),
}
_LUNAR = 0.5  # of the Chinese birthdays


class DemoContact(NamedTuple):
    """A row of the file, by COLUMNS."""

    customer: str
    id: str
    name: str
    role: str
    channel: str
    email: str
    phone: str
    language: str
    zone: str
    country: str
    culture: str
    birthday: str
    greetings: str
    do_not_contact: str
    interests: str
    note: str


def draw_contact_people(profiles: Sequence[Profile], *, seed: int) -> list[DemoContact]:
    """One or two people at every second customer."""
    rng = np.random.default_rng([seed, 5])
    found: list[DemoContact] = []
    for profile in profiles[::_EVERY]:
        for _ in range(1 + int(rng.random() < 0.25)):
            found.append(_draw(rng, profile, len(found) + 1, {one.name for one in found[-2:]}))
    return found


def _draw(rng: np.random.Generator, profile: Profile, number: int, taken: set[str]) -> DemoContact:
    script = profile.company.script
    words = script if script in _ROLES else "en"
    name = str(rng.choice([one for one in _NAMES[script] if one not in taken]))
    address = f"contact{number}@{profile.code.lower()}.example"
    return DemoContact(
        customer=profile.code,
        id=f"P-{number:04}",
        name=name,
        role=str(rng.choice(_ROLES[words])),
        channel=str(rng.choice(_CHANNELS[script])),
        email=address,
        phone=f"+000 555 {number:04}",  # no country has this code
        language=_LANGUAGES[script],
        zone="",
        country=profile.company.country,
        culture="CN" if script != "zh" and rng.random() < 0.03 else "",
        birthday=_birthday(rng, script),
        greetings=str(rng.choice(["all", "all", "all", "birthday", "none"])),
        do_not_contact="yes" if rng.random() < 0.02 else "no",
        interests=str(rng.choice(_INTERESTS[words])),
        note="",
    )


def _birthday(rng: np.random.Generator, script: str) -> str:
    """A birthday, which is known of four people in five, of some without the year."""
    month, day, year = int(rng.integers(1, 13)), int(rng.integers(1, 29)), int(rng.integers(1955, 2001))
    is_known, is_lunar, has_year = rng.random(3) < (0.8, _LUNAR, 0.7)
    if not is_known:
        return ""
    calendar = "lunar " if script == "zh" and is_lunar else ""
    return f"{calendar}{year if has_year else '-'}-{month:02}-{day:02}"
