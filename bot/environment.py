"""The names of the variables that are set, in the environment and in `.env`."""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.errors import N_, BadInput, Phrase

DOTENV = Path(".env")


def misspelt(environment: Iterable[str], known: Sequence[str]) -> list[Phrase]:
    """A sentence for each TIERBOT_ variable that is no setting; TIERBOT_TEST_ ones belong to the tests.

    Other programs have SLACK_ variables too: of those only one that is nearly a setting's name is misspelt.
    """
    problems: list[Phrase] = []
    for name in sorted(environment):
        if name in known or not name.startswith(("SLACK_", "TIERBOT_")) or name.startswith("TIERBOT_TEST_"):
            continue
        ours = name.startswith("TIERBOT_")
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8 if ours else 0.9)
        if near:
            problems.append(
                Phrase(N_("%(name)s is not a setting: did you mean %(near)s?"), name=name, near=near[0])
            )
        elif ours:
            problems.append(Phrase(N_("%(name)s is not a setting: remove it."), name=name))
    return problems


def dotenv() -> dict[str, str]:
    """The names in `.env`. Raises BadInput when it cannot be read."""
    try:
        text = DOTENV.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise BadInput(
            N_("%(file)s is not UTF-8 text (byte %(place)s); save it as UTF-8."),
            file=DOTENV.absolute(),
            place=error.start + 1,
        ) from None
    except OSError as error:
        raise BadInput(
            N_("%(file)s cannot be read: %(problem)s."), file=DOTENV.absolute(), problem=error.strerror
        ) from None
    return dict.fromkeys(re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", text, flags=re.MULTILINE), "")
