"""What is wrong with message templates, found before a message is rendered for somebody."""

import dataclasses
import traceback
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from jinja2 import Environment, TemplateError, TemplateSyntaxError, meta, nodes

from bot.errors import N_, Phrase
from bot.wording import catalogue, greeting_texts
from bot.wording.message_base import Message
from bot.wording.messages import MESSAGES
from bot.wording.rendering import BLOCKS, Renderer, render
from grading.scheme.model import Name

_SIMPLE = {str: "ACME", int: 2, float: 62.5, date: date(2026, 3, 31)}


def check_templates(renderer: Renderer) -> list[str]:
    """A sentence, with file and line, for each reason that a template cannot be used."""
    by_file = {f"{cls.template}.jinja": cls for cls in MESSAGES.values()}
    problems: list[str] = []
    for path in sorted(renderer.own.glob("*.jinja")) if renderer.own else ():
        if path.name not in by_file and not path.name.startswith("_"):
            problems.append(
                Phrase(
                    N_("%(path)s: no message has this name; the names are %(names)s."),
                    path=path,
                    names=", ".join(sorted(by_file)),
                )
            )
    for file, cls in by_file.items():
        problems += dict.fromkeys(_problems(renderer, file, cls))
    for path in greeting_texts.files(renderer.own):
        problems += dict.fromkeys(_greeting_problems(renderer, path))
    return problems


def sample(kind: Any, *, full: bool) -> Any:
    """A value of a field's type: with everything (`full`), or with as little as the type allows."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: sample(hints[f.name], full=full) for f in dataclasses.fields(kind)})  # type: ignore[operator]
    if kind is bool:
        return full
    choices = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        return None if type(None) in choices and not full else sample(choices[0], full=full)
    if get_origin(kind) is tuple:
        if choices[-1] is Ellipsis:
            return (sample(choices[0], full=full),) if full else ()
        return tuple(sample(choice, full=full) for choice in choices)
    return _SIMPLE[kind]


def _problems(renderer: Renderer, file: str, cls: type[Message]) -> Iterator[str]:
    environment = renderer.environment("en", own=True)
    known = [*(field.name for field in dataclasses.fields(cls)), *cls.properties]  # type: ignore[arg-type]
    unknown_name = N_("%(name)s is not in this message; use %(known)s.")
    try:
        found = list(_sentences(environment, file, BLOCKS, known, unknown_name, needed="fallback"))
        if found:
            yield from found
            return
        for language in catalogue.LANGUAGES:
            for full in (True, False):
                render(renderer.environment(language, own=True), sample(cls, full=full))
    except Exception as error:
        yield _fault(error, file)


def _greeting_problems(renderer: Renderer, path: Path) -> Iterator[str]:
    """What is wrong with a firm's own texts of one language."""
    language, environment = path.stem, renderer.environment(path.stem, own=True)
    if not greeting_texts.LANGUAGE.fullmatch(language):
        yield Phrase(
            N_("%(path)s is no language; name the file by its code, such as de or zh_Hant."), path=path
        )
        return
    file = greeting_texts.file_of(language)
    unknown_name = N_("%(name)s is not in a greeting; use %(known)s.")
    try:
        shipped = renderer.environment("en", own=False).get_template(greeting_texts.file_of("en"))
        found = list(_sentences(environment, file, list(shipped.blocks), greeting_texts.VALUES, unknown_name))
        if found:
            yield from found
            return
        template = environment.get_template(file)
    except Exception as error:
        yield _fault(error, str(path))
        return
    for block in template.blocks:
        try:
            greeting_texts.rendered(environment, template, block, Name(en="ACME", zh="ACME"), "ACME")
        except Exception as error:
            yield _fault(error, str(path))


def _sentences(
    environment: Environment,
    file: str,
    blocks: Collection[str],
    names: Collection[str],
    unknown_name: str,
    needed: str | None = None,
) -> Iterator[str]:
    """A sentence for each fault that is seen without rendering. Raises what a text that is no Jinja raises."""
    environment.get_template(file)  # compiles: such a text raises an error with its line
    text, path, _ = environment.loader.get_source(environment, file)  # type: ignore[union-attr]
    tree = environment.parse(text, file, path)
    if needed is not None and needed not in {block.name for block in tree.find_all(nodes.Block)}:
        missing = Phrase(N_("has no block named fallback; add {% block fallback %}."))
        yield Phrase(N_("%(line)s: %(reason)s"), line=path, reason=missing)
    for line, fault in _faults(environment, tree, blocks, names, unknown_name):
        place = Phrase(N_("%(file)s line %(line)s"), file=path, line=line) if line else path
        yield Phrase(N_("%(line)s: %(reason)s"), line=place, reason=fault)


def _faults(
    environment: Environment,
    tree: nodes.Template,
    blocks: Collection[str],
    names: Collection[str],
    unknown_name: str,
) -> Iterator[tuple[int | None, str]]:
    """Line and fault of what is wrong without rendering, also in branches that no sample enters."""
    for block in tree.find_all(nodes.Block):
        if block.name not in blocks:
            yield (
                block.lineno,
                Phrase(
                    N_("unknown block %(block)s; use %(blocks)s."),
                    block=repr(block.name),
                    blocks=", ".join(blocks),
                ),
            )
    for node in tree.find_all(nodes.Filter):
        if node.name not in environment.filters:
            yield (
                node.lineno,
                Phrase(
                    N_("there is no filter %(name)s; see the shipped templates for those there are."),
                    name=repr(node.name),
                ),
            )
    # Jinja keeps what is called in {% trans %} under a name of its own.
    unknown = meta.find_undeclared_variables(tree) - {*names, *environment.globals, "_trans"}
    for name in sorted(unknown):
        lines = [node.lineno for node in tree.find_all(nodes.Name) if node.name == name]
        yield (
            min(lines, default=None),
            Phrase(unknown_name, name=repr(name), known=", ".join(sorted(names))),
        )


def _fault(error: Exception, file: str) -> str:
    fault = str(error.message if isinstance(error, TemplateError) else error)
    return f"{_place(error) or file}: {fault.rstrip('.')}."


def _place(error: Exception) -> str | None:
    """File and line of a template in an error."""
    if isinstance(error, TemplateSyntaxError):
        return Phrase(N_("%(file)s line %(line)s"), file=error.filename or error.name, line=error.lineno)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).suffix == ".jinja":
            return Phrase(N_("%(file)s line %(line)s"), file=frame.filename, line=frame.lineno)
    return None
