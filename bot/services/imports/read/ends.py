"""Whether a customer has ended, or a person has left: a day, or a word for yes or no."""

from dataclasses import dataclass

from bot.errors import N_, Phrase
from bot.services.imports.read.dates import Dates
from bot.services.imports.read.refusal import RefusedValue, clip
from bot.services.imports.read.text import plain

_ENDED = frozenset(map(plain, (
    "yes", "y", "true", "1", "x", "ended", "closed", "churned", "lost", "inactive", "terminated",
    "suspended", "disabled", "deactivated", "locked", "blocked", "left", "resigned", "exited",
    "离职", "已离职", "禁用", "已禁用", "冻结", "锁定",
    "是", "已流失", "流失", "停用", "已停用", "终止", "已终止", "注销", "已注销", "失效",
    "ja", "wahr", "beendet", "inaktiv", "gekündigt", "gesperrt", "erloschen", "ausgeschieden", "deaktiviert",
)))  # fmt: skip
_GOES_ON = frozenset(map(plain, (
    "no", "n", "false", "0", "active", "open", "current", "enabled",
    "否", "正常", "在用", "启用", "有效", "合作中", "活跃", "存续", "未流失",
    "nein", "falsch", "aktiv", "laufend",
)))  # fmt: skip

_YES_OR_NO = frozenset(map(plain, (
    "yes", "y", "true", "1", "x", "是", "ja", "wahr", "no", "n", "false", "0", "否", "nein", "falsch",
)))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Reads a day as ISO text, else whether the customer has ended; None for a day that stands for none."""

    days: Dates
    is_valid: bool = False  # whether yes, in this column, means that it goes on

    def __call__(self, text: str) -> str | bool | RefusedValue | None:
        word = plain(text)
        if word in _ENDED or word in _GOES_ON:
            return (word in _ENDED) != (self.is_valid and word in _YES_OR_NO)
        day = self.days(text)
        if isinstance(day, RefusedValue) and not any(map(str.isdecimal, text)):
            return RefusedValue(
                Phrase(
                    N_("%(cell)s is neither a day nor yes or no; leave it empty if nothing is known"),
                    cell=repr(clip(text)),
                )
            )
        return day
