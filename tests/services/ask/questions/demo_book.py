"""The demo's firm, in whose words the questions of demo_corpus.toml are asked, and some of its customers."""

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from bot.services.ask.questions.customer.mentions import Mention, NameFound, NameSource, mentions
from bot.services.ask.questions.vocabulary import NamedOne, QuestionActor, Vocabulary
from bot.services.ask.questions.vocabulary_cache import _countries
from bot.services.name_keys import fold, tokens_of_key
from tests.services.ask.questions.book import VOCABULARY

CORPUS = Path(__file__).with_name("demo_corpus.toml")
DEMO: Vocabulary = replace(
    VOCABULARY,
    ladders=VOCABULARY.ladders[:1],
    regions=(
        *("DACH", "East China", "North China", "South China", "Central China", "West China"),
        *("North America", "UK and Ireland", "Middle East and North Africa"),
    ),
    industries=(
        *("Automation", "Automotive", "Chemicals", "Electronics", "Energy", "Food and packaging"),
        *("Logistics", "Machine building", "Medical devices", "Rail"),
    ),
    countries=tuple(_countries(["CN", "DE", "AT", "CH", "GB", "IE", "US", "SA", "AE", "EG", "MA", "JO"])),
    people=(
        *(NamedOne(1, "Omar Haddad"), NamedOne(2, "Anna Schmidt"), NamedOne(3, "Julia Brandt")),
        *(NamedOne(4, "Grace Chen 陈静"), NamedOne(5, "Lin Wei 林薇"), NamedOne(6, "Zhou Yu 周宇")),
    ),
    teams=(NamedOne(1, "Key Accounts"), NamedOne(2, "华东大客户部")),
    leads=((1, 1), (4, 2)),
)
GRACE = QuestionActor(person_id=4, teams=(2,), today=date(2026, 11, 30))
NAMES = {
    "C-0001": "ACME|Acme Fertigungssysteme",
    "C-0002": "苏州澜岳精密机械股份有限公司|Suzhou Lanyue Precision Machinery|澜岳精密",
    "C-0003": "苏州煦柏精密机械有限公司|Suzhou Xubai Precision Machinery|煦柏精密",
    "C-0005": "Stavestow Circuits plc",
    "C-0006": "天津昱硕精密机械股份有限公司|Tianjin Yushuo Precision Machinery|昱硕精密",
    "C-0009": "杭州淮泽医疗器械有限公司|Hangzhou Huaize Medical Devices|淮泽医疗",
    "C-0010": "Niederbrink Präzisionsteile GmbH & Co. KG|Niederbrink Praezisionsteile",
    "C-0011": "Thorngate Castings plc",
    "C-0013": "شركة ساقية الشمال لحلول الطاقة|Saqiyat Al Shamal Energy Solutions",
    "C-0014": "天津祺嵘自动化设备有限公司|Tianjin Qirong Automation Equipment|祺嵘自动化",
    "C-0015": "Marlwick Controls Ltd",
    "C-0016": "Lohrkamp Kunststofftechnik AG",
    "C-0018": "Quarncroft Pumps LLC",
    "C-0020": "南通棠笙液压科技有限公司|Nantong Tangsheng Hydraulics|棠笙液压",
    "C-0021": "Wexmoor Packaging Ltd",
    "C-0025": "西安沛硕新能源材料股份有限公司|Xi'an Peishuo New Energy Materials|沛硕新能源",
    "C-0027": "Pelgate Bearings Ltd",
    "C-0028": "西安翊桐化工有限公司|Xi'an Yitong Chemicals|翊桐化工",
    "C-0029": "Kaltenbrink Maschinenbau GmbH",
    "C-0032": "Tarnmoor Pumps plc",
    "C-0035": "Kaltenkamp Lebensmitteltechnik GmbH",
    "C-0036": "上海砺桐医疗器械股份有限公司|Shanghai Litong Medical Devices|砺桐医疗",
    "C-0037": "Mühlenbeck Medizintechnik GmbH|Muehlenbeck Medizintechnik",
    "C-0038": "Hollerbeck Fahrzeugteile GmbH",
    "C-0039": "Hathercroft Castings Inc.",
    "C-0040": "无锡淮禾食品机械股份有限公司|Wuxi Huaihe Food Machinery|淮禾食品机械",
    "C-0042": "苏州衡舸液压科技股份有限公司|Suzhou Hengge Hydraulics|衡舸液压",
    "C-0045": "Brennbrink Präzisionsteile GmbH|Brennbrink Praezisionsteile",
    "C-0047": "上海棠铭电子科技有限公司|Shanghai Tangming Electronics|棠铭电子",
    "C-0049": "Rauhstedt Antriebstechnik GmbH",
    "C-0054": "Orringcombe Conveyors plc",
    "C-0056": "宁波翊璞电子科技有限公司|Ningbo Yipu Electronics|翊璞电子",
    "C-0057": "Hollerborn Messtechnik GmbH",
    "C-0060": "Tarngate Packaging Ltd",
    "C-0061": "Grevenbrink Fördertechnik GmbH|Grevenbrink Foerdertechnik",
    "C-0062": "苏州昱柏轨道装备有限公司|Suzhou Yubai Rail Equipment|昱柏轨道",
    "C-0063": "Kaltenborn Kunststofftechnik AG",
    "C-0064": "青岛钧硕轨道装备有限公司|Qingdao Junshuo Rail Equipment|钧硕轨道",
    "C-0065": "宁波昱璞电子科技股份有限公司|Ningbo Yupu Electronics|昱璞电子",
    "C-0066": "宁波璟屿轨道装备有限公司|Ningbo Jingyu Rail Equipment|璟屿轨道",
    "C-0068": "Rauhbrink Fördertechnik GmbH|Rauhbrink Foerdertechnik",
    "C-0069": "شركة سنديانة الشمال لحلول الطاقة|Sindyanat Al Shamal Energy Solutions",
    "C-0070": "Hathercombe Controls Inc.",
    "C-0074": "杭州砺拓液压科技有限公司|Hangzhou Lituo Hydraulics|砺拓液压",
    "C-0075": "Tarnwick Power Systems plc",
    "C-0076": "杭州沛辰自动化设备有限公司|Hangzhou Peichen Automation Equipment|沛辰自动化",
    "C-0083": "东莞沛禾新能源材料有限公司|Dongguan Peihe New Energy Materials|沛禾新能源",
    "C-0084": "上海棠屿电子科技有限公司|Shanghai Tangyu Electronics|棠屿电子",
    "C-0087": "杭州旻泽食品机械有限公司|Hangzhou Minze Food Machinery|旻泽食品机械",
    "C-0089": "Quarnstow Castings Inc.",
    "C-0091": "武汉霁拓液压科技有限公司|Wuhan Jituo Hydraulics|霁拓液压",
    "C-0094": "西安祺驰轨道装备有限公司|Xi'an Qichi Rail Equipment|祺驰轨道",
    "C-0096": "Rauhbeck Fördertechnik AG|Rauhbeck Foerdertechnik",
    "C-0098": "Fennmoor Circuits LLC",
    "C-0100": "Hollerhagen Energieanlagen GmbH",
    "C-0101": "Fennmere Pumps LLC",
    "C-0102": "武汉砺嵘化工股份有限公司|Wuhan Lirong Chemicals|砺嵘化工",
    "C-0103": "Fenngate Pumps Inc.",
    "C-0107": "Mühlenkamp Werkzeugbau AG|Muehlenkamp Werkzeugbau",
    "C-0108": "Dornstedt Kunststofftechnik GmbH & Co. KG",
    "C-0116": "Pelcroft Castings LLC",
    "C-0120": "宁波淮屿化工有限公司|Ningbo Huaiyu Chemicals|淮屿化工",
    "C-0124": "武汉祺泽物流装备有限公司|Wuhan Qize Logistics Equipment|祺泽物流",
    "C-0129": "شركة سنديانة الضحى لمعدات المصانع|Sindyanat Al Duha Factory Equipment",
    "C-0131": "Ahlrode Lebensmitteltechnik GmbH",
    "C-0132": "宁波昱桐电子科技有限公司|Ningbo Yutong Electronics|昱桐电子",
    "C-0134": "Stavecroft Valves Ltd",
    "C-0138": "Hollerwald Maschinenbau AG",
    "C-0141": "西安昱驰化工有限公司|Xi'an Yuchi Chemicals|昱驰化工",
    "C-0142": "Eschenbeck Lebensmitteltechnik GmbH",
    "C-0144": "上海昱拓汽车零部件股份有限公司|Shanghai Yutuo Auto Parts|昱拓汽配",
    "C-0145": "长沙骋禾电子科技有限公司|Changsha Chenghe Electronics|骋禾电子",
    "C-0151": "Marlstow Castings Inc.",
    "C-0152": "Hollerrode Energieanlagen GmbH & Co. KG",
    "C-0153": "Calderwick Valves Inc.",
    "C-0159": "Marlgate Castings plc",
    "C-0160": "Wexcombe Circuits Inc.",
    "C-0161": "西安霁辰医疗器械有限公司|Xi'an Jichen Medical Devices|霁辰医疗",
    "C-0162": "Hollerkamp Kunststofftechnik GmbH",
    "C-0165": "Thorncroft Valves plc",
    "C-0169": "佛山衡拓精密机械有限公司|Foshan Hengtuo Precision Machinery|衡拓精密",
    "C-0170": "Stavemere Instruments Inc.",
    "C-0172": "Quarnmoor Pumps Ltd",
    "C-0181": "Wexstow Power Systems LLC",
    "C-0188": "Marlcombe Castings Ltd",
    "C-0190": "Hollerstedt Medizintechnik GmbH & Co. KG",
    "C-0191": "Niederwald Werkzeugbau GmbH",
    "C-0192": "武汉垣铭物流装备有限公司|Wuhan Yuanming Logistics Equipment|垣铭物流",
    "C-0193": "Dornbeck Präzisionsteile GmbH|Dornbeck Praezisionsteile",
    "C-0199": "Fennholm Circuits plc",
}


@dataclass(frozen=True)
class DemoCustomers:
    """The customers of the demo that questions name, and those with names like theirs."""

    def known(self, text: str) -> bool:
        return fold(text) in {key for key, _ in _keys()}

    def within(self, text: str) -> bool:
        words = set(tokens_of_key(fold(text)))
        return bool(words) and any(words <= set(tokens_of_key(key)) for key, _ in _keys())

    def mentioned(self, text: str, is_open: Callable[[int, int], bool]) -> list[Mention]:
        codes = list(NAMES)

        def holding(tokens: Sequence[str]) -> list[NameFound]:
            return [
                NameFound(one, place) for key, place in _keys() for one in tokens_of_key(key) if one in tokens
            ]

        source = NameSource(
            whole=lambda asked: [NameFound(key, place) for key, place in _keys() if key in asked],
            parts=holding,
            names=lambda places: [NameFound(key, place) for key, place in _keys() if place in places],
            codes=lambda letters, number: [
                place
                for place, code in enumerate(codes)
                if letters == "c" and re.sub(r"\D", "", code).lstrip("0") == number
            ],
            labels=lambda places: {place: codes[place] for place in places},
        )
        return mentions(text, source, is_open)


def _keys() -> Iterator[tuple[str, int]]:
    for place, (code, names) in enumerate(NAMES.items()):
        for name in (code, *names.split("|")):
            yield fold(name), place


def demo_corpus() -> dict[str, Any]:
    return tomllib.loads(CORPUS.read_text(encoding="utf-8"))
