"""Text and fixed words, in English, Chinese and German: read as they are meant, or refused."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from zoneinfo import available_timezones

from bot.channel_names import channel_as_stored
from bot.errors import N_, Phrase, joined
from bot.services.contact_people.values import check_email
from bot.services.imports.read import currencies
from bot.services.imports.read.refusal import Parser, RefusedValue, clip

# PostgreSQL indexes at most 2,704 bytes, and 200 Chinese characters are 1,200 letters of pinyin.
NAME_LENGTH = 200
NOTE_LENGTH = 10_000
_SHORTEST = 2  # letters that are near to many words, such as y and am
_LONGEST_ABBREVIATION = 5  # of a time zone
_ROUNDED = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+").fullmatch
_LEFT_OUT = re.compile(r"[\s_\-()*:./'\"=\u200b\ufeff]+").sub
_UNPRINTABLE = re.compile("[\0\n\r]")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

RECORD_TYPES = {
    "account": (
        "customer",
        "existing",
        "client",
        "客户",
        "正式客户",
        "现有客户",
        "老客户",
        "kunde",
        "bestandskunde",
    ),
    "prospect": ("lead", "potential", "潜在客户", "潜客", "意向客户", "interessent"),
}
ACTIVITY_KINDS = {
    "visit": (
        "visits",
        "on-site visit",
        "revisit",
        "拜访",
        "回访",
        "上门拜访",
        "走访",
        "客户拜访",
        "besuch",
        "kundenbesuch",
    ),
    "call": (
        "phone",
        "phone call",
        "telephone",
        "电话",
        "电话回访",
        "通话",
        "致电",
        "anruf",
        "telefonat",
        "telefon",
    ),
    "meeting": (
        "online meeting",
        "video call",
        "会议",
        "会面",
        "开会",
        "视频会议",
        "besprechung",
        "termin",
        "videokonferenz",
    ),
    "training": ("course", "培训", "客户培训", "产品培训", "schulung"),
    "review": (
        *(
            "business review",
            "quarterly business review",
            "qbr",
            "合作回顾",
            "业务回顾",
            "业务复盘",
            "季度回顾",
        ),
        *("jahresgespräch", "quartalsgespräch"),
    ),
    "survey": (
        *("questionnaire", "satisfaction survey", "调查", "满意度调查", "问卷", "回访问卷"),
        *("umfrage", "befragung", "kundenbefragung"),
    ),
    "complaint": ("complaints", "投诉", "客诉", "抱怨", "beschwerde", "reklamation"),
    "referral": ("recommendation", "推荐", "转介绍", "客户推荐", "empfehlung", "weiterempfehlung"),
    "gift": ("present", "礼品", "礼物", "赠礼", "送礼", "geschenk", "präsent"),
    "greeting": (
        *("greetings", "holiday greeting", "问候", "节日问候", "祝福"),
        *("grüße", "weihnachtsgrüße", "glückwunsch"),
    ),
    "birthday": (
        *("birthday greeting", "birthday wishes", "生日", "生日祝福", "生日问候"),
        *("geburtstag", "geburtstagsgruß", "geburtstagsglückwunsch"),
    ),
    "other": ("misc", "其他", "其它", "sonstiges", "andere"),
    "credit_review": (
        "credit check",
        "credit assessment",
        "信用审查",
        "信用评审",
        "资信审查",
        "bonitätsprüfung",
    ),
}
AGREED = {
    "yes": (
        "y",
        "true",
        "1",
        "agreed",
        "satisfied",
        "是",
        "同意",
        "认可",
        "满意",
        "ja",
        "einverstanden",
        "zufrieden",
    ),
    "no": (
        *("n", "false", "0", "not agreed", "unsatisfied", "否", "不同意", "不认可", "不满意"),
        *("nein", "nicht einverstanden", "unzufrieden"),
    ),
    "not_asked": ("not asked", "unknown", "未询问", "未问", "未知", "nicht gefragt", "unbekannt"),
}
ROLES = {
    "viewer": ("read only", "reader", "查看者", "只读", "访客", "leser", "nur lesen"),
    "account_manager": (
        *("am", "sales", "sales rep", "客户经理", "业务员", "销售", "销售经理"),
        *("kundenbetreuer", "kundenbetreuerin", "vertrieb", "außendienst", "verkäufer", "verkäuferin"),
    ),
    "team_lead": (
        *("lead", "team leader", "manager", "sales manager"),
        *("主管", "团队主管", "组长", "经理", "销售主管"),
        *("teamleiter", "teamleiterin", "teamleitung", "vertriebsleiter", "vertriebsleiterin"),
    ),
    "sales_ops": (
        *("sales ops", "sales operations", "salesops", "sales-ops", "revops", "revenue operations"),
        *("销售运营", "销售支持", "vertriebsinnendienst", "vertriebssteuerung", "innendienst"),
    ),
    "finance": (
        *("credit", "credit control", "accounting", "accounts", "controller"),
        *("财务", "财务部", "信用管理", "信控", "finanzen", "buchhaltung", "kreditmanagement"),
    ),
    "admin": ("administrator", "管理员", "系统管理员"),
}
LANGUAGES = {
    "en": ("english", "en-us", "en-gb", "英文", "英语", "englisch"),
    "zh": ("chinese", "zh-cn", "zh-hans", "中文", "简体中文", "汉语", "chinesisch"),
}
STATES = {
    "open": (
        *(
            "new",
            "opened",
            "reopened",
            "in progress",
            "in process",
            "pending",
            "waiting",
            "on hold",
            "assigned",
        ),
        *(
            "unresolved",
            "not closed",
            "待处理",
            "待受理",
            "未处理",
            "已受理",
            "受理中",
            "处理中",
            "跟进中",
            "进行中",
        ),
        *("待回访", "待确认", "未关闭", "未结案", "未解决", "未完成", "重新打开", "打开"),
        *("offen", "neu", "in bearbeitung", "in arbeit", "wartend", "wiedereröffnet"),
    ),
    "closed": (
        *(
            "resolved",
            "solved",
            "settled",
            "done",
            "completed",
            "finished",
            "已关闭",
            "关闭",
            "已结案",
            "结案",
        ),
        *("已解决", "已完成", "已处理", "处理完毕", "已办结"),
        *("geschlossen", "abgeschlossen", "erledigt", "gelöst"),
    ),
}
YES_NO = {
    "yes": (
        *("y", "true", "1", "active", "enabled", "employed", "current"),
        *("是", "在职", "启用", "已启用", "有效", "正常", "ja", "j", "aktiv", "wahr"),
    ),
    "no": (
        *(
            "n",
            "false",
            "0",
            "inactive",
            "left",
            "disabled",
            "suspended",
            "terminated",
            "resigned",
            "deactivated",
        ),
        *(
            "blocked",
            "locked",
            "archived",
            "former",
            "deleted",
            "否",
            "离职",
            "已离职",
            "停用",
            "已停用",
            "无效",
            "禁用",
        ),
        *("冻结", "注销", "nein", "inaktiv", "ausgeschieden", "gesperrt", "deaktiviert", "falsch"),
    ),
}


def line_of_text(limit: int = NAME_LENGTH) -> Parser:
    """A parser of text on one line, which is kept as it is written."""

    def parse(text: str) -> str | RefusedValue:
        if len(text) > limit:
            return RefusedValue(
                Phrase(
                    N_("has %(length)s characters; at most %(limit)s are taken"),
                    length=f"{len(text):,}",
                    limit=f"{limit:,}",
                )
            )
        if not text.isprintable() and (wrong := _UNPRINTABLE.search(text)):
            nul = wrong.group() == "\0"
            return RefusedValue(
                Phrase(N_("holds a NUL byte"))
                if nul
                else Phrase(N_("holds a line break; is a quotation mark missing?"))
            )
        if "E+" in text and _ROUNDED(text):
            return RefusedValue(
                Phrase(
                    N_(
                        "%(cell)s is in scientific notation, which has lost digits; format the column as text "
                        "and export again"
                    ),
                    cell=repr(text),
                )
            )
        return text

    return parse


def paragraph(delimiter: str, width: int, place: int) -> Parser:
    """A parser of text that may have several lines, unless they are rows that a quotation mark has joined.

    Where one has joined two rows, the cell begins with the rest of the first and ends with the beginning of the second.
    """

    def parse(text: str) -> str | RefusedValue:
        if len(text) > NOTE_LENGTH:
            return RefusedValue(
                Phrase(
                    N_("has %(length)s characters; at most %(limit)s are taken"),
                    length=f"{len(text):,}",
                    limit=f"{NOTE_LENGTH:,}",
                )
            )
        if "\0" in text:
            return RefusedValue(Phrase(N_("holds a NUL byte")))
        found = [line.count(delimiter) for line in text.splitlines()]
        swallowed = len(found) > 1 and found[0] == width - 1 - place and found[-1] == place
        if swallowed or any(many >= width - 1 for many in found[1:]):
            return RefusedValue(
                Phrase(N_("runs over several rows of the file; is a quotation mark missing?"))
            )
        return text

    return parse


def value_text(text: str) -> str | RefusedValue:
    """A fact's value, in normal form (NFKC), kept as text."""
    value: str | RefusedValue = line_of_text(1_000)(unicodedata.normalize("NFKC", text).strip())
    return value


def email(text: str) -> str | RefusedValue:
    """An e-mail address in lower case."""
    address: str | RefusedValue = checked(check_email)(text)
    return address


def slack_channel(text: str) -> str | RefusedValue:
    """A channel's id, or its name after #."""
    try:
        return channel_as_stored(unicodedata.normalize("NFKC", text))
    except ValueError as refused:
        return RefusedValue(refused.args[0])


def choice(synonyms: Mapping[str, tuple[str, ...]], names: Mapping[str, str] | None = None) -> Parser:
    """A parser of a few words, in any of their spellings; `names` are what people call them, if not by these words."""
    known = {plain(spelling): word for word, others in synonyms.items() for spelling in (word, *others)}

    def parse(text: str) -> str | RefusedValue:
        found = known.get(plain(text))
        if found is not None:
            return found
        return RefusedValue(
            Phrase(
                N_("%(cell)s is not one of %(words)s%(hint)s"),
                cell=repr(clip(text)),
                words=joined(list((names or dict(zip(synonyms, synonyms, strict=True))).values()), ", "),
                hint=nearest(
                    plain(text), [one for one in known if len(one) > _SHORTEST or not one.isascii()]
                ),
            )
        )

    return parse


def yes_no(text: str) -> bool | RefusedValue:
    """Yes or no in any spelling."""
    word = choice(YES_NO)(text)
    return word if isinstance(word, RefusedValue) else word == "yes"


def currency(text: str) -> str | RefusedValue:
    """An ISO code of a currency."""
    codes = currencies.possible(unicodedata.normalize("NFKC", text))
    if len(codes) == 1:
        return codes[0]
    if codes:
        return RefusedValue(
            Phrase(
                N_("%(cell)s may be %(codes)s; write the code"),
                cell=repr(clip(text)),
                codes=", ".join(codes[:3]),
            )
        )
    return RefusedValue(
        Phrase(N_("%(cell)s is not a currency; use a code such as CNY, USD or EUR"), cell=repr(clip(text)))
    )


def timezone(text: str) -> str | RefusedValue:
    """A name of the IANA time zone database."""
    if text in available_timezones():
        return text
    # An abbreviation such as CST is near to names that it does not mean.
    near = nearest(text, available_timezones()) if len(text) > _LONGEST_ABBREVIATION else ""
    return RefusedValue(
        Phrase(
            N_("%(cell)s is not a time zone%(hint)s"),
            cell=repr(clip(text)),
            hint=near or Phrase(N_("; use a name such as Asia/Shanghai")),
        )
    )


def checked(check: Callable[[str], str]) -> Parser:
    """A parser of values that are checked as elsewhere: by a function that raises ValueError with a phrase."""

    def parse(text: str) -> str | RefusedValue:
        try:
            return check(text)
        except ValueError as error:
            return RefusedValue(error.args[0])

    return parse


def plain(text: str) -> str:
    """A word or header as it is compared: NFKC, lower case, without spaces, underscores, hyphens, brackets and quotes.

    An umlaut is what it is written as without one: exports have both `Fälligkeit` and `Faelligkeit`.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_UMLAUTS)
    return _LEFT_OUT("", folded)


def nearest(text: str, known: Iterable[str]) -> str:
    """`; did you mean …?` when a known word is close, else nothing."""
    from rapidfuzz import process, utils  # 30 ms, for a hint only

    found = process.extractOne(text, list(known), processor=utils.default_process, score_cutoff=70)
    return Phrase(N_("; did you mean %(meant)s?"), meant=found[0]) if found else ""
