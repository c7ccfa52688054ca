"""The handful of faults that the page offers, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.faults.kinds import Faults
from bot.demo.workspace.faults.ledger import Ledger
from bot.demo.workspace.state.records import Json


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One switch of the page, and the fault behind it."""

    label_en: str
    label_zh: str
    note_en: str
    note_zh: str
    kind: str
    settings: Mapping[str, Any]


SWITCHES: Mapping[str, Switch] = MappingProxyType(
    {
        "answer_lost": Switch(
            label_en="Slack’s answer gets lost",
            label_zh="Slack 的答复丢失",
            note_en="The message is there, but the bot never hears of it.",
            note_zh="消息已经送达，但机器人收不到答复。",
            kind="lost_closed",
            settings={},
        ),
        "slack_down": Switch(
            label_en="Slack is down",
            label_zh="Slack 停止服务",
            note_en="Every call of the bot gets an error page (503).",
            note_zh="机器人的每次调用都只得到错误页（503）。",
            kind="server_error",
            settings={"methods": "*", "status": 503},
        ),
        "slow_down": Switch(
            label_en="Slack says: slow down",
            label_zh="Slack 要求放慢",
            note_en="Every other message is refused for five seconds (429).",
            note_zh="约一半消息被拒，须等五秒再发（429）。",
            kind="rate_limited",
            settings={"probability": 0.5, "retry_after": "5"},
        ),
        "connection_drops": Switch(
            label_en="The connection drops",
            label_zh="连接中断",
            note_en="Cut now, and again ten seconds after each return.",
            note_zh="立即切断；每次恢复十秒后再次切断。",
            kind="socket_reset",
            settings={"seconds": 10.0},
        ),
        "deliver_twice": Switch(
            label_en="All is delivered twice",
            label_zh="一切都送达两次",
            note_en="Each command, click and form reaches the bot a second time.",
            note_zh="每条命令、每次点击和提交都会再次送到机器人。",
            kind="deliver_twice",
            settings={},
        ),
    }
)


def _name(switch_id: str) -> str:
    return f"page.{switch_id}"


def turn(faults: Faults, switch_id: str, *, on: bool) -> None:
    """Turn one of the page's switches; `fault_not_found` for another."""
    switch = SWITCHES.get(switch_id)
    if switch is None:
        raise ApiError("fault_not_found")
    if on:
        faults.switch(switch.kind, name=_name(switch_id), **switch.settings)
    else:
        faults.clear(_name(switch_id))


def shown(faults: Faults, ledger: Ledger) -> Json:
    """What the page shows: each switch with its count, and whether the bot's messages arrived once."""
    on, struck = faults.on, faults.struck
    return {
        "switches": [
            {
                "id": switch_id,
                "label": {"en": switch.label_en, "zh": switch.label_zh},
                "note": {"en": switch.note_en, "zh": switch.note_zh},
                "on": _name(switch_id) in on,
                "struck": struck.get(_name(switch_id), 0),
            }
            for switch_id, switch in SWITCHES.items()
        ],
        "stored": len(ledger.posts),
        "repeated": ledger.repeated,
    }
