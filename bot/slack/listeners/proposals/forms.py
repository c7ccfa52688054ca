"""The forms of proposals: what they ask, and what stands in their inputs."""

from collections.abc import Iterator

from bot.errors import N_, BilingualName, Phrase
from bot.services.care.complaints.subject import LONGEST, SHORTEST
from bot.services.proposals import WantedCredit, WantedTier
from bot.services.proposals.making import ToPropose
from bot.services.proposals.subject import ProposalTitle
from bot.services.reports.credit import MOST_TERMS, to_limit
from bot.slack import blocks, forms
from bot.slack.blocks import BUTTON, Block, plain
from bot.slack.deferred import Press
from bot.slack.forms import Input
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer
from bot.wording.rendering import escape

_REASON: Block = {"multiline": True, "min_length": SHORTEST, "max_length": LONGEST}
_WHY = Input(name="reason", label=N_("Why?"), kind="plain_text_input", options=_REASON)


def tier_form(of: ToPropose, pointer: Pointer, language: str) -> Block:
    """The form that proposes a tier."""
    tiers = [
        {"text": plain(escape(name.text(language)), BUTTON), "value": tier}
        for tier, name in of.tiers
        if tier != of.present
    ]
    latest = {"initial_date": of.latest.isoformat()} if of.latest is not None else {}
    inputs = (
        Input(name="tier", label=N_("Which tier?"), kind="static_select", options={"options": tiers}),
        Input(
            name="until",
            label=N_("Until when?"),
            kind="datepicker",
            options=latest,
            optional=not of.needs_until,
        ),
        _WHY,
    )
    return _form(
        Action.PROPOSE_TIER_FORM,
        N_("Propose a tier"),
        of,
        inputs,
        pointer,
        language,
        _tier_notes(of, language),
    )


def credit_form(of: ToPropose, pointer: Pointer, language: str) -> Block:
    """The form that proposes a credit limit and terms."""
    terms = {"is_decimal_allowed": False, "min_value": "0", "max_value": str(MOST_TERMS)}
    inputs = (
        Input(
            name="limit",
            label=N_("Which credit limit?"),
            kind="plain_text_input",
            options={"max_length": 20},
            optional=True,
        ),
        Input(
            name="terms",
            label=N_("Payment terms in days"),
            kind="number_input",
            options=terms,
            optional=True,
        ),
        _WHY,
    )
    return _form(
        Action.PROPOSE_CREDIT_FORM,
        N_("Propose credit"),
        of,
        inputs,
        pointer,
        language,
        _credit_notes(of, language),
    )


def decline_form(press: Press, of: ProposalTitle, language: str) -> Block:
    """The form that *Decline…* opens."""
    about = f"{escape(of.name)} {escape(of.code)} · {escape(of.by)}"
    return forms.form_view(
        Action.DECLINE_PROPOSAL_FORM,
        N_("Decline"),
        about,
        (_WHY,),
        forms.metadata_of(press),
        catalogue.gettext(language),
    )


def entered_tier(view: Block) -> WantedTier:
    """What was entered about a tier. Raises BadInput."""
    tier = forms.entered(view, "tier", "selected_option", "value")
    has_day = forms.entered(view, "until", "selected_date") is not None
    return WantedTier(
        tier=tier if isinstance(tier, str) else "",
        until=forms.entered_day(view, "until") if has_day else None,
        reason=forms.entered_text(view, "reason"),
    )


def entered_credit(view: Block) -> WantedCredit:
    """What was entered about credit. Raises BadInput."""
    limit, terms = forms.entered_text(view, "limit").strip(), forms.entered_text(view, "terms").strip()
    return WantedCredit(
        limit=to_limit(limit) if limit else None,
        terms_days=int(terms) if terms.isdecimal() else None,
        reason=forms.entered_text(view, "reason"),
    )


def _form(
    action: Action,
    title: str,
    of: ToPropose,
    inputs: tuple[Input, ...],
    pointer: Pointer,
    language: str,
    notes: Iterator[str],
) -> Block:
    about = f"{escape(of.name)} {escape(of.code)}"
    gettext = catalogue.gettext(language)
    return forms.form_view(action, title, about, inputs, blocks.encode(pointer), gettext, list(notes))


def _tier_notes(of: ToPropose, language: str) -> Iterator[str]:
    words = catalogue.of_reader(language)
    name = next((name for tier, name in of.tiers if tier == of.present), None)
    if name is not None:
        shown = BilingualName(name.en, name.zh)
        yield escape(Phrase(N_("The tier now: %(tier)s."), tier=shown).text(words))
    if of.latest is not None:
        msgid = N_("A tier that is set by hand holds until %(date)s at the latest.")
        yield escape(Phrase(msgid, date=of.latest).text(words))


def _credit_notes(of: ToPropose, language: str) -> Iterator[str]:
    words = catalogue.of_reader(language)
    if of.terms_days is not None:
        msgid = N_(
            "What you leave empty is as the credit assessment proposes it; its terms in days: %(days)s."
        )
        yield escape(Phrase(msgid, days=of.terms_days).text(words))
    if of.currency:
        yield escape(Phrase(N_("The limit is in %(currency)s."), currency=of.currency).text(words))
