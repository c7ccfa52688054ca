"""The words that stand in a database or a file, as a person reads them: states, kinds, reasons."""

from collections.abc import Mapping

from bot.cli.console import in_language
from bot.errors import N_, Phrase

WORDS: Mapping[str, Mapping[str, str]] = {
    "run": {
        "snapshot": N_("Snapshot"),
        "interim": N_("Interim grading"),
        "dry run": N_("Dry run"),
    },
    "tier": {
        "new": N_("new"),
        "unrated": N_("unrated"),
        "blocked": N_("blocked"),
        "absent": N_("absent"),
    },
    "role": {
        "viewer": N_("viewer"),
        "account_manager": N_("account manager"),
        "team_lead": N_("team lead"),
        "sales_ops": N_("sales operations"),
        "finance": N_("finance"),
        "admin": N_("admin"),
    },
    "purpose": {"credit": N_("credit"), "account": N_("account"), "prospect": N_("prospect")},
    "scheme": {
        "draft": N_("draft"),
        "shadow": N_("shadow"),
        "approved": N_("approved"),
        "in_force": N_("in force"),
        "retired": N_("retired"),
    },
    "review": {
        "no_scheme": N_("no scheme applies"),
        "unrated": N_("unrated"),
        "uncertain": N_("uncertain"),
        "capped": N_("capped"),
        "override": N_("override ends"),
        "stale": N_("judgement grows old"),
        "shadow": N_("moves in the shadow"),
    },
    "message": {
        "pending": N_("pending"),
        "sending": N_("sending"),
        "sent": N_("sent"),
        "unknown": N_("unknown"),
        "dead": N_("dead"),
        "reminder": N_("reminder"),
        "tier_change": N_("tier change"),
        "channel": N_("channel"),
        "audit": N_("audit"),
    },
    "door": {
        "slack": "Slack",
        "command line": N_("command line"),
        "job": N_("by itself"),
        "import": N_("import"),
    },
    "object": {
        "customer": N_("customer"),
        "person": N_("person"),
        "team": N_("team"),
        "scheme": N_("scheme"),
        "care_plan": N_("care plan"),
        "grading": N_("grading"),
        "import": N_("import"),
        "setting": N_("setting"),
        "message": N_("message"),
        "book": N_("the whole book"),
    },
    "action": {
        "override_set": N_("override set"),
        "override_ended": N_("override ended"),
        "credit_approved": N_("credit approved"),
        "review_answered": N_("review answered"),
        "grading_published": N_("graded"),
        "past_kept": N_("past gradings kept"),
        "scheme_proposed": N_("scheme proposed"),
        "scheme_shadowed": N_("scheme put in the shadow"),
        "scheme_approved": N_("scheme approved"),
        "scheme_retired": N_("scheme retired"),
        "care_plan_changed": N_("care plan changed"),
        "settings_changed": N_("setting changed"),
        "imported": N_("imported"),
        "import_undone": N_("import taken back"),
        "customers_joined": N_("customers joined"),
        "customers_separated": N_("customers separated again"),
        "person_changed": N_("person changed"),
        "team_changed": N_("team changed"),
        "deputy_changed": N_("deputy changed"),
        "card_shared": N_("card shared"),
        "card_not_posted": N_("card not posted"),
        "card_taken_back": N_("card taken back"),
        "personal_shown": N_("personal fields shown"),
        "exported": N_("exported"),
        "erased": N_("erased"),
        "contact_logged": N_("contact logged"),
        "step_done": N_("care step done"),
        "step_snoozed": N_("care step postponed"),
        "message_retried": N_("message sent again"),
        "message_dropped": N_("message dropped"),
        "caught_up": N_("went on after a jump of the clock"),
        "totals_recounted": N_("totals counted again"),
        "backup_restored": N_("backup restored"),
    },
    "import": {
        "published": N_("published"),
        "undone": N_("undone"),
        "customers": N_("customers"),
        "orders": N_("orders"),
        "order-lines": N_("order lines"),
        "invoices": N_("invoices"),
        "activities": N_("activities"),
        "facts": N_("facts"),
        "people": N_("people"),
        "rates": N_("rates"),
        "joins": N_("joins"),
    },
    "drift": {
        "stable": N_("stable"),
        "by_chance": N_("by chance"),
        "moderate": N_("moderate"),
        "shifted": N_("shifted"),
    },
    "zone": {"safe": N_("safe"), "grey": N_("grey"), "distress": N_("distress")},
    "column": {
        "industry": N_("industry"),
        "customer_type": N_("customer type"),
        "region": N_("region"),
        "country": N_("country"),
    },
    "doctor": {
        "ok": N_("ok"),
        "note": N_("note"),
        "problem": N_("problem"),
        "versions": N_("versions"),
        "scopes": N_("scopes"),
        "clock": N_("clock"),
        "disk": N_("disk"),
        "database": N_("database"),
        "jobs": N_("jobs"),
        "time": N_("time"),
        "sending": N_("delivery"),
        "channels": N_("channels"),
        "connection": N_("connection"),
        "messages": N_("messages"),
        "people": N_("people"),
        "grading": N_("grading"),
    },
}


def word(of: str, value: str) -> str:
    """A stored word in the installation's language; one that is not known as it is."""
    known = WORDS[of].get(value)
    return value if known is None else str(in_language(Phrase(known)))


def tier_word(tier: str) -> str:
    """A tier's id, or the word for no tier."""
    return word("tier", tier)
