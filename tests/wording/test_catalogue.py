"""The catalogues hold every word the bot can say, in both languages."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from bot.settings import ROOT
from bot.wording import catalogue as words

Id = str | tuple[str, ...]
PLACE = re.compile(r"%\(\w+\)[sd]")
CHINESE = re.compile(r"[一-鿿]")
LANGUAGES = pytest.mark.parametrize("language", words.LANGUAGES)


@cache
def said() -> frozenset[Id]:
    """Every msgid in code and templates."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(ROOT, methods, options)
    return frozenset(
        tuple(msgid) if isinstance(msgid, tuple | list) else msgid for _, _, msgid, _, _ in found
    )


@cache
def catalogue(language: str) -> Catalog:
    path = words.CATALOGUES / language / "LC_MESSAGES" / "tierbot.po"
    with path.open("rb") as file:
        return read_po(file, locale=words.LOCALES[language], abort_invalid=True)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def forms(value: str | tuple[str, ...] | list[str] | None) -> list[str]:
    assert value is not None
    return [value] if isinstance(value, str) else list(value)


@LANGUAGES
def test_a_catalogue_holds_every_sentence_and_no_others(language: str) -> None:
    held = {tuple(m.id) if isinstance(m.id, tuple | list) else m.id for m in messages(language)}
    assert said() - held == set(), "run: make words"
    assert held - said() == set(), "run: make words"


def test_no_words_stand_inside_another_text_where_they_are_not_found() -> None:
    """Inside an f-string, Babel finds no words of Python 3.11: they would stay English."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "bot").rglob("*.py"))
        if "{_(" in (source := path.read_text(encoding="utf-8"))
        for text in ast.walk(ast.parse(source))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_"
        if isinstance(call.args[0], ast.Constant)
    ]
    assert hidden == []


@LANGUAGES
def test_nothing_in_a_catalogue_is_fuzzy_or_obsolete(language: str) -> None:
    assert [m.id for m in messages(language) if m.fuzzy] == []
    assert list(catalogue(language).obsolete) == []


def test_in_english_the_msgid_is_the_text() -> None:
    assert [m.id for m in messages("en") if any(forms(m.string))] == []


def test_every_sentence_is_translated_into_chinese() -> None:
    assert [m.id for m in messages("zh") if not all(forms(m.string))] == []
    names = {"Tierbot", "WhatsApp"}
    english = [
        m.id
        for m in messages("zh")
        if m.id not in names
        and re.search("[a-z]", re.sub(r"%\(\w+\)[sd]|--[\w-]+", "", forms(m.id)[0]))
        and not all(CHINESE.search(form) for form in forms(m.string))
    ]
    assert english == []


def test_a_translation_names_the_same_values() -> None:
    wrong = [
        m.id
        for m in messages("zh")
        for form in forms(m.string)
        if Counter(PLACE.findall(form)) != Counter(PLACE.findall(forms(m.id)[-1]))
    ]
    assert wrong == []


def test_chinese_has_chinese_punctuation() -> None:
    wrong = [m.string for m in messages("zh") if re.search(r"[一-鿿] ?[,;:?!.](?!\w)", forms(m.string)[0])]
    assert wrong == []


def test_an_english_sentence_counts_one_and_many() -> None:
    assert words.catalogue("en").ngettext("%(number)s year", "%(number)s years", 1) == "%(number)s year"
    assert words.catalogue("en").ngettext("%(number)s year", "%(number)s years", 2) == "%(number)s years"
    assert words.catalogue("zh").ngettext("%(number)s year", "%(number)s years", 2) == "%(number)s 年"


@pytest.mark.parametrize("language", [None, "", "de", "xx_YY"])
def test_a_language_we_do_not_have_gets_english(language: str | None) -> None:
    assert words.gettext(language)("Why") == "Why"


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh-CN", "zh"), ("zh_TW", "zh"), ("en-GB", "en"), ("de-DE", None), ("", None), (None, None)],
)
def test_a_slack_locale_names_a_language(locale: str | None, language: str | None) -> None:
    assert words.from_locale(locale) == language


@pytest.mark.parametrize(
    "path",
    sorted(path for package in ("bot", "grading") for path in (ROOT / package).rglob("*.py")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_error_is_given_the_values_its_sentence_names(path: Path) -> None:
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match call:
            case ast.Call(args=[ast.Call(func=ast.Name("N_"), args=[ast.Constant(str(sentence))])]):
                given = {keyword.arg for keyword in call.keywords}
                named = set(re.findall(r"%\((\w+)\)", sentence))
                assert None in given or given == named, f"{path.name} line {call.lineno}: {sentence}"


# A number before a noun that is never one; by the number's name, or the first words of the sentence.
NEVER_ONE = {
    "most": "a limit of the product, above one",
    "needed": "confirmations are asked for where there are several",
    "points": "points have decimals",
    "score": "a score has decimals",
    "draws": "a thousand",
    "years": "over several years by the rule",
    "rate": "a share",
    "each": "the bytes of a row",
    "cells": "cells of a row, where two columns are the least",
    "length": "characters beyond a limit",
    "all": "values of a column, of which a part is meant",
    "paid": "payments, of which a part is meant",
    "The newest credit assessment": "120 days",
    "An override holds": "the days a scheme allows",
    "Amounts of the column": "rows of which a part is meant",
    "Of the %(count)s rows": "rows of which a part is meant",
    "%(cell)s is the code of": "only said of several",
    "%(cell)s is another name of": "only said of several",
    "%(cell)s means": "only said of several",
    "%(count)s people are named": "only said of several",
    "%(count)s snapshots are too many": "only said of many",
}
VERBS = [
    "applies",
    "as",
    "begins",
    "builds",
    "counts",
    "does",
    "exists",
    "grades",
    "has",
    "holds",
    "is",
    "lies",
    "looks",
    "means",
    "names",
    "proposes",
    "repeats",
    "runs",
    "says",
    "shows",
    "takes",
    "was",
    "leads",
]
COUNTED = re.compile(r"%\((\w+)\)[sd] (?:(?:new|other|more|recorded) )?([a-z]+s|people)\b(?! (?:or|and) )")
NUMBERS = re.compile(
    r"all|amounts|assessments|bought|bytes|cells|changes|count|customers|days|draws|each|early|known|left|length|likely"
    r"|losing|missing|most|named|needed|never|number|paid|points|rate|read|rows|score|seconds|steps|told|unknown|years"
)


def test_what_is_counted_has_a_form_for_one() -> None:
    wrong = [
        message.id
        for message in messages("en")
        if isinstance(message.id, str)
        for name, noun in COUNTED.findall(message.id)
        if NUMBERS.fullmatch(name) and noun not in VERBS and name not in NEVER_ONE
        if not message.id.startswith(tuple(NEVER_ONE))
    ]
    assert wrong == []
