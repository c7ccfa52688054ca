"""Words within texts, names and numbers by which a row may not count."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What to look for in texts in lower case. A stem is found much faster than the pattern, which most need not meet."""

    stems: tuple[str, ...]
    han_stems: tuple[str, ...] = ()  # and others beyond ASCII
    pattern: re.Pattern[str]

    def may_be_in(self, text: str) -> bool:
        """Whether texts, joined and in lower case, have any of the stems."""
        if any(stem in text for stem in self.stems):
            return True
        return not text.isascii() and any(stem in text for stem in self.han_stems)

    def find(self, text: str) -> str:
        """The words that a text in lower case has; "" where it has none."""
        found = self.pattern.search(text)
        return "" if found is None else next((one for one in found.groups() if one), found[0])


_NOT = r"(?<!not )(?<!no )(?<!non-)(?<!non )(?<!nicht )(?<!never )(?<!不)(?<!未)(?<!不能)(?<!不可)(?<!没有)(?<!无)(?<!勿)"
OF_REMARKS = Marks(
    stems=(
        "cancel",
        "void",
        "refund",
        "storn",
        "annul",
        "test order",
        "testorder",
        "credited",
        "reversed",
        "duplicate",
        "gutgeschrieben",
        "testauftrag",
        "anulad",
    ),
    han_stems=("作废", "取消", "退款", "退货", "红冲", "冲销", "测试单", "重复单"),
    pattern=re.compile(
        _NOT
        + r"(?:\bcancel(?:l?ed|lation|ation)?\b|\bvoid(?:ed)?\b|\brefund(?:ed)?\b|\bstorn(?:o|iert|ierung)\b|\bannul\w*"
        r"|\banulad[oa]\b|\btest ?order\b|\btestauftrag\b|\bcredited\b|\breversed\b|\bduplicate\b|\bgutgeschrieben\b"
        r"|作废|取消|退款|退货|红冲|冲销|测试单|重复单)"
    ),
)
# Of documents that are no sale.
OF_DOCUMENTS = Marks(
    stems=(
        "payment",
        "balance",
        "deposit",
        "free of charge",
        "free sample",
        "zahlungseingang",
        "anzahlung",
        "saldovortrag",
        "saldo",
        "kostenlos",
        "gratis",
    ),
    han_stems=(
        "收到",
        "收款",
        "货款",
        "期初",
        "预收",
        "定金",
        "订金",
        "样品",
        "赠品",
        "换货",
        "结转",
        "eröffnung",
    ),
    pattern=re.compile(
        r"(?:\bpayment received\b|\byour payment\b|\b(?:incoming|customer) payment\b|\bopening balance\b|\bbalance (?:brought )?forward\b"
        r"|\bdown ?payment\b|\bdeposit\b|\bfree of charge\b|\bfree sample\b|\bzahlungseingang\b|\banzahlung\b|\bsaldovortrag\b"
        r"|\beröffnungssaldo\b|\bkostenlos\b|\bgratis\b|收到.{0,6}款|收款|收货款|期初余额|期初|预收款|定金|订金|样品|赠品|换货|结转)"
    ),
)
# Of activities that did not take place: a note begins with it, or is short and says little else.
OF_ACTIVITIES = Marks(
    stems=(
        "answer",
        "voicemail",
        "voice mail",
        "left message",
        "left a message",
        "reached",
        "no show",
        "no-show",
        "noshow",
        "cancel",
        "postponed",
        "declined",
        "rescheduled",
        "abgesagt",
        "storniert",
        "entf",
        "verschoben",
        "erreicht",
        "angetroffen",
        "besetzt",
        "anrufbeantworter",
        "mailbox",
        "line busy",
        "unavailable",
        "not available",
        "not home",
        "wrong number",
        "did not attend",
        "not attended",
    ),
    han_stems=(
        "接通",
        "未接",
        "接听",
        "应答",
        "占线",
        "忙线",
        "空号",
        "关机",
        "停机",
        "拒接",
        "挂断",
        "语音信箱",
        "联系",
        "不在",
        "未见",
        "没见",
        "取消",
        "改期",
        "延期",
        "爽约",
        "未到",
        "失约",
    ),
    pattern=re.compile(
        r"^\W*(?:\[|【)?(cancel(?:l?ed|lation|ation)|postponed|declined|rescheduled|abgesagt|storniert|entfallen|entfällt|verschoben"
        r"|no[ -]?show|已?取消|改期|已?延期|爽约|失约)(?![a-z])"
        r"|^(?=.{0,30}$|(?:no answer|left (?:a )?(?:voice ?mail|message)|nicht erreicht|未接通|无人接听|客户不在))"
        r".{0,24}?(no answer|not answered|did not answer|didn.t answer|voice ?mail|left (?:a )?message|(?:not|un) ?reach(?:ed|able)"
        r"|line busy|not available|unavailable|not home|wrong number|did not attend|not attended"
        r"|nicht (?:erreicht|angetroffen|erschienen)|besetzt|anrufbeantworter|mailbox"
        r"|未接通|没接通|未接听?|无人接听|没人接|无应答|占线|忙线|空号|关机|停机|拒接|挂断|语音信箱|未联系上|联系不上"
        r"|(?:客户|本人|老板|负责人|联系人|人)不在|未见到|没见到|未到场?|未赴约)",
    ),
)
# Of numbers of orders and invoices, which often end in what has become of them.
OF_NUMBERS = Marks(
    stems=("storn", "cancel", "void", "refund", "reversal", "deleted"),
    han_stems=("作废", "取消", "退款", "退货", "红冲", "冲销", "红字"),
    pattern=re.compile(
        r"(?:(?<![a-z])(?:storno|storniert|cancel(?:l?ed)?|void(?:ed)?|refund(?:ed)?|reversal|deleted)(?![a-z])"
        r"|作废|取消|退款|退货|红冲|冲销|红字)"
    ),
)
# Of names of customers that are none any more.
OF_NAMES = Marks(
    stems=(
        "not use",
        "cancel",
        "closed",
        "inactive",
        "obsolete",
        "deleted",
        "duplicate",
        "void",
        "blocked",
        "nicht verwenden",
        "gesperrt",
        "inaktiv",
        "storniert",
        "erloschen",
        "insolven",
        "zzz",
        "xxx",
    ),
    han_stems=(
        "停用",
        "作废",
        "注销",
        "已取消",
        "勿用",
        "禁用",
        "失效",
        "倒闭",
        "停业",
        "已关闭",
        "gelöscht",
        "重复",
    ),
    pattern=re.compile(
        r"(?:^(zzz+|xxx+)(?=[\W_])|(do not use|don.t use|nicht (?:mehr )?verwenden)"
        r"|^\W*(cancel(?:l?ed)|closed|inactive|obsolete|deleted|duplicate|void|blocked|gesperrt|inaktiv|storniert|gelöscht)"
        r"(?=\s*[-–—:*_/])"
        r"|(?:[-–_*:]\s*|[(\[（])(cancel(?:l?ed)|closed|inactive|obsolete|deleted|duplicate|blocked|gesperrt|inaktiv|storniert|gelöscht"
        r"|erloschen|insolvent)\W*$"
        r"|[【\[(（](?:已)?(停用|作废|注销|取消|勿用|禁用|失效|倒闭|停业|关闭|重复)(?:客户)?[】\])）]|^(?:已)?(停用|作废|注销|勿用|禁用)[-_—:： ]"
        r"|[-_—](?:已)?(停用|作废|注销|勿用|禁用)$)"
    ),
)
