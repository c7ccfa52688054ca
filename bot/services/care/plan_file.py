"""Reading a care plan: the model from a YAML file, or the problems with file, line and key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedSeq

from bot.errors import N_, Phrase, SeveralProblems
from bot.services import firm_files
from bot.services.care.plan import BLOCK, WORD, CarePlan
from bot.services.care.plan_versions.care_plans import CarePlans, ShippedPlan
from bot.settings import ROOT, choices_of, sentence_of
from db.care.touches import StepKind
from grading.scheme import text as yaml_text
from grading.scheme.problems import place

FOLDER = ROOT / "templates" / "care"
SHIPPED = FOLDER / "plan.yaml"
SHIPPED_FOR_CREDIT = FOLDER / "credit_assessment.yaml"


def load_all(given: Path | None) -> CarePlans:
    """The firm's plans, from a file or a folder of files, before the shipped ones.

    Raises SeveralProblems with every problem of every file.
    """
    own = load_own(given)
    plans = CarePlans.layered(list(own.values()), shipped_plans())
    if problems := list(_collisions(own, plans)):
        raise SeveralProblems(problems)
    return plans


def load_own(given: Path | None) -> dict[Path, CarePlan]:
    """The firm's own plans by their files; none without a setting. Raises SeveralProblems."""
    return {} if given is None else load_files(plan_files(given))


@cache
def shipped_plans() -> tuple[ShippedPlan, ...]:
    """The plans that come with the product, none of which is read yet. A file is named after its plan and its scheme.

    It serves the scheme that `tierbot scheme propose` makes of it as well.
    """
    return tuple(
        ShippedPlan(
            plan="standard" if path == SHIPPED else path.stem,
            schemes=() if path == SHIPPED else (path.stem, f"{path.stem}_own"),
            by="credit" if path == SHIPPED_FOR_CREDIT else "tier",
            path=path,
            reader=_load_shipped,
        )
        for path in plan_files(FOLDER)
    )


@cache
def _load_shipped(path: Path) -> CarePlan:
    return load_plan(path)


def plan_files(given: Path) -> list[Path]:
    """The file itself, or the plans of a folder. Raises SeveralProblems for a folder without one."""
    if not given.is_dir():
        return [given]
    found = sorted(path for path in given.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file())
    if not found:
        raise SeveralProblems(
            [
                Phrase(
                    N_("%(folder)s has no care plan: no file in it ends in .yaml; add one, or name another"),
                    folder=given.name,
                )
            ]
        )
    return found


def load_files(paths: Sequence[Path]) -> dict[Path, CarePlan]:
    """The plans of some files. Raises SeveralProblems with every problem, also for two plans of one scheme."""
    found: dict[Path, CarePlan] = {}
    problems: list[str] = []
    for path in paths:
        try:
            found[path] = load_plan(path)
        except SeveralProblems as error:
            problems += error.problems
    if problems := [*problems, *_rivals(found)]:
        raise SeveralProblems(problems)
    return found


def load_plan(path: Path | None) -> CarePlan:
    """The plan of a file, or the shipped one for every scheme. Raises SeveralProblems naming file, line and key of each."""
    path = path or SHIPPED
    return _plan(path.name, partial(yaml_text.read, path))


def parse_plan(text: str, source: str) -> CarePlan:
    """A plan from its text. Raises SeveralProblems naming the source, line and key of each."""
    return _plan(source, lambda: text)


def _plan(source: str, read: Callable[[], str]) -> CarePlan:
    data = firm_files.read_values(source, read, "TIERBOT_CARE_PLAN")
    try:
        return CarePlan.model_validate(firm_files.plain(data))
    except ValidationError as error:
        raise SeveralProblems(_sentences(source, data, error.errors())) from None


def _rivals(plans: Mapping[Path, CarePlan]) -> Iterator[Phrase]:
    """Plans that serve the same customers, or have the same id."""
    ids: dict[str, Path] = {}
    serving: dict[tuple[str, str], Path] = {}
    for path, plan in plans.items():
        if (other := ids.setdefault(plan.plan, path)) != path:
            yield Phrase(
                N_("%(file)s: plan %(plan)s is in %(other)s too; give one of them another id"),
                file=path.name,
                plan=repr(plan.plan),
                other=other.name,
            )
        for scheme in plan.serves:
            if (other := serving.setdefault((plan.by, scheme), path)) == path:
                continue
            msgid = N_("%(file)s: scheme %(scheme)s has a plan in %(other)s already; name it in one of them")
            if plan.by == "credit":
                msgid = N_("%(file)s: the credit grades have a plan in %(other)s already; keep one of them")
            elif not scheme:
                msgid = N_(
                    "%(file)s: %(other)s is a plan for every scheme already; add schemes: to one of them"
                )
            yield Phrase(msgid, file=path.name, scheme=repr(scheme), other=other.name)


def _collisions(own: Mapping[Path, CarePlan], plans: CarePlans) -> Iterator[Phrase]:
    """Ids that stand for two things: a due step names its plan and its step by their ids."""
    shipped = {plan.plan for plan in plans.sources if isinstance(plan, ShippedPlan)}
    for path, plan in own.items():
        if plan.plan in shipped:
            yield Phrase(
                N_(
                    "%(file)s: the shipped plan for other schemes has the id %(plan)s too; give yours another id"
                ),
                file=path.name,
                plan=repr(plan.plan),
            )
    yield from plans.shared_steps()


_WHOLE = N_("must be a whole number, not %(input)s")
_EMPTY = N_("is empty; name at least one")
_BLOCK = N_("must be a block of keys; see the shipped plan")
_SENTENCES = {
    "extra_forbidden": N_("is not a key of a care plan; remove it or mend its spelling"),
    "missing": N_("is missing; add it"),
    "too_short": _EMPTY,
    "string_too_short": N_("is empty; write a text"),
    "string_too_long": N_("is too long; write at most %(max_length)s characters"),
    "greater_than_equal": N_("must be %(ge)s or more, not %(input)s"),
    "less_than_equal": N_("must be %(le)s or less, not %(input)s"),
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "string_type": N_("must be words, not %(input)s"),
    "literal_error": N_("%(input)s is not allowed; use %(expected)s"),
    "union_tag_invalid": N_("kind %(tag)s is not known; use %(expected_tags)s"),
    "union_tag_not_found": N_("has no kind; use revisit, follow_up, greeting, birthday, anniversary or once"),
    "model_type": _BLOCK,
    "dict_type": _BLOCK,
    "tuple_type": N_("must be a list; start each item with a dash"),
}


def _sentences(file: str, data: Any, errors: list[Any]) -> list[Phrase]:
    """One sentence for each problem, in the order of the file; one that an alias repeats comes once."""
    found: dict[tuple[int, str], Phrase] = {}
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # its items have problems of their own
        line, key = firm_files.place_of(data, error["loc"], "plan", _is_of_pydantic)
        message = sentence_of(error)
        if error["type"] in _SENTENCES:
            values = {**error.get("ctx", {}), "input": repr(error["input"])}
            if error["type"] == "literal_error":
                values["expected"] = choices_of(values["expected"])
            message = Phrase(_SENTENCES[error["type"]], **values)
        sentence = Phrase(N_("%(place)s: %(message)s"), place=place(file, line, key), message=message)
        found.setdefault((line, message), sentence)
    return [sentence for _, sentence in sorted(found.items(), key=lambda item: item[0][0])]


def _is_of_pydantic(data: Any, key: Any) -> bool:
    """Whether a key is none of the file: pydantic's marker, the kind it chose, and a list that stands for a block."""
    return key in ("[key]", BLOCK, WORD, *StepKind) or (key == "steps" and isinstance(data, CommentedSeq))
