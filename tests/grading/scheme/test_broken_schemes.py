"""Schemes that are wrong: each fault is named with its line, its key and a remedy, all of them at once."""

import pickle

import pytest

from grading.scheme.presets import preset_text
from grading.scheme.problems import SchemeError
from grading.scheme.reader import parse_scheme

ORDERS = preset_text("orders_only")
PROSPECTS = preset_text("prospects")
CREDIT = preset_text("credit_assessment")

# (what it is, preset, text to replace once, its replacement, key of the problem, part of the message)
BROKEN: list[tuple[str, str, str, str, str, str]] = [
    ("unknown top key", ORDERS, "as_of: month_end", "as_off: month_end", "as_off", 'unknown key "as_off"'),
    ("unknown cadence", ORDERS, "as_of: month_end", "as_of: monthly", "as_of", '"monthly" is not known here'),
    ("unknown record type", ORDERS, "record_type: account", "record_type: lead", "record_type", '"lead" is not known'),
    ("version no number", ORDERS, "version: 2", "version: one", "version", 'expected a number, found the text "one"'),
    ("version a fraction", ORDERS, "version: 2", "version: 1.5", "version", "1.5 is not a whole number"),
    ("version a boolean", ORDERS, "version: 2", "version: true", "version", "expected a number, found true"),
    ("version zero", ORDERS, "version: 2", "version: 0", "version", "0 is out of range"),
    ("scheme id with a space", ORDERS, "scheme: orders_only", "scheme: my scheme", "scheme", "cannot be an id"),
    ("currency in words", ORDERS, "currency: CNY ", "currency: yuan ", "currency", '"yuan" is not a currency'),
    ("currency without a value", ORDERS, "currency: CNY ", "currency: ", "currency", "expected text, found nothing"),
    ("movement without a value", ORDERS, "as_of:", "movement:\nas_of:", "movement", "expected keys and values, found nothing"),
    ("key of the product's own", ORDERS, "as_of:", "sha256: abc\nas_of:", "sha256", 'unknown key "sha256"'),
    ("whole number too large", ORDERS, "version: 2", f"version: {'9' * 400}", "version", "is out of range"),
    ("list for a text", ORDERS, "record_type: account", "record_type: [account]", "record_type", "expected text, found a list"),
    ("applies to a word", ORDERS, "as_of:", "applies_to: finance\nas_of:", "applies_to", "expected keys and values"),
    ("applies to nobody", ORDERS, "as_of:", "applies_to: {}\nas_of:", "applies_to", "this names nobody"),
    (
        "applies to an unknown column",
        ORDERS,
        "as_of:",
        "applies_to: {sector: [finance]}\nas_of:",
        "applies_to.sector",
        'unknown key "sector"',
    ),
    (
        "applies to one word without a list",
        ORDERS,
        "as_of:",
        "applies_to: {industry: finance}\nas_of:",
        "applies_to.industry",
        'expected a list of words, found the text "finance"',
    ),
    (
        "applies to an empty list",
        ORDERS,
        "as_of:",
        "applies_to: {industry: []}\nas_of:",
        "applies_to.industry",
        "so it fits nobody",
    ),
    (
        "applies to a truth",
        ORDERS,
        "as_of:",
        "applies_to: {country: [SE, true]}\nas_of:",
        "applies_to.country[1]",
        "expected a word, found",
    ),
    (
        "applies to a number",
        ORDERS,
        "as_of:",
        "applies_to: {region: [1]}\nas_of:",
        "applies_to.region[0]",
        "expected a word, found the number 1",
    ),
    (
        "applies to a blank",
        ORDERS,
        "as_of:",
        'applies_to: {region: [" "]}\nas_of:',
        "applies_to.region[0]",
        "expected a word",
    ),
    (
        "applies to the same word twice",
        ORDERS,
        "as_of:",
        "applies_to: {industry: [bank, bank]}\nas_of:",
        "applies_to.industry[1]",
        '"bank" stands twice',
    ),
    ("negative decimals", ORDERS, "display_decimals: 1", "display_decimals: -1", "display_decimals", "out of range"),
    ("coverage in percent", ORDERS, "min_coverage: 0.60", "min_coverage: 60", "min_coverage", "60 is out of range"),
    ("infinite coverage", ORDERS, "min_coverage: 0.60", "min_coverage: .inf", "min_coverage", "not finite"),
    ("name in one language", ORDERS, ', zh: "增长"}', "}", "dimensions[2].name.zh", '"zh" is missing'),
    ("name as text", ORDERS, 'name: {en: "Growth", zh: "增长"}', "name: Growth", "dimensions[2].name", "in English and in"),
    ("empty name", ORDERS, 'zh: "增长"', 'zh: ""', "dimensions[2].name.zh", "expected text"),
    ("weights of dimensions", ORDERS, "weight: 45", "weight: 44", "dimensions", "the weights add up to 99, not to 100"),
    (
        "weights of indicators",
        ORDERS,
        "weight: 30",
        "weight: 31",
        "dimensions[3].indicators",
        "the weights add up to 101",
    ),
    ("weight zero", ORDERS, "weight: 45", "weight: 0", "dimensions[0].weight", "0 is out of range"),
    ("weight negative", ORDERS, "weight: 45", "weight: -45", "dimensions[0].weight", "-45 is out of range"),
    ("weight in quotes", ORDERS, "weight: 45", 'weight: "45"', "dimensions[0].weight", 'found the text "45"'),
    ("weight misspelt", ORDERS, "weight: 45", "wieght: 45", "dimensions[0].wieght", 'unknown key "wieght"'),
    ("dimension twice", ORDERS, "- id: depth", "- id: value", "dimensions[1].id", "used twice, first in line"),
    (
        "indicator twice, in another dimension",
        ORDERS,
        "- id: years_with_us",
        "- id: net_revenue_12m",
        "dimensions[3].indicators[2].id",
        "used twice",
    ),
    (
        "indicator called like a column",
        ORDERS,
        "- id: years_with_us",
        "- id: months_with_us",
        "dimensions[3].indicators[2].id",
        "is a column of every table",
    ),
    (
        "indicator id in Chinese",
        ORDERS,
        "- id: years_with_us",
        "- id: 合作年限",
        "dimensions[3].indicators[2].id",
        "cannot be an id",
    ),
    (
        "unit of another currency",
        ORDERS,
        "unit: CNY",
        "unit: USD",
        "dimensions[0].indicators[0].unit",
        "the unit is USD, but the scheme's currency is CNY",
    ),
    (
        "knots not rising",
        ORDERS,
        "[20000, 20], [100000, 50]",
        "[20000, 20], [20000, 50]",
        "dimensions[0].indicators[0].score.knots[2][0]",
        "20000 is not greater than the value before it",
    ),
    (
        "score above 100",
        ORDERS,
        "[1500000, 100]",
        "[1500000, 120]",
        "dimensions[0].indicators[0].score.knots[4][1]",
        "the score 120 is not between 0 and 100",
    ),
    (
        "one knot",
        ORDERS,
        "knots: [[-0.30, 0], [0, 40], [0.15, 70], [0.50, 100]]",
        "knots: [[0, 40]]",
        "dimensions[2].indicators[0].score.knots",
        "one knot is not enough",
    ),
    (
        "knot of three",
        ORDERS,
        "[[-0.30, 0],",
        "[[-0.30, 0, 1],",
        "dimensions[2].indicators[0].score.knots[0]",
        "a knot is a pair of numbers",
    ),
    (
        "knot not a number",
        ORDERS,
        "[[-0.30, 0],",
        "[[.nan, 0],",
        "dimensions[2].indicators[0].score.knots[0][0]",
        "not finite",
    ),
    (
        "unknown function",
        ORDERS,
        "{fn: points, knots: [[-0.30",
        "{fn: point, knots: [[-0.30",
        "dimensions[2].indicators[0].score.fn",
        'the text "point" is not a score function',
    ),
    (
        "function missing",
        ORDERS,
        "{fn: points, knots: [[-0.30",
        "{knots: [[-0.30",
        "dimensions[2].indicators[0].score.fn",
        '"fn" is missing',
    ),
    (
        "knots for bands",
        ORDERS,
        "{fn: points, knots: [[-0.30",
        "{fn: bands, knots: [[-0.30",
        "dimensions[2].indicators[0].score.knots",
        'unknown key "knots"',
    ),
    (
        "scale without width",
        PROSPECTS,
        "min: 1, max: 5",
        "min: 5, max: 5",
        "dimensions[4].indicators[0].score.max",
        "min and max are both 5",
    ),
    (
        "words that are numbers",
        PROSPECTS,
        "{no_plan: 10,",
        "{1: 10,",
        "dimensions[4].indicators[2].score.values.1",
        '"1" is not a word',
    ),
    (
        "words beside booleans",
        PROSPECTS,
        "{no_plan: 10,",
        "{true: 10,",
        "dimensions[4].indicators[2].score.values",
        "true/false stand beside words",
    ),
    (
        "score of a word",
        PROSPECTS,
        "no_plan: 10",
        "no_plan: low",
        "dimensions[4].indicators[2].score.values.no_plan",
        'expected a number, found the text "low"',
    ),
    ("influence in words", ORDERS, "influence: false", 'influence: "no"', "dimensions[3].indicators[2].influence", 'expected true or false, found the text "no"'),
    ("influence a number", PROSPECTS, "influence: false", "influence: 0", "dimensions[0].indicators[0].influence", "expected true or false, found the number 0"),
    ("influence misspelt", CREDIT, "influence: false", "influenced: false", "dimensions[0].indicators[0].influenced", 'unknown key "influenced"'),
    ("tiers not falling", ORDERS, "{id: B, at: 45", "{id: B, at: 70", "tiers[1].at", "70 is not below 70"),
    ("last tier above 0", ORDERS, "{id: C, at: 0", "{id: C, at: 5", "tiers[2].at", "lower scores have no tier"),
    ("tier beyond 100", ORDERS, "{id: A, at: 70", "{id: A, at: 170", "tiers[0].at", "170 is out of range"),
    ("tier called new", ORDERS, "{id: C, at: 0", "{id: new, at: 0", "tiers[2].id", "when there is no tier"),
    ("tier twice", ORDERS, "{id: B, at: 45", "{id: A, at: 45", "tiers[1].id", 'the tier id "A" is used twice'),
    ("policy of a list", CREDIT, "terms_days: 90,", "terms_days: [90],", "tiers[0].policy.terms_days", "found a list"),
    ("unknown promise", ORDERS, "visits_a_year", "visit_a_year", "tiers[0].policy.service.visit_a_year", 'unknown key "visit_a_year"'),
    ("promise too often", ORDERS, "visits_a_year: 4", "visits_a_year: 366", "tiers[0].policy.service.visits_a_year", "out of range"),
    ("promise of half a visit", ORDERS, "visits_a_year: 4", "visits_a_year: 1.5", "tiers[0].policy.service.visits_a_year", "not a whole number"),
    ("promise in a word", ORDERS, "visits_a_year: 4", "visits_a_year: often", "tiers[0].policy.service.visits_a_year", "expected a number"),
    ("unknown delivery", ORDERS, "delivery: priority", "delivery: fast", "tiers[0].policy.service.delivery", '"fast" is not known'),
    ("extra in one language", ORDERS, '{en: "standard service and support", zh: "标准化的服务和支持"}', "standard", "tiers[2].policy.service.extras[0]", 'found the text "standard"'),
    ("promise of a list", ORDERS, "service: {response_days: 5, delivery: standard,", "service: [1], more: {", "tiers[2].policy.service", "found a list"),
    ("margin too wide", ORDERS, "margin_down: 3.0", "margin_down: 12.5", "movement.margin_down", "half the gap"),
    ("margin beyond 100", CREDIT, "{id: AAA, at: 90", "{id: AAA, at: 99", "movement.margin_up", "nobody can reach 99 + 2"),
    ("confirmations zero", ORDERS, "confirm_up: 1", "confirm_up: 0", "movement.confirm_up", "0 is out of range"),
    ("unknown policy", ORDERS, "policy: redistribute", "policy: zero", "missing.policy", '"zero" is not known here'),
    ("cap of no tier", ORDERS, "cap: C", "cap: D", "gates[0].cap", 'there is no tier "D"'),
    ("two actions", ORDERS, "cap: C", "cap: C\n    block: true", "gates[0]", "exactly one thing, found cap and block"),
    ("no action", ORDERS, "    cap: C\n", "", "gates[0]", "exactly one thing, found none"),
    ("block false", PROSPECTS, "block: true", "block: false", "gates[0].block", "block: false does nothing"),
    ("two conditions", ORDERS, "lt: 0}", "lt: 0, ge: -1}", "gates[0].when", "exactly one condition, found ge and lt"),
    ("no condition", ORDERS, ", lt: 0}", "}", "gates[0].when", "exactly one condition, found none"),
    ("limit of a word", ORDERS, "lt: 0}", "lt: zero}", "gates[0].when.lt", "expected a number"),
    ("word for a number field", ORDERS, "lt: 0}", "in: [low]}", "gates[0].when", 'reads "gross_margin_rate" as a word'),
    ("number in a list of words", PROSPECTS, 'in: ["no"]', "in: [0]", "gates[0].when.in[0]", "expected a word or true/false"),
    ("mixed list", PROSPECTS, 'in: ["no"]', "in: [no, true]", "gates[0].when.in", "words and true/false are mixed"),
    ("no dimension", CREDIT, "dimension: financial", "dimension: finance", "gates[3].when.dimension", "there is no dimension"),
    ("missing false", CREDIT, "missing: true}", "missing: false}", "gates[3].when.missing", "only missing: true"),
    ("gate twice", PROSPECTS, "- id: blacklist", "- id: do_not_contact", "gates[1].id", "used twice"),
    ("window that is not applied", ORDERS, "window_months: 12", "window_months: 24", "window_months", "not applied"),
    ("interval that is not applied", ORDERS, "show_interval: true", "show_interval: false", "missing.show_interval",
     "not applied"),
    ("name of no word", CREDIT, "            grey: {en", "            gray: {en",
     "dimensions[1].indicators[5].score.names.gray", "not among the words"),
    ("name of a word in one language", CREDIT, 'grey: {en: "grey", zh: "灰色区"}', "grey: 灰色区",
     "dimensions[1].indicators[5].score.names.grey", "given in English and in Chinese"),
    ("name of true", CREDIT, "            grey: {en", "            true: {en",
     "dimensions[1].indicators[5].score.names.true", "shown as yes and no"),
    ("unknown constant", ORDERS, "window_months: 12", "constants: {our_margin: 1}", "constants.our_margin", "unknown key"),
    ("unknown need", ORDERS, "needs: [reason,", "needs: [reasons,", "override.needs[0]", "cannot be asked for"),
    ("own formula", CREDIT, "0.10 * net_worth", "0.20 * net_worth", "credit_limit.formula", "are not evaluated"),
    ("first order of an account", PROSPECTS, "record_type: prospect", "record_type: account", "on_first_order", "only prospects"),
    ("indicators empty", CREDIT, "indicators:\n      - id: years_in_business", "indicators: []\n    x:\n      - id: y", "dimensions[0].indicators", "the list is empty"),
    ("dimension a word", ORDERS, "dimensions:\n", "dimensions:\n  - oops\n", "dimensions[0]", "expected keys and values"),
    ("key twice", ORDERS, "version: 2", "version: 2\nversion: 3", "version", "the key stands twice, first in line 2"),
    ("alias", ORDERS, "lt: 0}", "lt: 0}\n    extra: [&a [1], *a]", "gates[0].extra[1]", "an alias (*name) is used"),
    ("python object", ORDERS, "version: 2", "version: !!python/name:os.system 1", "version", "is not supported"),
    ("bad indentation", ORDERS, "version: 2", " version: 2", "", "this is not YAML"),
    ("open bracket", ORDERS, "lt: 0}", "lt: 0", "", "this is not YAML"),
    ("tab", ORDERS, "as_of: month_end", "\tas_of: month_end", "", "this is not YAML"),
    ("control character", ORDERS, "version: 2", "version: \x07", "", "a character that YAML forbids"),
]  # fmt: skip


# Where the line of the problem is not the line of the change: what stands in it, and which time.
LINES: dict[str, tuple[str, int]] = {
    "weights of dimensions": ("dimensions:", 0),
    "weights of indicators": ("indicators:", 3),
    "last tier above 0": ("tiers:", 0),
    "margin beyond 100": ("movement:", 0),
    "two actions": ("- id: loss_making", 0),
    "no action": ("- id: loss_making", 0),
    "first order of an account": ("on_first_order:", 0),
    "dimension a word": ("- oops", 0),
    "key twice": ("version: 3", 0),
    "indicators empty": ("indicators: []", 0),
    "open bracket": ("cap: C", 0),
}


def line_of(text: str, snippet: str, time: int = 0) -> int:
    return [number for number, line in enumerate(text.split("\n"), 1) if snippet in line][time]


@pytest.mark.parametrize("row", BROKEN, ids=[row[0] for row in BROKEN])
def test_a_fault_is_named_with_line_key_and_remedy(row: tuple[str, str, str, str, str, str]) -> None:
    what, preset, old, new, key, message = row
    assert old in preset
    text = preset.replace(old, new, 1)
    with pytest.raises(SchemeError) as caught:
        parse_scheme(text, source="mine.yaml")
    problem = next((p for p in caught.value.problems if p.key == key and message in p.message), None)
    assert problem is not None, str(caught.value)
    if what in LINES:
        assert problem.line == line_of(text, *LINES[what])
    else:
        changed = text.count("\n", 0, preset.index(old) + len(new) - len(new.lstrip("\n"))) + 1
        assert problem.line - changed == (1 if "\n    " in new else 0)
    assert problem.remedy
    where = f"mine.yaml line {problem.line}{', ' + key if key else ''}"
    assert str(problem) == f"{where}: {problem.message}; {problem.remedy}"


def test_there_are_enough_of_them() -> None:
    assert len({row[0] for row in BROKEN}) == len(BROKEN) >= 60


def test_every_fault_of_a_file_is_reported_at_once() -> None:
    text = ORDERS
    changes = [row for row in BROKEN if row[1] is ORDERS and row[0] in (
        "unknown cadence", "version a fraction", "weight misspelt", "score above 100", "cap of no tier", "tier called new",
        "unknown policy", "name in one language",
    )]  # fmt: skip
    for _, _, old, new, _, _ in changes:
        text = text.replace(old, new, 1)
    with pytest.raises(SchemeError) as caught:
        parse_scheme(text, source="s")
    keys = [problem.key for problem in caught.value.problems]
    assert {row[4] for row in changes} <= set(keys)
    assert "tiers[2].id" in keys
    lines = [problem.line for problem in caught.value.problems]
    assert lines == sorted(lines)
    assert str(caught.value).count("\n") == len(lines) - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a scheme is a list of keys and values"),
        ("- a\n- b\n", "a scheme is a list of keys and values"),
        ("just words", "a scheme is a list of keys and values"),
        ("a: 1\n---\nb: 2\n", "this is not YAML"),
        ("a: " + "[" * 100_000, "nested too deeply"),
        ("- " * 2000, "nested too deeply"),
        ('scheme: "\\ud800"', "half a character"),
        ("a: 1\n" * 200_000, "characters"),
    ],
)
def test_what_is_no_scheme_at_all_is_refused_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(SchemeError, match=message) as caught:
        parse_scheme(text, source="s")
    assert len(caught.value.problems) == 1


def test_an_empty_mapping_lists_all_that_is_missing() -> None:
    with pytest.raises(SchemeError) as caught:
        parse_scheme("{}", source="s")
    missing = {problem.key for problem in caught.value.problems}
    assert missing == {"scheme", "version", "name", "record_type", "dimensions", "tiers"}


@pytest.mark.parametrize(("wrong", "right"), [("wieght: 45", '"weight"'), ("weigth: 45", '"weight"')])
def test_a_misspelt_key_is_answered_with_the_right_one(wrong: str, right: str) -> None:
    with pytest.raises(SchemeError, match=f"did you mean {right}"):
        parse_scheme(ORDERS.replace("weight: 45", wrong, 1), source="s")


def test_a_scheme_error_survives_being_sent_between_processes() -> None:
    with pytest.raises(SchemeError) as caught:
        parse_scheme("{}", source="s")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.problems == caught.value.problems
    assert str(copy) == str(caught.value)
