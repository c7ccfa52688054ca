"""Reads the YAML files in which a firm says what its own rules are."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from bot.errors import N_, Phrase, SeveralProblems
from bot.settings import sentence_of
from grading.scheme import text as yaml_text
from grading.scheme import yaml_faults
from grading.scheme.model import Name
from grading.scheme.problems import place

Rules = TypeVar("Rules", bound=BaseModel)
LONGEST_NAME = 75  # characters that Slack shows of an option
_MOST_SHOWN = 60  # characters of what does not fit


def _shown(name: Name) -> Name:
    for text in (name.en, name.zh):
        if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
            raise ValueError(
                Phrase(
                    N_(
                        "has a name that cannot be shown; write 1 to %(most)s characters on one line in each language"
                    ),
                    most=LONGEST_NAME,
                )
            )
    return name


RuleName = Annotated[Name, AfterValidator(_shown)]


def load_rules(model: type[Rules], path: Path, setting: str) -> Rules:
    """The rules of a file that a setting names. Raises SeveralProblems that name file, line and key of each."""
    data = read_values(path.name, partial(yaml_text.read, path), setting)
    try:
        return model.model_validate(plain(data))
    except ValidationError as error:
        first = next(iter(reversed(model.model_fields)))
        raise SeveralProblems(
            [_sentence(path.name, data, one, first) for one in error.errors() if not _is_said(one)]
        ) from None


def read_values(source: str, read: Callable[[], str], setting: str) -> Any:
    """The values of a YAML text with their lines. Raises SeveralProblems that name the source."""
    try:
        return yaml_text.load(read())
    except OSError as error:
        problem = Phrase(
            N_("%(file)s cannot be read: %(reason)s; name a YAML file in %(setting)s"),
            file=source,
            reason=error.strerror,
            setting=setting,
        )
    except (YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = place(source, mark.line + 1, "") if mark else source
        what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
        what = what.partition(" with value")[0]  # for a key that is there twice, both blocks would follow
        problem = Phrase(
            N_("%(place)s: is not readable YAML: %(fault)s; mend it or save it as UTF-8"),
            place=where,
            fault=yaml_faults.fault(what),
        )
    except yaml_text.Refused as refused:
        problem = Phrase(
            N_("%(place)s: %(fault)s; %(remedy)s"),
            place=source,
            fault=refused.message,
            remedy=refused.remedy,
        )
    raise SeveralProblems([problem])


def plain(value: Any) -> Any:
    """Values without their lines; a key is always a text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def place_of(
    data: Any,
    location: tuple[Any, ...],
    whole: str,
    is_skipped: Callable[[Any, Any], bool] = lambda data, key: False,
) -> tuple[int, str]:
    """Line and dotted key of a pydantic error's location; `whole` stands for the whole file."""
    line, shown = 1, []
    for key in location:
        if is_skipped(data, key):
            continue
        own = (
            next((own for own in data if str(own) == str(key)), None)
            if isinstance(data, CommentedMap)
            else None
        )
        if own is not None:
            line, data = data.lc.key(own)[0] + 1, data[own]
        elif isinstance(data, CommentedSeq) and isinstance(key, int) and key < len(data):
            line, data = data.lc.item(key)[0] + 1, data[key]
        shown.append(str(key))
    return line, ".".join(shown) or whole


def _is_said(error: Any) -> bool:
    """Whether it only says that no item of a list is right: each has a problem of its own."""
    return error["type"] == "too_short" and bool(error["input"])


_SENTENCES = {
    "missing": N_("is missing; add it"),
    "extra_forbidden": N_("is not a key of this file; remove it or mend its spelling"),
}
_OTHER = N_("%(input)s does not fit here; the shipped file shows how it is written")


def _sentence(source: str, data: Any, error: Any, whole: str) -> Phrase:
    """A problem with its place."""
    line, key = place_of(data, error["loc"], whole)
    message = sentence_of(error)
    if error["type"] != "value_error":
        given = repr(error["input"])
        given = given if len(given) <= _MOST_SHOWN else f"{given[:_MOST_SHOWN]} …"
        message = Phrase(_SENTENCES.get(error["type"], _OTHER), input=given)
    return Phrase(N_("%(place)s: %(message)s"), place=place(source, line, key), message=message)
