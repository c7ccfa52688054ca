"""A query in words: the heading of its answer, and a question that is read as the same query."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.services.ask.questions.atoms import in_quotes, phrase_keys
from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.phrases import phrases
from bot.services.ask.questions.query import (
    AboutCustomer,
    AboutTeam,
    Aspect,
    Compared,
    Direction,
    Excluded,
    Filters,
    FoundNotes,
    Listing,
    MovedSince,
    Personal,
    Query,
    Risk,
    Silence,
    Sort,
)
from bot.services.ask.questions.tokens import tokens_of
from bot.services.ask.questions.vocabulary import QuestionActor, Vocabulary
from grading.scheme.model import Name

_ASPECTS = {
    Aspect.CARD: ("card", "卡片"),
    Aspect.WHY: ("why", "为什么"),
    Aspect.HISTORY: ("history", "历史"),
    Aspect.BRIEF: ("brief", "拜访准备"),
    Aspect.CARE: ("care", "关怀"),
    Aspect.CREDIT: ("credit", "信用"),
    Aspect.NOTES: ("notes", "备注"),
    Aspect.PROFILE: ("customer profile", "客户画像"),
    Aspect.CONTACTS: ("last contacts", "联系情况"),
    Aspect.COMPLAINTS: ("complaint list", "投诉情况"),
}
_PERSONAL = {
    Personal.MINE: ("my customers", "我的客户"),
    Personal.TODO: ("todo", "待办"),
    Personal.HELP: ("help", "帮助"),
    Personal.CALENDAR: ("calendar", "日历"),
    Personal.VALUE_AT_RISK: ("value at risk", "风险金额"),
}
_LABELS = {
    FilterField.TIER: ("tier", "等级"),
    FilterField.REGION: ("region", "地区"),
    FilterField.INDUSTRY: ("industry", "行业"),
    FilterField.COUNTRY: ("country", "国家"),
    FilterField.OWNER: ("account manager", "客户经理"),
    FilterField.TEAM: ("team", "团队"),
    FilterField.SCHEME: ("scheme", "标准"),
}
_RISKS = {
    Risk.ANY: ("at risk", "有风险"),
    Risk.SILENT: ("silent", "沉默"),
    Risk.FALLING: ("falling", "下滑"),
    Risk.OVERDUE_STEP: ("overdue steps", "步骤逾期"),
    Risk.OVERDUE_INVOICE: ("overdue invoices", "发票逾期"),
    Risk.OVER_LIMIT: ("over limit", "超额度"),
    Risk.GATE: ("capped by a gate", "被限级"),
    Risk.COMPLAINT: ("open complaint", "有投诉"),
    Risk.PROMISE: ("open promises", "有承诺"),
}
_OTHER_RISKS = {  # where the firm has a region, a team … of the name above
    Risk.ANY: ("in danger", "风险客户"),
    Risk.SILENT: ("silent by its own rhythm", "沉默客户"),
    Risk.FALLING: ("buys less", "买得少了"),
    Risk.OVERDUE_STEP: ("care steps overdue", "关怀步骤逾期"),
    Risk.OVERDUE_INVOICE: ("overdue payments", "逾期账款"),
    Risk.OVER_LIMIT: ("over the credit limit", "超信用额度"),
    Risk.GATE: ("a gate applies", "触发门槛"),
    Risk.COMPLAINT: ("open complaints", "未结投诉"),
    Risk.PROMISE: ("promises outstanding", "承诺未兑现"),
}
_LACKED = {
    Silence.CONTACT: ("contact", "联系"),
    Silence.VISIT: ("visit", "拜访"),
    Silence.CALL: ("call", "打电话"),
    Silence.ORDER: ("order", "下单"),
}
_NEAR = {Direction.UP: ("about to rise", "快升级"), Direction.DOWN: ("about to fall", "快降级")}
_MOVED = {
    Direction.UP: ("moved up", "升级"),
    Direction.DOWN: ("moved down", "降级"),
    None: ("tier changed", "等级变动"),
}
_TYPES = {"account": ("existing customers", "正式客户"), "prospect": ("prospects", "潜在客户")}
_SORTS = {
    Sort.TIER: ("tier", "等级"),
    Sort.SCORE: ("score", "得分"),
    Sort.NAME: ("name", "名称"),
    Sort.VALUE_AT_RISK: ("value at risk", "风险金额"),
    Sort.LAST_CONTACT: ("last contact", "最近联系"),
    Sort.LAST_VISIT: ("last visit", "上次拜访"),
    Sort.LAST_CALL: ("last call", "上次打电话"),
    Sort.LAST_ORDER: ("last order", "最近订单"),
    Sort.BOUNDARY: ("boundary", "分界"),
    Sort.REVENUE: ("revenue", "营收"),
    Sort.OVERDUE_INVOICE: ("overdue amount", "逾期金额"),
    Sort.OVERDUE_STEP: ("days overdue", "逾期天数"),
    Sort.OVER_LIMIT: ("amount over limit", "超额金额"),
}


def printed(query: Query, vocabulary: Vocabulary, asker: QuestionActor, language: str) -> str:
    """A query in words of one language; reading them gives the same query."""
    return _Printer(vocabulary, asker, language).of(query)


def in_both(query: Query, vocabulary: Vocabulary, asker: QuestionActor) -> Name:
    """A query in words of both languages."""
    return Name(en=printed(query, vocabulary, asker, "en"), zh=printed(query, vocabulary, asker, "zh"))


class _Printer:
    def __init__(self, vocabulary: Vocabulary, asker: QuestionActor, language: str) -> None:
        self._vocabulary, self._asker = vocabulary, asker
        self._is_chinese = language == "zh"
        self._language = language

    def of(self, query: Query) -> str:
        match query:
            case Personal():
                return self._say(_PERSONAL[query])
            case AboutTeam(team=None):
                return self._say(("team", "团队"))
            case AboutTeam():
                return self._value(FilterField.TEAM, query.team)
            case FoundNotes():
                return self._notes(query)
            case Compared():
                between = self._say((", ", "、"))
                return f"{self._say(('compare', '比较'))} {between.join(map(self._name, query.names))}"
            case AboutCustomer():
                since = self._say((f" since {query.since}", f" {query.since}以来")) if query.since else ""
                return f"{self._name(query.name)} {self._say(_ASPECTS[query.aspect])}{since}"
            case Listing():
                return self._listing(query)

    def _notes(self, query: FoundNotes) -> str:
        words = f"{self._say(('notes about', '备注中有'))} {in_quotes(query.words)}"
        if query.customer is not None:
            words += self._say((f" of {in_quotes(query.customer)}", f"，客户{in_quotes(query.customer)}"))
        if query.since is not None:
            words += self._say((f" since {query.since}", f"，{query.since}以来"))
        return words

    def _listing(self, query: Listing) -> str:
        parts = [*self._filters(query.filters), *self._order(query)]
        if not parts:
            return self._say(("all customers", "全部客户"))
        return self._say(("customers: ", "客户：")) + self._say((", ", "，")).join(parts)

    def _filters(self, filters: Filters) -> Iterator[str]:
        for kind in FilterField:
            if values := getattr(filters, str(kind)):
                yield self._values(kind, values)
        for one in filters.record_types:
            yield self._say(_TYPES[one])
        for field, value in filters.profile:
            yield self._profile(field, value)
        for risk in filters.risks:
            yield self._risk(risk)
        for silence in filters.silent_for:
            english, chinese = _LACKED[silence.what]
            days = f"{silence.days} day" + ("" if silence.days == 1 else "s")
            yield self._say((f"no {english} for {days}", f"{silence.days}天没{chinese}"))
        if filters.near is not None:
            yield self._say(_NEAR[filters.near])
        if filters.moved is not None:
            yield self._moved(filters.moved)
        if filters.complained_since is not None:
            yield self._say(
                (f"complaints since {filters.complained_since}", f"{filters.complained_since}以来投诉过")
            )
        yield from self._exclusions(filters.without)
        if filters.unattended:
            yield self._say(("without account manager", "没有客户经理"))

    def _exclusions(self, without: Excluded) -> Iterator[str]:
        """What is left out, value by value."""
        for kind in FilterField:
            for value in self._distinct(kind, getattr(without, str(kind), ())):
                yield f"{self._say(('except', '除了'))} {self._value(kind, value)}"
        for risk in without.risks:
            yield self._say((f"except {self._risk(risk)}", f"除了{self._risk(risk)}"))

    def _risk(self, risk: Risk) -> str:
        usual = self._say(_RISKS[risk])
        is_firms = phrase_keys(usual) in self._vocabulary.words
        return self._say(_OTHER_RISKS[risk]) if is_firms else usual

    def _moved(self, moved: MovedSince) -> str:
        english, chinese = _MOVED[moved.direction]
        if moved.until is not None:
            ends = moved.since, moved.until
            return self._say(("{} from {} to {}".format(english, *ends), "{}到{}{}".format(*ends, chinese)))
        return self._say((f"{english} since {moved.since}", f"{moved.since}以来{chinese}"))

    def _order(self, query: Listing) -> Iterator[str]:
        default = Sort.VALUE_AT_RISK if Risk.ANY in query.filters.risks else Sort.TIER
        if query.sort is not default or query.descending:
            english, chinese = _SORTS[query.sort]
            end = self._say((" reversed", "反向")) if query.descending else ""
            yield self._say((f"by {english}", f"按{chinese}")) + end
        if query.limit is not None:
            yield self._say((f"first {query.limit}", f"前{query.limit}个"))

    def _values(self, kind: FilterField, values: Sequence[Any]) -> str:
        """The label and the values, those that read alike, as DACH and dach, once."""
        first, *rest = self._distinct(kind, values)
        written = [self._value(kind, first), *(self._bare(kind, value) for value in rest)]
        return self._say((" or ", " 或 ")).join(written)

    def _bare(self, kind: FilterField, value: Any) -> str:
        """A value without its label, where it can mean nothing else."""
        written = self._vocabulary.named(kind, value, self._language)
        tokens = tokens_of(
            f"x {written}", self._vocabulary, self._asker
        )  # alone it would be read more easily
        is_read = [token.part for token in tokens] == [PhrasePart.WORD, PhrasePart.VALUE] and len(
            tokens[1].meaning
        ) == 1
        return written if is_read and tokens[1].meaning[0].field is kind else self._value(kind, value)

    def _distinct(self, kind: FilterField, values: Sequence[Any]) -> list[Any]:
        found: dict[Any, Any] = {}
        for value in values:
            written = self._vocabulary.named(kind, value, self._language)
            same = value if kind in (FilterField.OWNER, FilterField.TEAM) else phrase_keys(written)
            found.setdefault(same, value)
        return list(found.values())

    def _value(self, kind: FilterField, value: Any) -> str:
        """A label and a value, in quotation marks where it would be read as something else without."""
        label, written = self._say(_LABELS[kind]), self._vocabulary.named(kind, value, self._language)
        plain = f"{label} {written}"
        tokens = tokens_of(plain, self._vocabulary, self._asker)
        is_read = [token.part for token in tokens] == [PhrasePart.LABEL, PhrasePart.VALUE]
        is_read = is_read and (kind is FilterField.TIER or phrase_keys(written) not in phrases())
        if is_read and any(one.field is kind and value in one.values for one in tokens[1].meaning):
            return plain
        name, sign, number = written.partition(" #")
        if kind in (FilterField.OWNER, FilterField.TEAM) and sign:
            return f"{label} {in_quotes(name)} #{number}"
        return f"{label} {in_quotes(written)}"

    def _profile(self, field_id: str, value: str) -> str:
        field = self._vocabulary.fields.find(field_id)
        if field is None:
            return f"{field_id} = {in_quotes(value)}"
        shown = field.shown(value)
        written = shown.zh if self._is_chinese else shown.en
        if field.values and ((found := field.find(written)) is None or found.id != value):
            written = value
        name = field.name.zh if self._is_chinese else field.name.en
        return f"{name} = {in_quotes(written)}"

    def _name(self, name: str) -> str:
        """A customer's name, in quotation marks unless it is one word that means nothing else."""
        tokens = tokens_of(name, self._vocabulary, self._asker)
        marks = [token for token in tokens if token.part is not PhrasePart.WORD]
        is_plain = all(name[token.start : token.end] == "-" for token in marks)
        is_plain = is_plain and name[0] != "-" and name[-1] != "-" and name.replace("-", "").isalnum()
        return name if is_plain else in_quotes(name)

    def _say(self, words: tuple[str, str]) -> str:
        return words[self._is_chinese]
