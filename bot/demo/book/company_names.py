"""The names of the demo's companies. Every company is invented; a likeness to a real one is accidental."""

import itertools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Company:
    """A company: its names, industry and place."""

    script: str  # zh | de | en | ar
    name: str
    aliases: tuple[str, ...]
    industry: str
    region: str
    country: str


def _words(text: str) -> list[str]:
    return text.split()


# Chinese brands: two rare characters each, with their pinyin for the Latin alias.
_ZH_FIRST = _words(
    "霁ji 祺qi 翊yi 沛pei 峤qiao 璟jing 骋cheng 垣yuan 旻min 棠tang 澜lan 淮huai 砺li 衡heng 煦xu 昱yu 蔚wei 钧jun"
)
_ZH_SECOND = _words("屿yu 辰chen 拓tuo 嵘rong 驰chi 铭ming 舸ge 笙sheng 柏bai 璞pu 桐tong 硕shuo 泽ze 禾he")
_ZH_CITIES = (
    ("苏州", "Suzhou", "East China"),
    ("无锡", "Wuxi", "East China"),
    ("宁波", "Ningbo", "East China"),
    ("杭州", "Hangzhou", "East China"),
    ("南通", "Nantong", "East China"),
    ("常州", "Changzhou", "East China"),
    ("上海", "Shanghai", "East China"),
    ("嘉兴", "Jiaxing", "East China"),
    ("合肥", "Hefei", "East China"),
    ("青岛", "Qingdao", "East China"),
    ("佛山", "Foshan", "South China"),
    ("东莞", "Dongguan", "South China"),
    ("武汉", "Wuhan", "Central China"),
    ("长沙", "Changsha", "Central China"),
    ("天津", "Tianjin", "North China"),
    ("成都", "Chengdu", "West China"),
    ("西安", "Xi'an", "West China"),
)
_ZH_TRADES = (
    ("精密机械", "精密", "Precision Machinery", "Machine building"),
    ("自动化设备", "自动化", "Automation Equipment", "Automation"),
    ("液压科技", "液压", "Hydraulics", "Machine building"),
    ("新能源材料", "新能源", "New Energy Materials", "Energy"),
    ("电子科技", "电子", "Electronics", "Electronics"),
    ("汽车零部件", "汽配", "Auto Parts", "Automotive"),
    ("食品机械", "食品机械", "Food Machinery", "Food and packaging"),
    ("化工", "化工", "Chemicals", "Chemicals"),
    ("医疗器械", "医疗", "Medical Devices", "Medical devices"),
    ("轨道装备", "轨道", "Rail Equipment", "Rail"),
    ("物流装备", "物流", "Logistics Equipment", "Logistics"),
)
_DE_FIRST = _words(
    "Holler Wester Brenn Falken Rauh Krumm Ahl Dorn Eschen Greven Kalten Lohr Mühlen Nieder Röder Söhl"
)
_DE_SECOND = _words("beck hagen rode stedt brink kamp wald born")
_DE_TRADES = (
    ("Maschinenbau", "Machine building"),
    ("Antriebstechnik", "Machine building"),
    ("Werkzeugbau", "Machine building"),
    ("Fördertechnik", "Logistics"),
    ("Messtechnik", "Automation"),
    ("Kunststofftechnik", "Chemicals"),
    ("Fahrzeugteile", "Automotive"),
    ("Energieanlagen", "Energy"),
    ("Lebensmitteltechnik", "Food and packaging"),
    ("Präzisionsteile", "Automotive"),
    ("Medizintechnik", "Medical devices"),
)
_DE_FORMS = ("GmbH", "GmbH", "GmbH & Co. KG", "AG")
_DE_COUNTRIES = ("DE", "DE", "DE", "DE", "AT", "CH")
_EN_FIRST = _words("Thorn Hather Bramble Calder Wex Pel Quarn Stave Orring Marl Tarn Fenn")
_EN_SECOND = _words("wick moor gate combe stow mere croft holm")
_EN_TRADES = (
    ("Pumps", "Machine building"),
    ("Valves", "Chemicals"),
    ("Controls", "Automation"),
    ("Bearings", "Automotive"),
    ("Packaging", "Food and packaging"),
    ("Conveyors", "Logistics"),
    ("Instruments", "Medical devices"),
    ("Castings", "Machine building"),
    ("Power Systems", "Energy"),
    ("Circuits", "Electronics"),
)
_EN_PLACES = (
    ("GB", "Ltd", "UK and Ireland"),
    ("GB", "Ltd", "UK and Ireland"),
    ("GB", "plc", "UK and Ireland"),
    ("IE", "Ltd", "UK and Ireland"),
    ("US", "Inc.", "North America"),
    ("US", "LLC", "North America"),
)
_AR_FIRST = (
    ("مرساة", "Mirsat"),
    ("سارية", "Sariyat"),
    ("قنطرة", "Qantarat"),
    ("ربوة", "Rabwat"),
    ("ساقية", "Saqiyat"),
    ("بوصلة", "Bawsalat"),
    ("سنديانة", "Sindyanat"),
)
_AR_SECOND = (
    ("الشمال", "Al Shamal"),
    ("المرجان", "Al Murjan"),
    ("الفيروز", "Al Fayrouz"),
    ("الكثبان", "Al Kuthban"),
    ("الضحى", "Al Duha"),
    ("النسيم", "Al Naseem"),
)
_AR_TRADES = (
    ("للصناعات المعدنية", "Metal Industries", "Machine building"),
    ("لمعدات المصانع", "Factory Equipment", "Automation"),
    ("للأنظمة الهيدروليكية", "Hydraulic Systems", "Machine building"),
    ("لحلول الطاقة", "Energy Solutions", "Energy"),
    ("لمواد التغليف", "Packaging Materials", "Food and packaging"),
    ("للصناعات الكيميائية", "Chemical Industries", "Chemicals"),
)
_AR_COUNTRIES = ("AE", "AE", "SA", "SA", "EG", "JO", "MA")
_LATIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


def invent_companies(rng: np.random.Generator, scripts: list[str]) -> list[Company]:
    """One company per entry of `scripts` (zh, de, en, ar), with different distinctive words."""
    makers = {
        "zh": (_chinese, _ZH_FIRST, _ZH_SECOND),
        "de": (_german, _DE_FIRST, _DE_SECOND),
        "en": (_english, _EN_FIRST, _EN_SECOND),
        "ar": (_arabic, _AR_FIRST, _AR_SECOND),
    }
    stems = {}
    for script, (_, first, second) in makers.items():
        order = rng.permutation(len(first) * len(second))
        # A book of thousands uses each stem several times; its companies then differ by city or trade.
        stems[script] = itertools.cycle([divmod(int(stem), len(second)) for stem in order])
    return [makers[script][0](rng, *next(stems[script])) for script in scripts]


def _chinese(rng: np.random.Generator, first: int, second: int) -> Company:
    city, city_latin, region = _ZH_CITIES[rng.integers(len(_ZH_CITIES))]
    trade, short, trade_latin, industry = _ZH_TRADES[rng.integers(len(_ZH_TRADES))]
    one, two = _ZH_FIRST[first], _ZH_SECOND[second]
    brand, reading = one[0] + two[0], (one[1:] + two[1:]).capitalize()
    form = ("有限公司", "有限公司", "有限公司", "股份有限公司")[rng.integers(4)]
    name = f"{city}{brand}{trade}{form}"
    aliases = (f"{city_latin} {reading} {trade_latin}", f"{brand}{short}")
    return Company("zh", name, aliases, industry, region, "CN")


def _german(rng: np.random.Generator, first: int, second: int) -> Company:
    trade, industry = _DE_TRADES[rng.integers(len(_DE_TRADES))]
    short = f"{_DE_FIRST[first]}{_DE_SECOND[second]} {trade}"
    plain = short.translate(_LATIN)
    name = f"{short} {_DE_FORMS[rng.integers(len(_DE_FORMS))]}"
    country = _DE_COUNTRIES[rng.integers(len(_DE_COUNTRIES))]
    return Company("de", name, (plain,) if plain != short else (), industry, "DACH", country)


def _english(rng: np.random.Generator, first: int, second: int) -> Company:
    trade, industry = _EN_TRADES[rng.integers(len(_EN_TRADES))]
    country, form, region = _EN_PLACES[rng.integers(len(_EN_PLACES))]
    name = f"{_EN_FIRST[first]}{_EN_SECOND[second]} {trade} {form}"
    return Company("en", name, (), industry, region, country)


def _arabic(rng: np.random.Generator, first: int, second: int) -> Company:
    trade, trade_latin, industry = _AR_TRADES[rng.integers(len(_AR_TRADES))]
    (one, one_latin), (two, two_latin) = _AR_FIRST[first], _AR_SECOND[second]
    name, alias = f"شركة {one} {two} {trade}", f"{one_latin} {two_latin} {trade_latin}"
    country = _AR_COUNTRIES[rng.integers(len(_AR_COUNTRIES))]
    return Company("ar", name, (alias,), industry, "Middle East and North Africa", country)
