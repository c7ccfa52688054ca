"""Values become harmless words; a firm's own templates win while they work."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from markupsafe import Markup
from structlog.testing import capture_logs

from bot.errors import BadInput, BilingualName, BotError, joined
from bot.services.ops.templates import check_templates, sample
from bot.wording.care.promises import PromiseReport
from bot.wording.message_base import Slots
from bot.wording.messages import MESSAGES, Problem, TierChanged, TierDigest, Ungraded, Why
from bot.wording.parts import Who
from bot.wording.rendering import SHIPPED, Renderer, escape, problem_text
from tests.slack.strategies import HOSTILE

EARLIER_DAY = BadInput(
    "The complaint was reported on %(day)s. Choose that day or a later one.", day=date(2026, 3, 2)
)
UNKNOWN_KIND = BadInput(
    "%(kind)s is not a kind of complaint; use one of %(known)s.",
    kind="gossip",
    known=joined([BilingualName("Product quality", "产品质量"), BilingualName("Delivery", "交货")], ", "),
)
OWNER = Who(name="Anna <!here> Schmidt", slack_user_id="U0ANNA")


def ungraded(owner: Who | None = OWNER, name: str = "ACME") -> Ungraded:
    return Ungraded(customer_id=1, version=1, name=name, code="C-1", owner=owner)


def owner_line(slots: Slots) -> str:
    return slots.facts[0].split("\n")[1]


def test_every_message_has_a_template_and_every_template_a_message() -> None:
    templates = {path.stem for path in SHIPPED.glob("*.jinja") if not path.name.startswith("_")}
    assert templates == {kind.template for kind in MESSAGES.values()}


def test_no_template_line_is_so_long_that_it_holds_logic() -> None:
    lines = {
        f"{path.name} line {number}": len(line)
        for path in SHIPPED.glob("*.jinja")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    }
    assert {place: length for place, length in lines.items() if length > 120} == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("Falken & Co", "Falken &amp; Co"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ("two\nlines\x00\tand  spaces", "two lines and spaces"),
        ("\u202egpj.exe", "gpj.exe"),
        ('O\'Neill "Ltd"', 'O\'Neill "Ltd"'),
        ("شركة", "\u2068شركة\u2069"),
        (Markup("<@U0ANNA>"), "<@U0ANNA>"),
        ("x" * 81, "x" * 79 + "…"),
        ("*A* _b_ ~c~ `d` :100:", "∗A∗ ＿b＿ ∼c∼ ｀d｀ ∶100∶"),
        ("> A", "› A"),
        ("CUST_001 at 12:30, Re: 3 > 2", "CUST_001 at 12:30, Re: 3 &gt; 2"),
        ("", ""),
    ],
)
def test_a_value_is_one_harmless_line(value: str, shown: str) -> None:
    assert escape(value) == shown


@pytest.mark.parametrize(
    ("problem", "language", "said"),
    [
        (EARLIER_DAY, "en", "The complaint was reported on Mar 2, 2026."),
        (EARLIER_DAY, "zh", "投诉收到于 2026年3月2日。"),
        (UNKNOWN_KIND, "en", "use one of Product quality, Delivery."),
        (UNKNOWN_KIND, "zh", "请用：产品质量, 交货。"),
    ],
)
def test_a_problem_writes_days_and_names_as_its_reader_does(
    problem: BadInput, language: str, said: str
) -> None:
    assert said in problem_text(problem, language)


@pytest.mark.parametrize(
    "user_id",
    [None, "", "U1", "C0GENERAL", "u0anna", "U0ANNA>", "U0ANNA|x", "<@U0ANNA>", *HOSTILE],
)
def test_only_a_valid_slack_id_becomes_a_mention(user_id: str | None) -> None:
    slots = Renderer().slots(ungraded(Who(name="Anna", slack_user_id=user_id)))
    assert owner_line(slots) == "Anna"


def test_a_person_is_mentioned_in_slack_and_named_elsewhere() -> None:
    assert owner_line(Renderer().slots(ungraded())) == "<@U0ANNA>"
    assert owner_line(Renderer().slots(ungraded(), mentions=False)) == "Anna &lt;!here&gt; Schmidt"


def test_a_problem_keeps_its_whole_sentence_and_harmless_values() -> None:
    error = BadInput(
        "%(file)s line %(line)d has too many cells & no <header>; %(file)s cannot be read, so save the sheet as CSV again.",
        file="<!channel>\n*a*.csv",
        line=12,
    )
    text = problem_text(error, "en")
    assert text == (
        "&lt;!channel&gt; ∗a∗.csv line 12 has too many cells &amp; no &lt;header&gt;; "
        "&lt;!channel&gt; ∗a∗.csv cannot be read, so save the sheet as CSV again."
    )
    slots = Renderer().slots(Problem(text=text), "en")
    assert slots.body == (str(text),)
    assert slots.fallback == text


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_of_a_problem_becomes_markup(value: str) -> None:
    text = problem_text(BotError("There is no file %(file)s.", file=value), "zh")
    assert text.startswith("找不到文件")
    assert "<" not in text
    assert ">" not in text


def test_a_percent_sign_without_values_is_itself() -> None:
    assert problem_text(BotError("100 % sure"), "en") == "100 % sure"


def write(folder: Path, name: str, text: str) -> Renderer:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return Renderer(folder)


def test_a_firms_own_template_wins(tmp_path: Path) -> None:
    renderer = write(
        tmp_path / "own", "ungraded.jinja", "{% block fallback %}{{ name }}: ask Eva{% endblock %}"
    )
    assert renderer.slots(ungraded()).fallback == "ACME: ask Eva"
    assert renderer.slots(Problem(text="Choose the day.")).fallback == "Choose the day."


def test_whatever_a_template_prints_is_harmless(tmp_path: Path) -> None:
    renderer = write(
        tmp_path / "own", "ungraded.jinja", "{% block fallback %}{{ owner }} {{ '<!here>' }}{% endblock %}"
    )
    assert renderer.slots(ungraded()).fallback == (
        "Who(name=Markup('Anna &amp;lt;!here&amp;gt; Schmidt'), slack_user_id=Markup('U0ANNA')) &lt;!here&gt;"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{% block fallback %}{{ name }",
        "{% block fallback %}{{ nmae }}{% endblock %}",
        "{% block body %}{{ name }}{% endblock %}",
        "{% block fallback %}{{ name|shout }}{% endblock %}",
        "{% block fallback %}{{ name|day }}{% endblock %}",
        "{% block fallback %}{{ 1 / 0 }}{% endblock %}",
        "{% block fallback %}{% include 'gone.jinja' %}{% endblock %}",
    ],
    ids=["syntax", "unknown field", "no fallback", "unknown filter", "wrong filter", "crash", "include"],
)
def test_a_broken_template_gives_way_to_the_shipped_one_and_is_logged_once(tmp_path: Path, text: str) -> None:
    renderer = write(tmp_path / "own", "ungraded.jinja", text)
    with capture_logs() as logged:
        slots = [renderer.slots(ungraded(), language) for language in ("zh", "en", "en")]
    assert [s.fallback for s in slots] == ["ACME尚未评级", "ACME has no tier yet", "ACME has no tier yet"]
    assert [(line["event"], line["template"]) for line in logged] == [("template.broken", "ungraded.jinja")]


def doubled(step: str) -> str:
    """A text that is doubled sixty times."""
    return "{% set x = 'x' %}" + step * 60 + "{{ x }}"


def nested(name: str, opening: str, closing: str) -> str:
    """A list of twenty lists of twenty lists … of a text: small, until something reads it."""
    level = f"{{% set {name} = {opening}{', '.join([name] * 20)}{closing} %}}"
    return f"{{% set {name} = '{name * 9}' %}}" + level * 9


LONG = "{% set x = 'x'|center(999)|replace(' ', '" + "x" * 50 + "') %}"
NAMED = f"[{', '.join(['x'] * 2_000)}]"
POISON = {
    "endless loop": "{% for a in range(10**9) %}{% endfor %}",
    "loops in loops": "{% for a in range(999) %}" * 4 + "{% endfor %}" * 4,
    "loops over a list": "{% set x = range(999)|list %}{% for a in x %}{% for b in x %}{% endfor %}{% endfor %}",
    "loop that counts itself": "{% for a in range(999) %}{% for b in range(99) %}{{ loop.length }}{% endfor %}{% endfor %}",
    "recursive loop": "{% for a in [[]] recursive %}{{ loop([[], []]) }}{% endfor %}",
    "macros that call each other": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "includes itself": "{% include 'ungraded.jinja' %}{% include 'ungraded.jinja' %}",
    "prints too much": "{% for a in range(999) %}" + "x" * 1_000 + "{% endfor %}",
    "long file": "x" * 60_000,
    "product of a text": "{{ 'x' * 10**9 }}",
    "product of a list": "{{ ([1] * 10**9)|length }}",
    "power": "{{ 10 ** (10 ** 9) }}",
    "powers": "{% set x = 10 ** 99 %}" + "{% set x = x * x %}" * 60 + "{{ x }}",
    "joined": doubled("{% set x = x ~ x %}"),
    "added": doubled("{% set x = x + x %}"),
    "printed": doubled("{% set x %}{{ x }}{{ x }}{% endset %}"),
    "list": "{% set x = [1] %}" + "{% set x = x + x %}" * 60 + "{{ x|length }}",
    "replaced": doubled("{% set x = x|replace('x', 'xxxxxxxx') %}"),
    "centred": "{{ 'x'|center(10**9) }}",
    "a little too wide": "{{ 'x'|center(2000) }}",
    "justified": "{{ 'x'.ljust(10**9) }}",
    "indented": "{{ 'x'|indent(10**9, true) }}",
    "indented JSON": "{{ [1]|tojson(10**9) }}",
    "batches": "{{ [1]|batch(10**9, 1)|list|length }}",
    "slices": "{{ [1]|slice(10**9)|list|length }}",
    "rounded": "{{ 1.5|round(10**9, 'ceil') }}",
    "wide format": "{{ '%999999999d'|format(1) }}",
    "wide format of a value": "{{ '%*d'|format(10**9, 1) }}",
    "wide remainder": "{{ '%999999999d' % 1 }}",
    "wide field": "{{ '{:999999999}'.format(1) }}",
    "wide field of a value": "{{ '{:{}}'.format(1, 10**9) }}",
    "bytes": "{{ (1).to_bytes(10**9, 'big') }}",
    "filler": "{{ lipsum(10**6) }}",
    "insides": "{{ name.__class__.__mro__ }}",
    "one long text, named often, joined": f"{LONG}{{{{ {NAMED}|join }}}}",
    "added up with ~": LONG + "{{ " + " ~ ".join(["x"] * 2_000) + " }}",
    "printed as a list": f"{LONG}{{{{ {NAMED} }}}}",
    "made a text": f"{LONG}{{{{ {NAMED}|string|length }}}}",
    "made JSON": f"{LONG}{{{{ {NAMED}|tojson|length }}}}",
    "laid out": f"{LONG}{{{{ {NAMED}|pprint|length }}}}",
    "filled into fields": LONG + "{{ '" + "{0}" * 2_000 + "'.format(x) }}",
    "filled into places": LONG + "{{ '" + "%(a)s" * 2_000 + "' % {'a': x} }}",
    "filled into a translation": LONG + "{{ gettext('" + "%(a)s" * 2_000 + "', a=x) }}",
    "lists of lists": f"{nested('list', '[', ']')}{{{{ list|string|length }}}}",
    "lists compared": f"{nested('one', '[', ']')}{nested('other', '[', ']')}{{{{ one == other }}}}",
    "a key of keys": f"{nested('key', '(', ')')}{{{{ {{key: 1}}|length }}}}",
    "looked up by a key of keys": f"{nested('key', '(', ')')}{{{{ {{}}[key] }}}}",
    "tested": f"{nested('one', '[', ']')}{nested('other', '[', ']')}{{{{ one is eq(other) }}}}",
    "items that are read by a filter": "{{ range(99999)|map('abs')|sum }}",
    "collected by a block": "{% set x %}{% for a in range(9999) %}"
    + "x" * 40_000
    + "{% endfor %}{% endset %}",
    "nothing, printed often": "{% for a in range(9999) %}" + "{{ '' if a else '' }}" * 1_000 + "{% endfor %}",
}


@pytest.mark.parametrize("text", POISON.values(), ids=POISON)
def test_a_template_that_takes_too_long_or_too_much_gives_way_to_the_shipped_one(
    tmp_path: Path, text: str
) -> None:
    renderer = write(
        tmp_path / "own",
        "ungraded.jinja",
        f"{{% block fallback %}}{{% endblock %}}{{% block body %}}{text}{{% endblock %}}",
    )
    with capture_logs() as logged:
        shown = [renderer.slots(ungraded(), "en").fallback for _ in range(3)]
    assert shown == ["ACME has no tier yet"] * 3
    assert [(line["event"], line["template"]) for line in logged] == [("template.broken", "ungraded.jinja")]


@pytest.mark.parametrize(
    "case", [case for case, text in POISON.items() if LONG in text or "{% set key" in text]
)
def test_what_would_be_large_is_refused_before_it_is_made(tmp_path: Path, case: str) -> None:
    """Afterwards it would be too late: such a file made 3.5 GB of 50,000 characters."""
    (problem,) = check_templates(
        write(tmp_path / "own", "ungraded.jinja", f"{{% block fallback %}}{POISON[case]}{{% endblock %}}")
    )
    works_on = "works on more than 100,000 characters or items at once."
    fills = "fills a text with more than 100,000 characters."
    assert problem.endswith(
        (fills, works_on) if "translation" in case else fills if "filled" in case else works_on
    )


def test_check_names_a_template_that_takes_too_much(tmp_path: Path) -> None:
    text = f"{{% block fallback %}}{POISON['loops in loops']}{{% endblock %}}"
    (problem,) = check_templates(write(tmp_path / "own", "ungraded.jinja", text))
    assert problem.endswith("ungraded.jinja line 1: takes more than 10,000 steps.")


def test_what_other_templates_need_is_not_limited(tmp_path: Path) -> None:
    renderer = write(
        tmp_path / "own",
        "ungraded.jinja",
        "{% block fallback %}{{ '%.1f' % 2.25 }} {{ '%s'|format(name) }} {{ '{:>4}'.format(7) }} {{ name ~ '!' }}"
        " {{ name|upper|center(8) }} {{ [1, 2]|join('+') }} {{ 2 * 3 + 2 ** 3 }} {{ name.lower() }}"
        "{% for a in range(200) %}{% if loop.last %} {{ loop.length }}{% endif %}{% endfor %}{% endblock %}",
    )
    assert renderer.slots(ungraded()).fallback == "2.2 ACME 7 ACME! ACME 1+2 14 acme 200"
    assert check_templates(renderer) == []


def test_a_broken_part_gives_way_too(tmp_path: Path) -> None:
    renderer = write(tmp_path / "own", "_parts.jinja", "{% macro reason_line(reason) %}")
    with capture_logs():
        slots = renderer.slots(sample(Why, full=True))
    assert slots == Renderer().slots(sample(Why, full=True))


def test_values_are_shown_as_a_reader_of_the_language_expects() -> None:
    slots = {language: Renderer().slots(sample(Why, full=True), language) for language in ("en", "zh")}
    assert "Mar 31, 2026" in slots["en"].footer[0]
    assert "2026年3月31日" in slots["zh"].footer[0]
    assert sample(Why, full=True).as_of == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("language", "grade", "nothing"), [("en", "Credit grade", "thank"), ("zh", "信用等级", "致电感谢")]
)
def test_a_credit_alert_speaks_of_credit(language: str, grade: str, nothing: str) -> None:
    told = replace(sample(TierChanged, full=False), up=True, cause="behaviour", capped_by=None)
    plain, credit = (
        str(Renderer().slots(replace(told, purpose=purpose), language)) for purpose in ("account", "credit")
    )
    assert grade in credit
    assert grade not in plain
    assert (nothing in credit, nothing in plain) == (False, True)
    digest = Renderer().slots(replace(sample(TierDigest, full=False), purpose="credit"), language)
    assert grade in digest.header.replace("credit grade", "Credit grade")


# What stands between Chinese words in the same message of English words.
NOT_OURS = re.compile("(?s)```.*?```|:[a-z_0-9]+:")  # texts to copy, emoji
ENGLISH_MARKS = re.compile(r": |, | \((?![+−])|[。；] (?![*<`:])")


@pytest.mark.parametrize("kind", MESSAGES.values())
@pytest.mark.parametrize("full", [True, False])
def test_a_chinese_message_has_chinese_marks_and_no_space_after_a_sentence(kind: type, full: bool) -> None:
    slots = Renderer().slots(sample(kind, full=full), "zh")
    texts = [slots.fallback, slots.header, *slots.body, *slots.rows, *slots.facts, *slots.footer]
    lines = [line for text in texts for line in NOT_OURS.sub("", text).splitlines()]
    assert [line for line in lines if ENGLISH_MARKS.search(line)] == []


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "It is to be kept by Anna. Tom promised it. It was first promised for Mar 1, 2026."),
        ("zh", "由 Anna 兑现。承诺人：Tom。原定期限2026年3月1日。"),
    ],
)
def test_sentences_of_a_line_stand_apart_in_english_and_not_in_chinese(language: str, line: str) -> None:
    report = sample(PromiseReport, full=True)
    (row,) = report.rows
    day = date(2026, 3, 1)
    row = replace(row, keeper=Who(name="Anna"), made_by=Who(name="Tom"), first_due_on=day)
    slots = Renderer().slots(replace(report, rows=(row,)), language)
    assert line in slots.body[0]


@pytest.mark.parametrize("name", MESSAGES)
def test_no_line_that_separates_is_shown(name: str) -> None:
    slots = Renderer().slots(sample(MESSAGES[name], full=True), "en")
    assert "---" not in (*slots.body, *slots.rows, *slots.facts, *slots.footer)
