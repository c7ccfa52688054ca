"""Every text and amount in the tables is marked, or known here as neither personal nor about money."""

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import AutoString

from db import privacy, tables
from db.privacy import EMAILS, TAX_NUMBERS, Privacy, of_column, of_field
from db.types import Money
from grading.indicators.sources import COMPUTED, RECORDED
from grading.scheme.presets import preset_names
from tests.grading.engine.test_properties import PRESETS

# Of the firm and of customers as companies, or of the machine: ids, kinds, states, days, words of schemes.
OPEN = """
activity: source external_id kind
activity_period: kind source
assessment: tier computed_tier capped_by standing clean
audit_entry: actor operator door action object_kind object_id before after hash
calendar_entry: uid shown
calendar_feed: token_hash
care_plan_decision: plan state actor
care_plan_version: name sha256 content
channel_name: name channel_id
circuit: workspace reason sentence
column_mapping: source kind field column
contact_person: source external_id channel language zone country culture greetings
complaint: source external_id kind agreed
gift: source external_id currency occasion state
handover: source external_id state
survey_score: source external_id score scale value
credit_approval: grade currency
cursor: name value
customer: code name record_type industry customer_type region country language
customer_care: tier gates credit lifecycle quadrant rfm owed_since trouble
customer_figures: currency basis owed_currency limit_currency
customer_key: source external_id
customer_name: kind name key
customer_order: source external_id currency original_currency
exchange_rate: firm_currency currency rate
fact: field value source
grading_run: purpose kind beside status
heartbeat: role boot_id
import_answer: source kind option value
import_batch: kind source file_name file_sha256 actor status undone_by
import_change: table_name
inbox: team_id kind key
invoice: source external_id currency original_currency
lane: name
name_token: token
note_version: kind
order_line: line product product_type
order_total: currency
outbox: dedupe_key kind address channel body_hash state attempt_id slack_ts slack_channel error_class error
ownership: role
person: role language timezone country working_days works_from works_until slack_team slack_status slack_timezone slack_language
personal_setting: remind_at muted
record_change: tier_before
review_answer: reason item
scheme_step: purpose state scheme applies_to actor
scheme_version: name sha256 content
shadow_move: tier shadow_tier
shadow_run: problem
slack_connection: boot_id problem
tally: name
team: name channel language
tier_change: purpose from_tier to_tier
tier_override: purpose tier
tombstone: hash salt subject erasure what
trait: field source
touch: dedupe_key plan step occasion kind tier who state reason
touch_act: act before
touch_message: role
complaint_message: role
promise: source external_id outcome
proposal: kind tier currency state
promise_message: role
redraw: mark
"""
# They hold copies of what is marked elsewhere, and are never shown as they are.
COPIES = {("assessment", "inputs"), ("import_change", "before"), ("outbox", "body_json")} | {
    ("record_change", side) for side in ("before", "after")
}
NOT_FINANCIAL = """active_quarter_rate blacklisted buying_stage company_kind contact_permission credit_grade customisation_level
    dishonest_list expansion_plan fit headcount_growth identity_check industry_outlook industry_position industry_risk
    insolvency lawsuits_24m management_quality market_risk market_share market_standing operational_risk
    potential_annual_spend products_held satisfaction security years_in_business""".split()  # noqa: SIM905


def test_every_text_and_amount_is_marked_or_known_as_open() -> None:
    open_ones = {
        (table, column)
        for table, _, columns in (line.partition(": ") for line in OPEN.strip().splitlines())
        for column in columns.split()
    }
    marked = {(table, column) for table, columns in privacy.COLUMNS.items() for column in columns}
    kept = {
        (table.name, column.name)
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, AutoString | Money | LargeBinary)
    }
    assert kept - open_ones - marked - COPIES == set(), "mark it in db/privacy.py, or add it to OPEN"
    assert (open_ones | marked | COPIES) - kept == set()
    assert open_ones & marked == set()


def test_every_amount_in_a_table_is_marked() -> None:
    amounts = {
        (table.name, column.name)
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Money)
    }
    assert {of_column(*one) for one in amounts} == {Privacy.SALES, Privacy.FINANCIAL}


def test_every_field_of_the_presets_is_financial_or_known_as_not() -> None:
    fields = {field for name in preset_names() for field in PRESETS[name].fields} | RECORDED.keys()
    financial = {field for field in fields if of_field(field) is Privacy.FINANCIAL}
    assert fields - financial - COMPUTED.keys() - set(NOT_FINANCIAL) == set()
    assert {of_field(field) for field in (*COMPUTED, *NOT_FINANCIAL)} == {None}
    assert financial >= privacy.FINANCIAL_FIELDS & RECORDED.keys()


@pytest.mark.parametrize(
    "field",
    [
        *sorted(TAX_NUMBERS | EMAILS),
        *(
            "E-Mail",
            "Mobile 2",
            "phone_private",
            "IBAN",
            "Bank account",
            "Kontonummer",
            "birthday",
            "date of birth",
        ),
        *("联系电话", "手机号码", "注册地址", "银行账号", "开户行", "身份证号", "生日", "联系人", "企业邮箱"),
        *(
            "座机",
            "法定代表人",
            "负责人",
            "社会信用代码",
            "QQ",
            "phone2",
            "email_3",
            "emailaddress",
            "Telefonnummer",
        ),
        *("Handynummer", "E-Mail-Adresse", "Geburtsort", "USt-IdNr", "Vorname", "PLZ", "tel 2", "Straße"),
        *("Anschrift", "postal address", "Ansprechpartner", "Handelsregisternummer", "legal representative"),
    ],
)
def test_fields_of_people_and_banks_are_personal(field: str) -> None:
    assert of_field(field) is Privacy.PERSONAL
