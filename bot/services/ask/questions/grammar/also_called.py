"""What regions, industries and tiers are also called, in both languages: of a group of words one is the firm's own."""

from collections.abc import Iterator

from bot.services.ask.questions.atoms import is_chinese, phrase_keys

_REGIONS = (
    "East China|华东|华东区|华东地区|华东片区|东部|东区|eastern china|china east",
    "North China|华北|华北区|华北地区|northern china|china north",
    "South China|华南|华南区|华南地区|southern china|china south",
    "Central China|华中|华中区|华中地区|中部|china central",
    "West China|华西|西部|西区|西部地区|华西地区|western china|china west",
    "Southwest China|西南|西南区|西南地区",
    "Northwest China|西北|西北区|西北地区",
    "Northeast China|东北|东北区|东北地区",
    "Greater China|大中华区|大中华",
    "DACH|德语区|德奥瑞|德语地区|german-speaking countries|german speaking",
    "UK and Ireland|United Kingdom and Ireland|UK & Ireland|UKI|UK|britain|great britain|the british isles|英国和爱尔兰|英国爱尔兰|英国及爱尔兰|英爱|英国",
    "Middle East and North Africa|MENA|the middle east|middle east|north africa|中东和北非|中东北非|中东及北非|中东|北非",
    "Middle East|the middle east|中东|中东地区",
    "North America|北美|北美洲|北美地区",
    "South America|南美|南美洲",
    "Latin America|LATAM|拉美|拉丁美洲",
    "Europe|欧洲|欧洲区",
    "Western Europe|西欧",
    "Eastern Europe|东欧|CEE|central and eastern europe",
    "Nordics|Scandinavia|the nordics|北欧",
    "Benelux|比荷卢",
    "Iberia|Spain and Portugal|伊比利亚",
    "EMEA|欧洲中东非洲",
    "Asia Pacific|APAC|asia-pacific|亚太|亚太区",
    "Asia|亚洲",
    "Southeast Asia|ASEAN|south-east asia|东南亚",
    "Africa|非洲",
    "Oceania|ANZ|australia and new zealand|大洋洲|澳新",
)
_INDUSTRIES = (
    "Machine building|Machinery|Mechanical engineering|machine builders|machine builder|engineering|机械|机械制造|机械行业|机械制造业|装备制造",
    "Automotive|Automobile|Auto|auto parts|car makers|carmakers|cars|car|汽车|汽车行业|汽车零部件|汽配|车企",
    "Electronics|electronic|semiconductors|电子|电子行业|电子业|电子元器件",
    "Energy|power|energy sector|energy firms|utilities|能源|新能源|能源行业|电力",
    "Food and packaging|food & packaging|food|packaging|食品包装|食品和包装|食品与包装|食品|包装|食品行业|食品机械",
    "Food|foods|food industry|食品|食品行业",
    "Packaging|包装|包装行业",
    "Logistics|logistic|warehousing|物流|物流行业|物流业|仓储",
    "Medical devices|Medical device|medical|medtech|medical technology|healthcare|med devices|医疗器械|医疗|医疗设备|医械|医疗行业",
    "Rail|railway|railways|rail industry|轨道|轨道交通|铁路|轨交",
    "Chemicals|chemical|chemistry|chemical industry|chems|化工|化工行业|化学|化工业",
    "Automation|automation industry|自动化|自动化行业",
    "Pharmaceuticals|pharma|pharmaceutical|制药|医药",
    "Construction|building|建筑|建筑业",
    "Textiles|textile|纺织|纺织业",
    "Retail|零售|零售业",
    "Aerospace|aviation|航空|航天|航空航天",
    "Agriculture|farming|农业",
    "Steel|metals|metal|钢铁|金属|冶金",
    "Finance|financial services|banking|金融|银行",
    "Software|IT|软件",
    "Telecommunications|telecom|telecoms|电信|通信",
    "Mining|矿业|采矿",
    "Paper|造纸",
    "Plastics|plastic|塑料|塑胶",
)
_TIERS = (
    "Strategic|strategics|strategic ones|战略|战略级|战略类",
    "Important|importants|important ones|重要|重要级|重要类|重点",
    "Ordinary|ordinaries|ordinary ones|regular|standard|普通|一般|常规|一般客户|普通级|普通类",
)
_COUNTRIES = {
    "CN": "chinese|prc",
    "DE": "german",
    "AT": "austrian",
    "CH": "swiss",
    "GB": "british|english|uk|great britain|britain",
    "IE": "irish",
    "US": "american|usa|u.s.|the states",
    "CA": "canadian",
    "FR": "french",
    "IT": "italian",
    "ES": "spanish",
    "PT": "portuguese",
    "NL": "dutch|holland",
    "BE": "belgian",
    "SE": "swedish",
    "NO": "norwegian",
    "DK": "danish",
    "FI": "finnish",
    "PL": "polish",
    "CZ": "czech",
    "HU": "hungarian",
    "TR": "turkish",
    "JP": "japanese",
    "KR": "korean",
    "IN": "indian",
    "BR": "brazilian",
    "MX": "mexican",
    "AU": "australian",
    "SA": "saudi|saudi arabian|ksa",
    "AE": "emirati|uae|the emirates|阿联酋",
    "EG": "egyptian",
    "MA": "moroccan",
    "JO": "jordanian",
    "ZA": "south african",
}
_AND = (" and ", " & ", "/", "和", "与", "及", "、")


def of_region(value: str) -> Iterator[str]:
    """What a region is also called; of one with several words their initials, of two joined each."""
    yield from _others(value, _REGIONS)
    yield from _composed(value)


def of_industry(value: str) -> Iterator[str]:
    """What an industry is also called."""
    yield from _others(value, _INDUSTRIES)
    yield from _composed(value)


def of_country(words: tuple[str, ...]) -> Iterator[str]:
    """What a country is also called: as an adjective, and in short. `words` are its code and its names."""
    for word in words:
        if word in _COUNTRIES:
            yield from _COUNTRIES[word].split("|")


def of_tier(value: str) -> Iterator[str]:
    """What the name of a tier is also called, and without the word for customers."""
    for end in ("客户", " customers", " customer", "级", "类"):
        if value.endswith(end) and len(value) > len(end) + 1:
            yield value.removesuffix(end)
            yield from _others(value.removesuffix(end), _TIERS)
    yield from _others(value, _TIERS)


def _others(value: str, groups: tuple[str, ...]) -> Iterator[str]:
    keys = phrase_keys(value)
    for group in groups:
        words = group.split("|")
        if any(phrase_keys(word) == keys for word in words):
            yield from words


def _composed(value: str) -> Iterator[str]:
    """The initials of a value with three or more words, and the parts of one that `and` joins."""
    words = [word for word in value.replace("&", " ").split() if word.casefold() not in ("and", "of", "the")]
    if len(words) > 2 and not is_chinese(value):
        yield "".join(word[0] for word in words)
    for joint in _AND:
        if joint in value:
            yield from (
                part.strip() for part in value.split(joint) if len(part.strip()) > 2 or is_chinese(part)
            )
