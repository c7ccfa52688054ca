"""Whether a customer has ended: a day, or a word for yes or no."""

from collections.abc import Callable
from typing import Any

from bot.services.imports.read.refusal import RefusedValue, clip
from bot.services.imports.read.text import plain

_ENDED = frozenset(map(plain, (
    "yes", "y", "true", "1", "x", "ended", "closed", "churned", "lost", "inactive", "terminated",
    "是", "已流失", "流失", "停用", "已停用", "终止", "已终止", "注销", "已注销", "失效",
    "ja", "wahr", "beendet", "inaktiv", "gekündigt", "gesperrt", "erloschen",
)))  # fmt: skip
_GOES_ON = frozenset(map(plain, (
    "no", "n", "false", "0", "active", "open", "current",
    "否", "正常", "在用", "启用", "有效", "合作中", "活跃", "存续", "未流失",
    "nein", "falsch", "aktiv", "laufend",
)))  # fmt: skip


def ends(days: Callable[[str], Any]) -> Callable[[str], Any]:
    """A parser that gives a day as ISO text, else whether the customer has ended."""

    def parse(text: str) -> str | bool | RefusedValue:
        word = plain(text)
        if word in _ENDED or word in _GOES_ON:
            return word in _ENDED
        day = days(text)
        if isinstance(day, RefusedValue):
            return RefusedValue(
                f"{clip(text)!r} is neither a day nor yes or no; leave it empty if nothing is known"
            )
        return str(day)

    return parse
