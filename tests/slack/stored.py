"""Every message as Slack gets it, in both languages, kept as JSON so that a change of what people read shows in a diff.

`python -m tests.slack.stored` writes them anew.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.services.ops.templates import sample
from bot.slack import blocks
from bot.wording import catalogue
from bot.wording.messages import MESSAGES
from bot.wording.rendering import Renderer

FOLDER = Path(__file__).with_name("stored")


def stored() -> Mapping[str, str]:
    """File name -> content: the message with everything in it, and with as little as its type allows."""
    renderer, found = Renderer(), {}
    for name, kind in MESSAGES.items():
        shown = {
            f"{language} {'full' if full else 'bare'}": blocks.payload(
                renderer, sample(kind, full=full), language, with_table=False
            )
            for language in catalogue.LANGUAGES
            for full in (True, False)
        }
        if kind.table_of is not None:
            shown["en table"] = blocks.payload(renderer, sample(kind, full=True), "en", with_table=True)
        found[f"{name}.json"] = _written(shown)
    return found


def _written(payloads: Mapping[str, Any]) -> str:
    return json.dumps(payloads, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, content in stored().items():
        (FOLDER / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
