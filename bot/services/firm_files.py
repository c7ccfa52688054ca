"""Reads the YAML files in which a firm says what its own rules are."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml.error import YAMLError

from bot.errors import N_, Phrase, SeveralProblems
from bot.settings import sentence_of
from grading.scheme import text as yaml_text

Rules = TypeVar("Rules", bound=BaseModel)


def load_rules(model: type[Rules], path: Path, setting: str) -> Rules:
    """The rules of a file that a setting names. Raises SeveralProblems that name the file and the key of each."""
    try:
        return model.model_validate(_plain(yaml_text.load(yaml_text.read(path))))
    except ValidationError as error:
        first = next(iter(reversed(model.model_fields)))
        problems = [_sentence(path, one, first) for one in error.errors() if not _is_said(one)]
    except OSError as error:
        problems = [
            Phrase(
                N_("%(file)s cannot be read: %(reason)s; name a YAML file in %(setting)s"),
                file=path.name,
                reason=error.strerror,
                setting=setting,
            )
        ]
    except (YAMLError, UnicodeDecodeError, yaml_text.Refused) as error:
        mark = getattr(error, "problem_mark", None)
        problems = [
            Phrase(
                N_("%(file)s, line %(line)s: is not readable YAML; mend it or save it as UTF-8"),
                file=path.name,
                line=mark.line + 1 if mark else 1,
            )
        ]
    raise SeveralProblems(problems)


def _is_said(error: Any) -> bool:
    """Whether it only says that no item of a list is right: each has a problem of its own."""
    return error["type"] == "too_short" and bool(error["input"])


_SENTENCES = {
    "missing": N_("is missing; add it"),
    "extra_forbidden": N_("is not a key of this file; remove it or mend its spelling"),
}
_OTHER = N_("%(input)s does not fit here; the shipped file shows how it is written")


def _sentence(path: Path, error: Any, whole: str) -> Phrase:
    """A problem with its key; `whole` stands for a problem of the whole file."""
    place = ".".join(map(str, error["loc"])) or whole
    message = sentence_of(error)
    if error["type"] != "value_error":
        message = Phrase(_SENTENCES.get(error["type"], _OTHER), input=repr(error["input"]))
    return Phrase(N_("%(file)s: %(key)s: %(message)s"), file=path.name, key=place, message=message)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
