"""What is wrong with message templates, found before a message is rendered for somebody."""

import dataclasses
import traceback
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from jinja2 import Environment, TemplateError, TemplateSyntaxError, meta, nodes

from bot.errors import N_, Phrase
from bot.wording import catalogue
from bot.wording.message_base import Message
from bot.wording.messages import MESSAGES
from bot.wording.rendering import BLOCKS, Renderer, render

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
    try:
        environment.get_template(file)  # compiles: text that is no Jinja raises an error with its line
        text, path, _ = environment.loader.get_source(environment, file)  # type: ignore[union-attr]
        found = list(_faults(environment, environment.parse(text, file, path), cls))
        if found:
            for line, fault in found:
                place = Phrase(N_("%(file)s line %(line)s"), file=path, line=line) if line else path
                yield Phrase(N_("%(line)s: %(reason)s"), line=place, reason=fault)
            return
        for language in catalogue.LANGUAGES:
            for full in (True, False):
                render(renderer.environment(language, own=True), sample(cls, full=full))
    except Exception as error:
        fault = str(error.message if isinstance(error, TemplateError) else error)
        yield f"{_place(error) or file}: {fault.rstrip('.')}."


def _faults(
    environment: Environment, tree: nodes.Template, cls: type[Message]
) -> Iterator[tuple[int | None, str]]:
    """Line and fault of what is wrong without rendering, also in branches that no sample enters."""
    blocks = {block.name: block.lineno for block in tree.find_all(nodes.Block)}
    if "fallback" not in blocks:
        yield None, Phrase(N_("has no block named fallback; add {% block fallback %}."))
    for block, line in blocks.items():
        if block not in BLOCKS:
            yield (
                line,
                Phrase(
                    N_("unknown block %(block)s; use %(blocks)s."),
                    block=repr(block),
                    blocks=", ".join(BLOCKS),
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
    known = {*(field.name for field in dataclasses.fields(cls)), *cls.properties}  # type: ignore[arg-type]
    unknown = meta.find_undeclared_variables(tree) - known - set(environment.globals)
    for name in sorted(unknown):
        lines = [node.lineno for node in tree.find_all(nodes.Name) if node.name == name]
        yield (
            min(lines, default=None),
            Phrase(
                N_("%(name)s is not in this message; use %(known)s."),
                name=repr(name),
                known=", ".join(sorted(known)),
            ),
        )


def _place(error: Exception) -> str | None:
    """File and line of a template in an error."""
    if isinstance(error, TemplateSyntaxError):
        return Phrase(N_("%(file)s line %(line)s"), file=error.filename or error.name, line=error.lineno)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).suffix == ".jinja":
            return Phrase(N_("%(file)s line %(line)s"), file=frame.filename, line=frame.lineno)
    return None
