"""What in the book is personal, financial, sales or a note: marked here and nowhere else.

docs/rights.md says on which surface each of them is shown. A text or an amount in a table is either marked here, or
known to the test of this module as neither.
"""

import re
from enum import StrEnum
from functools import lru_cache


class Privacy(StrEnum):
    """Why a value is not shown to everybody."""

    PERSONAL = "personal"  # about a person, or a number by which others know a company: masked
    FINANCIAL = "financial"  # a customer's own finances, and its credit: masked
    SALES = "sales"  # what a customer bought and paid: for those who may see the customer
    NOTE = "note"  # what people wrote: for those to whom the decision is explained


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


COLUMNS: dict[str, dict[str, Privacy]] = {  # table -> column
    "person": dict.fromkeys(("email", "name", "slack_user_id"), Privacy.PERSONAL),
    "contact_person": {
        **dict.fromkeys(("name", "role", "email", "phone", "birthday", "interests"), Privacy.PERSONAL),
        "note": Privacy.NOTE,
    },
    "fact": {"author": Privacy.PERSONAL, "evidence": Privacy.NOTE},  # a fact's value is marked by its field
    "trait": {"value": Privacy.PERSONAL, "author": Privacy.PERSONAL},  # a value only where its field says so
    "activity": {"note": Privacy.NOTE},
    "note_version": {"note": Privacy.NOTE},
    "complaint": {"reported_by": Privacy.PERSONAL, "outcome": Privacy.NOTE},
    "complaint_step": {"text": Privacy.NOTE},
    "gift": {**dict.fromkeys(("what", "reason"), Privacy.NOTE), "value": Privacy.SALES},
    "handover": {"note": Privacy.NOTE},
    "promise": {"what": Privacy.NOTE, "reason": Privacy.NOTE},
    "promise_delay": {"told": Privacy.NOTE},
    "tier_override": {
        **dict.fromkeys(("approver", "set_by", "ended_by"), Privacy.PERSONAL),
        **dict.fromkeys(("reason", "end_reason"), Privacy.NOTE),
    },
    "review_answer": {"answered_by": Privacy.PERSONAL, "note": Privacy.NOTE},
    "credit_approval": {
        **dict.fromkeys(("proposed_limit", "approved_limit"), Privacy.FINANCIAL),
        "approved_by": Privacy.PERSONAL,
        "reason": Privacy.NOTE,
    },
    "proposal": {
        "credit_limit": Privacy.FINANCIAL,
        **dict.fromkeys(("proposed_by", "decided_by"), Privacy.PERSONAL),
        **dict.fromkeys(("reason", "answer"), Privacy.NOTE),
    },
    "customer_figures": {
        **dict.fromkeys(
            ("revenue", "revenue_before", "margin", "margin_before", "order_value"), Privacy.SALES
        ),
        **dict.fromkeys(("worth", "fall", "exposure", "overdue"), Privacy.SALES),
        "approved_limit": Privacy.FINANCIAL,
    },
    "customer_order": dict.fromkeys(("amount", "cost", "original_amount"), Privacy.SALES),
    "order_line": dict.fromkeys(("amount", "cost"), Privacy.SALES),
    "invoice": dict.fromkeys(("amount", "original_amount"), Privacy.SALES),
}

TAX_NUMBERS = _names(
    """tax_number tax_no tax_id vat_number vat_no vat_id ust_id ust_idnr ust_id_nr ustid ustidnr steuer_id steuernr
    steuernummer 税号 纳税人识别号 统一社会信用代码"""
)
EMAILS = _names("email e_mail email_address 邮箱 电子邮箱 电子邮件")

# Names of facts. Those that only people and banks have mark a fact also as a part of its name: `mobile_2`.
_PERSONAL_FIELDS = (
    TAX_NUMBERS
    | EMAILS
    | _names(
        """account_no account_number ansprechpartner bank bank_account bankverbindung birth_date contact contact_name
        contact_person date_of_birth first_name handelsregister handelsregisternummer id_card id_number identity_card
        inhaber konto kontonummer last_name legal_representative nachname owner_name plz postal_code postleitzahl
        registration_no registration_number strasse surname tel vorname zip zip_code 姓名 法人 注册号 社会信用代码"""
    )
)
_PERSONAL_WORDS = _names(
    """address anschrift bic birthdate birthday cellphone email emailaddress fax handy iban kontaktperson mail mobil mobile
    mobilephone passport phone phonenumber postcode qq ssn street swift telefon telephone wechat whatsapp"""
)
_PERSONAL_GERMAN = re.compile(  # words that are written together: Telefonnummer, E-Mail-Adresse
    "(?:ausweis|fax|handy|konto|mobil|mobilfunk|reisepass|telefon)n(?:umme)?r$|adresse$|^ansprechpartner|^geburts"
)
_PERSONAL_CHINESE = re.compile(
    "邮箱|邮件|电话|手机|座机|固话|传真|地址|住址|邮编|银行|账号|账户|开户|身份证|证件号|护照|生日|出生|联系人|联络人"
    "|负责人|法定代表|法人代表|法人姓名|微信|税号|纳税人|信用代码"
)
FINANCIAL_FIELDS = _names(
    """annual_sales aum aum_growth_yoy card_spend_12m credit_limit current_ratio debt_ratio deposit_balance ebit
    ebit_to_assets equity equity_to_liabilities kreditlimit loan_balance loan_days_overdue net_margin net_worth
    ocf_to_current_liabilities
    retained_earnings retained_earnings_to_assets sales_growth sales_growth_3y total_assets total_liabilities
    working_capital working_capital_to_assets z_zone 信用额度 授信额度 净资产 资产负债率"""
)


def of_column(table: str, column: str) -> Privacy | None:
    """The mark of a column; None without one."""
    return COLUMNS.get(table, {}).get(column)


@lru_cache(maxsize=2_000)
def of_field(field: str) -> Privacy | None:
    """The mark of a fact's field, by its name; None without one."""
    name = re.sub(r"[\W_]+", "_", field.strip().casefold()).strip("_")
    if name in FINANCIAL_FIELDS:
        return Privacy.FINANCIAL
    words = {word.rstrip("0123456789") for word in name.split("_")}  # the second number is often `phone2`
    if not _PERSONAL_FIELDS.isdisjoint((name, name.rstrip("_0123456789"))) or not _PERSONAL_WORDS.isdisjoint(
        words
    ):
        return Privacy.PERSONAL
    if any(map(_PERSONAL_GERMAN.search, words)):
        return Privacy.PERSONAL
    return Privacy.PERSONAL if _PERSONAL_CHINESE.search(name) else None


def is_masked(mark: Privacy | None) -> bool:
    """Whether a value with this mark is masked unless somebody asks for it, which the audit records."""
    return mark in (Privacy.PERSONAL, Privacy.FINANCIAL)
