"""The few faults that a person can switch on the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.faults.kinds import Faults
from bot.demo.workspace.faults.ledger import Ledger
from bot.demo.workspace.page.controls import Bilingual
from bot.demo.workspace.records import Json


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One switch of the page, and the fault that it switches."""

    label: Bilingual
    note: Bilingual
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


SWITCHES: Mapping[str, Switch] = {
    "answer_lost": Switch(
        label=Bilingual("Slack’s answer gets lost", "Slack 的答复丢失"),
        note=Bilingual(
            "The message is there, but the bot never hears of it.", "消息已经送达，但机器人收不到答复。"
        ),
        kind="lost_closed",
    ),
    "slack_down": Switch(
        label=Bilingual("Slack is down", "Slack 停止服务"),
        note=Bilingual(
            "Every call of the bot gets an error page (503).", "机器人的每次调用都只得到错误页（503）。"
        ),
        kind="server_error",
        settings={"methods": "*", "status": 503},
    ),
    "slow_down": Switch(
        label=Bilingual("Slack says: slow down", "Slack 要求放慢"),
        note=Bilingual(
            "Every other message is refused for five seconds (429).", "约一半消息被拒，须等五秒再发（429）。"
        ),
        kind="rate_limited",
        settings={"probability": 0.5, "retry_after": "5"},
    ),
    "connection_drops": Switch(
        label=Bilingual("The connection drops", "连接中断"),
        note=Bilingual(
            "Cut now, and again ten seconds after each return.", "立即切断；每次恢复十秒后再次切断。"
        ),
        kind="socket_reset",
        settings={"seconds": 10.0},
    ),
    "deliver_twice": Switch(
        label=Bilingual("All is delivered twice", "一切都送达两次"),
        note=Bilingual(
            "Each command, click and form reaches the bot a second time.",
            "每条命令、每次点击和提交都会再次送到机器人。",
        ),
        kind="deliver_twice",
    ),
    "no_tables": Switch(
        label=Bilingual("Slack has no tables yet", "Slack 还没有表格"),
        note=Bilingual(
            "Messages with a table are refused, as an old workspace does.",
            "带表格的消息会被拒绝，如同旧的工作区。",
        ),
        kind="no_tables",
    ),
}


def _name(switch_id: str) -> str:
    return f"page.{switch_id}"


def turn(faults: Faults, switch_id: str, *, on: bool) -> None:
    """Turn a switch on or off; `fault_not_found` for an unknown one."""
    switch = SWITCHES.get(switch_id)
    if switch is None:
        raise ApiError("fault_not_found")
    if on:
        faults.switch(switch.kind, name=_name(switch_id), **switch.settings)
    else:
        faults.clear(_name(switch_id))


def switches_json(faults: Faults, ledger: Ledger) -> Json:
    """For the page: each switch with its count, and whether the bot's messages arrived once."""
    on, struck = faults.on, faults.struck
    return {
        "switches": [
            {
                "id": switch_id,
                "label": asdict(switch.label),
                "note": asdict(switch.note),
                "on": _name(switch_id) in on,
                "struck": struck.get(_name(switch_id), 0),
            }
            for switch_id, switch in SWITCHES.items()
        ],
        "stored": len(ledger.posts),
        "repeated": ledger.repeated,
    }
