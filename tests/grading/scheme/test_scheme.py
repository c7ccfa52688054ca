"""Schemes that are right: what is read, what identifies them, what check says about them."""

import re
import subprocess
import sys

import pytest

from grading.scheme.model import Bands, Compare, DimensionMissing, Map, Name, Points, Scale, Service
from grading.scheme.presets import notices, preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests.grading.factories import dimension, indicator, make_scheme, scheme_text

PRESETS = {  # name -> version -> the first 16 digits of its hash
    "b2b_accounts": {1: "6dac156b93ead1b7", 2: "0f0bff19992f36dc", 3: "5d3bdb0298e01669"},
    "credit_assessment": {1: "534fa09be18c53c3", 2: "3c9b4cd85bdd48fc"},
    "finance": {1: "c472d9404ebf6ef0", 2: "d79581f7d22ffde0"},
    "manufacturing": {1: "6ad563836213b234", 2: "c325852367fa711d", 3: "d7fcff154359b650"},
    "orders_only": {1: "7baa884fbbe484b5", 2: "a73f55cd77893653"},
    "prospects": {1: "1a2de7849af7453d", 2: "fafdf3bfc1f438c5", 3: "779be9bd7b399096"},
    "retail": {1: "0344f345c98011e5", 2: "49b4d79cecd14097"},
    "services": {1: "3f4924f04bdc932b", 2: "f272fc5685a86bcb", 3: "4426f4e8e9060293"},
}
STORED = """
scheme: harbour
version: 3
name: {en: "Harbour", zh: "港口"}
record_type: account
applies_to: {industry: [tea, "yes"]}
currency: CNY
constants: {complaint_rate: 0.02, usual_gap_days: null}
dimensions:
  - id: only
    name: {en: "Only", zh: "唯一"}
    weight: 100.0
    indicators:
      - {id: x, name: {en: "X", zh: "甲"}, weight: 60, score: {fn: points, knots: [[-0.5, 0], [1e3, 100]]}}
      - {id: y, name: {en: "Y", zh: "乙"}, weight: 40, score: {fn: map, values: {true: 100, false: 0}}}
tiers:
  - {id: A, at: 50, name: {en: "A", zh: "甲"}, policy: {terms_days: 0x1E, limit_factor: 1.5, note: 2026-01-01}}
  - {id: B, at: 0, name: {en: "B", zh: "乙"}}
gates:
  - {id: g, name: {en: "G", zh: "门"}, when: {field: z, in: [no]}, cap: B, sensitive: false}
"""


def test_the_presets_are_valid_and_named_after_their_file() -> None:
    assert preset_names() == (
        "b2b_accounts",
        "credit_assessment",
        "finance",
        "manufacturing",
        "orders_only",
        "prospects",
        "retail",
        "services",
    )
    for name in preset_names():
        assert parse_scheme(preset_text(name), source=name).scheme == name


def test_a_preset_that_changes_gets_a_new_version() -> None:
    """A published version never changes, so a preset with other content needs another number."""
    for name in preset_names():
        scheme = parse_scheme(preset_text(name), source=name)
        assert PRESETS[name][scheme.version] == scheme.sha256[:16], (
            f"raise version: in {name}.yaml and add it here"
        )


def test_every_comment_of_a_preset_is_in_both_languages() -> None:
    for name in preset_names():
        for comment in re.findall(r"# (?!applies_to)(.*)", preset_text(name)):
            english, _, chinese = comment.rpartition(" / ")
            assert english, comment
            assert re.search("[一-鿿]", chinese), comment


def test_every_word_of_a_preset_has_a_name_in_both_languages() -> None:
    for name in preset_names():
        for one in parse_scheme(preset_text(name), source=name).indicators:
            if isinstance(one.score, Map):
                assert list(one.score.names) == list(one.score.values), one.id


def test_names_of_words_count_in_the_hash_and_a_scheme_without_them_keeps_its_own() -> None:
    word = 'score: {fn: map, values: {"no": 0, full: 100}}'
    named = word[:-1] + ', names: {" full ": {en: Full, zh: 足额}, "no": {en: None, zh: 无}}}'
    text = STORED.replace("score: {fn: map, values: {true: 100, false: 0}}", word)
    one, other = (parse_scheme(text.replace(word, new), source="s") for new in (word, named))
    assert one.sha256 != other.sha256
    score = other.indicators[1].score
    assert isinstance(score, Map)
    assert score.names == {"full": Name(en="Full", zh="足额"), "no": Name(en="None", zh="无")}
    assert one.indicators[1].score == Map(values={"no": 0, "full": 100})
    assert "the words no, full of y have no names" in "\n".join(notices(one))
    assert "have no names" not in "\n".join(notices(other))


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="there are b2b_accounts, credit"):
        preset_text("../secrets")


def test_a_scheme_is_read_completely() -> None:
    scheme = parse_scheme(preset_text("b2b_accounts"), source="b2b.yaml")
    assert (scheme.version, scheme.record_type, scheme.currency, scheme.as_of) == (
        3,
        "account",
        "CNY",
        "month_end",
    )
    assert (scheme.min_coverage, scheme.min_history_months, scheme.display_decimals) == (0.6, 3, 1)
    assert len(scheme.indicators) == 23
    assert [tier.at for tier in scheme.tiers] == [75, 50, 0]
    assert scheme.tier("B").at == 50
    name = scheme.tier("B").name
    assert (name.text("zh_CN"), name.text("en")) == ("重要客户（B类）", "Important (B)")
    assert scheme.movement is not None
    assert (scheme.movement.margin_up, scheme.movement.margin_down, scheme.movement.min_dwell) == (2, 3, 3)
    assert scheme.gates[2].when == Compare(field="overdue_90d_share", comparison="ge", limit=0.2)
    assert (scheme.gates[0].cap, scheme.gates[0].clear_after, scheme.gates[4].flag) == ("C", 3, "watch")
    assert scheme.override is not None
    assert scheme.override.max_days == 180
    assert scheme.constants == {
        "our_gross_margin_12m": None,
        "product_types_sold": None,
        "complaint_rate": 0.02,
        "on_time_rate": 0.9,
        "rate_pseudo_count": 20,
    }


def test_the_other_parts_of_the_format_are_read_too() -> None:
    credit = parse_scheme(preset_text("credit_assessment"), source="c")
    assert credit.tier("AAA").policy == {"terms_days": 90, "limit_factor": 1.5}
    assert credit.credit_limit is not None
    assert credit.gates[3].when == DimensionMissing(dimension="financial")
    prospects = parse_scheme(preset_text("prospects"), source="p")
    assert prospects.on_first_order is not None
    assert (prospects.on_first_order.move_to, prospects.on_first_order.as_word) == ("b2b_accounts", "new")
    assert prospects.gates[0].block


def test_every_field_has_a_type_from_what_uses_it() -> None:
    fields = parse_scheme(preset_text("b2b_accounts"), source="b").fields
    assert (fields["net_revenue_12m"].kind, fields["industry_position"].kind) == ("number", "word")
    assert (fields["credit_grade"].kind, fields["credit_grade"].indicator, fields["credit_grade"].gate) == (
        "word",
        False,
        True,
    )
    both = fields["gross_margin_rate"]
    assert (both.kind, both.indicator, both.gate) == ("number", True, True)
    prospects = parse_scheme(preset_text("prospects"), source="p").fields
    assert (prospects["blacklisted"].kind, prospects["contact_permission"].kind) == ("bool", "word")


def test_fields_are_sensitive_unless_said_otherwise() -> None:
    scheme = make_scheme(
        dimension("only", indicator("x", 60, extra="sensitive: false"), indicator("y", 40)),
        gates="[{id: g, name: {en: a, zh: 名}, when: {field: z, ge: 1}, flag: f, sensitive: false}]",
    )
    assert {id: field.sensitive for id, field in scheme.fields.items()} == {"x": False, "y": True, "z": False}


def test_an_account_manager_can_influence_what_is_not_marked_otherwise() -> None:
    scheme = make_scheme(dimension("only", indicator("x", 60, extra="influence: false"), indicator("y", 40)))
    assert [indicator.influence for indicator in scheme.indicators] == [False, True]
    orders = parse_scheme(preset_text("orders_only"), source="o")
    assert [i.id for i in orders.indicators if not i.influence] == ["years_with_us"]
    credit = parse_scheme(preset_text("credit_assessment"), source="c")
    assert [i.id for i in credit.indicators if i.influence] == [
        "avg_days_late",
        "overdue_share",
        "security",
        "gross_margin_rate",
    ]


def test_score_functions_are_read_as_values() -> None:
    scores = [
        "{fn: points, knots: [[0, 0], [10, 100]]}",
        "{fn: bands, bands: [[0, 10], [5, 90]]}",
        "{fn: map, values: {no: 0, 'true': 100}}",
        "{fn: scale, min: 5, max: 1}",
    ]
    scheme = make_scheme(
        dimension("only", *(indicator(f"i{n}", 25, score) for n, score in enumerate(scores)))
    )
    assert [indicator.score for indicator in scheme.indicators] == [
        Points(knots=((0, 0), (10, 100))),
        Bands(bands=((0, 10), (5, 90))),
        Map(values={"no": 0, "true": 100}),
        Scale(minimum=5, maximum=1),
    ]


def test_yes_and_no_are_words_and_only_true_and_false_are_booleans() -> None:
    gates = "[{id: g, name: {en: a, zh: 名}, when: {field: z, in: [no, yes]}, flag: f}]"
    assert make_scheme(gates=gates).fields["z"].kind == "word"


def test_the_hash_is_of_the_content_not_of_the_text() -> None:
    text = scheme_text()
    same = "# a comment\n" + text.replace("version: 1", "version: 1   # first").replace("at: 75", "at: 75.0")
    lines = text.splitlines(keepends=True)
    moved = "".join([lines[1], lines[0], *lines[2:]])
    hashes = {parse_scheme(variant, source="s").sha256 for variant in (text, same, moved, "\ufeff" + text)}
    assert len(hashes) == 1
    assert len(hashes.pop()) == 64


def test_a_stored_scheme_keeps_its_hash() -> None:
    scheme = parse_scheme(STORED, source="s")
    assert scheme.sha256 == "5d049628cb3170e8e0dde61c2c87500828f658b5f1bdca9a6a8ff4820480c7c8"
    assert scheme.tiers[0].policy == {"terms_days": 30, "limit_factor": 1.5, "note": "2026-01-01"}
    assert scheme.indicators[1].score == Map(values={True: 100, False: 0})


@pytest.mark.parametrize(
    ("old", "new"), [("at: 75", "at: 74"), ("[100, 100]", "[100, 99]"), ("a name", "another name")]
)
def test_any_other_content_has_another_hash(old: str, new: str) -> None:
    text = scheme_text()
    assert parse_scheme(text, source="s").sha256 != parse_scheme(text.replace(old, new, 1), source="s").sha256


def test_a_word_true_and_the_boolean_true_are_different_content() -> None:
    texts = [
        scheme_text(dimension("only", indicator("x", score=f"{{fn: map, values: {{{key}: 10}}}}")))
        for key in ("true", '"true"')
    ]
    one, other = (parse_scheme(text, source="s") for text in texts)
    assert one.sha256 != other.sha256
    assert (one.fields["x"].kind, other.fields["x"].kind) == ("bool", "word")


def test_notices_name_what_a_valid_scheme_lacks() -> None:
    sentences = "\n".join(notices(parse_scheme(preset_text("b2b_accounts"), source="b")))
    assert "margin_contribution is missing for everybody" in sentences
    assert "not applied" not in sentences
    assert notices(parse_scheme(preset_text("credit_assessment"), source="c")) == ()
    bare = preset_text("credit_assessment").replace(
        "policy: {terms_days: 0,  limit_factor: 0.0}", "policy: {terms_days: 0}"
    )
    assert notices(parse_scheme(bare, source="c")) == (
        "tiers D have no policy with terms_days and limit_factor, so no limit is proposed",
    )
    assert notices(parse_scheme(preset_text("prospects"), source="p")) == ()
    assert notices(make_scheme()) == ()


def test_reading_a_scheme_needs_neither_pandas_nor_numpy() -> None:
    code = (
        "import sys; from grading.scheme.presets import preset_text; from grading.scheme.reader import parse_scheme;"
        "parse_scheme(preset_text('orders_only'), source='s');"
        "print({'pandas', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_service_that_was_a_text_stays_one_and_is_said_in_both_languages() -> None:
    text = STORED.replace("note: 2026-01-01", 'service: "first in line", own: true')
    tier = parse_scheme(text, source="s").tier("A")
    assert tier.policy == {"terms_days": 30, "limit_factor": 1.5, "service": "first in line", "own": True}
    assert tier.service == Service(extras=(Name(en="first in line", zh="first in line"),))
    assert parse_scheme(STORED, source="s").tier("A").service is None


def test_a_service_promise_is_read_completely() -> None:
    said = """{response_days: 0, visits_a_year: 12, calls_a_year: 1, trainings_a_year: 2, training_days_a_year: 1.5,
      reviews_a_year: 4, surveys_a_year: 365, delivery: standard, payment_days: 30, discount_percent: 12.5,
      dedicated: [{en: a, zh: b}], extras: [{en: c, zh: d}, {en: e, zh: f}]}"""
    assert parse_scheme(STORED.replace("note: 2026-01-01", f"service: {said}"), source="s").tier(
        "A"
    ).service == Service(
        response_days=0,
        visits_a_year=12,
        calls_a_year=1,
        trainings_a_year=2,
        training_days_a_year=1.5,
        reviews_a_year=4,
        surveys_a_year=365,
        delivery="standard",
        payment_days=30,
        discount_percent=12.5,
        dedicated=(Name(en="a", zh="b"),),
        extras=(Name(en="c", zh="d"), Name(en="e", zh="f")),
    )
