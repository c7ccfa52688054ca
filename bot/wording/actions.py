"""What can be pressed, and what a button points at."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import N_
from bot.masking import mask_text


class Action(StrEnum):
    """Everything that can be pressed or sent in: its id, and for a button its label, style and what it points at."""

    label: str
    style: str | None
    points_at: str

    def __new__(
        cls, value: str, label: str = "", style: str | None = None, points_at: str = "customer"
    ) -> "Action":
        action = str.__new__(cls, value)
        action._value_, action.label, action.style, action.points_at = value, label, style, points_at
        return action

    OPEN = "tierbot_open", N_("Show the card")
    WHY = "tierbot_why", N_("Why")
    EXACT = "tierbot_exact", N_("Figure by figure")
    BRIEF = "tierbot_brief", N_("Visit brief")
    BRIEF_IN_FULL = "tierbot_brief_full", N_("Show in full")
    BRIEFS_ON = "tierbot_briefs_on", N_("Send it the evening before")
    BRIEFS_OFF = "tierbot_briefs_off", N_("No evening briefs")
    SCORE_CHART = "tierbot_score_chart", N_("Score chart")
    NOTES = "tierbot_notes", N_("Notes")
    NOTES_NEWER = "tierbot_notes_newer", N_("Newer notes"), None, "place in notes"
    NOTES_OLDER = "tierbot_notes_older", N_("Older notes"), None, "place in notes"
    CHANGE_NOTE = "tierbot_change_note", N_("Change…"), None, "note"
    CHANGE_NOTE_FORM = "tierbot_change_note_form"
    TAKE_BACK_NOTE = "tierbot_take_back_note", N_("Take back…"), None, "note"
    TAKE_BACK_NOTE_FORM = "tierbot_take_back_note_form"
    SHARE = "tierbot_share", N_("Share")
    POST = "tierbot_post", N_("Post"), "primary"
    CANCEL = "tierbot_cancel_share", N_("Cancel")
    TAKE_BACK = "tierbot_take_back", N_("Take back"), None, "sharer"
    UNMASK = "tierbot_unmask", N_("Show masked fields")
    MORE = "tierbot_more", N_("More…")
    CONTACTS = "tierbot_contacts", N_("Contact people")
    CONTACTS_IN_FULL = "tierbot_contacts_full", N_("Show in full")
    ADD_CONTACT = "tierbot_add_contact", N_("Add a contact person")
    CHANGE_CONTACT = "tierbot_change_contact", N_("Change"), None, "contact person"
    CONTACT_FORM = "tierbot_contact_form"
    LOG_VISIT = "tierbot_log_visit", N_("Log a visit")
    VISIT_FORM = "tierbot_visit_form"
    LOG_MESSAGE = "tierbot_log_message"
    MESSAGE_FORM = "tierbot_message_form"
    PICK_CUSTOMER = "tierbot_pick_customer"
    SNOOZE_FORM = "tierbot_snooze_form"
    REASSIGN_FORM = "tierbot_reassign_form"
    SKIP_FORM = "tierbot_skip_form"
    DONE = "tierbot_done", N_("Done"), "primary", "touch"
    DONE_AS = "tierbot_done_as", N_("Done: what was it?"), None, "touch"
    ROW_MENU = "tierbot_row_menu", N_("Not now…"), None, "touch"
    UNDO = "tierbot_undo", N_("Undo"), None, "touch"
    MORE_TODO = "tierbot_more_todo", N_("Show more"), None, "place"
    SNOOZE = "tierbot_snooze", N_("Snooze 3 days"), None, "touch"
    GREETED = "tierbot_greeted", N_("Greeted…"), None, "touch"
    NEW_CALENDAR = "tierbot_new_calendar", N_("New link"), None, "calendar"
    REVOKE_CALENDAR = "tierbot_revoke_calendar", N_("Revoke"), "danger", "calendar"
    COMPLAINT = "tierbot_complaint", N_("Complaint")
    COMPLAINT_FORM = "tierbot_complaint_form"
    PROFILE = "tierbot_profile", N_("Customer profile")
    PROFILE_IN_FULL = "tierbot_profile_full", N_("Show in full")
    CHANGE_PROFILE = "tierbot_change_profile", N_("Change")
    PROFILE_FORM = "tierbot_profile_form"
    UNDO_PROFILE = "tierbot_undo_profile", N_("Undo"), None, "change of a profile"
    COMPLAINT_STEP = "tierbot_complaint_step", N_("Add step…"), None, "complaint"
    COMPLAINT_STEP_FORM = "tierbot_complaint_step_form"
    CLOSE_COMPLAINT = "tierbot_close_complaint", N_("Close complaint…"), "primary", "complaint"
    CLOSE_COMPLAINT_FORM = "tierbot_close_complaint_form"
    UNDO_COMPLAINT = "tierbot_undo_complaint", N_("Undo"), None, "complaint"
    HAND_OVER = "tierbot_hand_over", N_("Hand over…")
    HAND_OVER_FORM = "tierbot_hand_over_form"
    UNDO_HANDOVER = "tierbot_undo_handover", N_("Undo"), None, "handover"
    GIFT = "tierbot_gift", N_("Gift")
    GIFT_FORM = "tierbot_gift_form"
    UNDO_GIFT = "tierbot_undo_gift", N_("Undo"), None, "gift"
    WEEKLY = "tierbot_weekly", N_("Full list"), None, "week"
    SURVEY = "tierbot_survey", N_("Survey score")
    SURVEY_FORM = "tierbot_survey_form"
    SURVEY_DONE_FORM = "tierbot_survey_done_form"
    UNDO_SURVEY = "tierbot_undo_survey", N_("Undo"), None, "survey score"
    RECORD_FACT = "tierbot_record_fact", N_("Record a missing fact…")
    FACT_FORM = "tierbot_fact_form"
    UNDO_FACT = "tierbot_undo_fact", N_("Undo"), None, "fact"
    PROMISE = "tierbot_promise", N_("Promise")
    PROMISE_FORM = "tierbot_promise_form"
    PROMISE_KEPT = "tierbot_promise_kept", N_("Kept"), "primary", "promise"
    PROMISE_KEPT_ON = "tierbot_promise_kept_on", N_("Kept…"), "primary", "promise"
    PROMISE_KEPT_FORM = "tierbot_promise_kept_form"
    POSTPONE_PROMISE = "tierbot_postpone_promise", N_("Postpone…"), None, "promise"
    POSTPONE_PROMISE_FORM = "tierbot_postpone_promise_form"
    WITHDRAW_PROMISE = "tierbot_withdraw_promise", N_("Withdraw…"), None, "promise"
    WITHDRAW_PROMISE_FORM = "tierbot_withdraw_promise_form"
    UNDO_PROMISE = "tierbot_undo_promise", N_("Undo"), None, "promise"
    PROPOSE_TIER = "tierbot_propose_tier", N_("Propose a tier…")
    PROPOSE_TIER_FORM = "tierbot_propose_tier_form"
    PROPOSE_CREDIT = "tierbot_propose_credit", N_("Propose credit…")
    PROPOSE_CREDIT_FORM = "tierbot_propose_credit_form"
    APPROVE_PROPOSAL = "tierbot_approve_proposal", N_("Approve"), "primary", "proposal"
    DECLINE_PROPOSAL = "tierbot_decline_proposal", N_("Decline…"), None, "proposal"
    DECLINE_PROPOSAL_FORM = "tierbot_decline_proposal_form"
    WITHDRAW_PROPOSAL = "tierbot_withdraw_proposal", N_("Withdraw"), None, "proposal"
    ADD_PROSPECT = "tierbot_add_prospect", N_("Add a prospect…"), None, "prospect"
    PROSPECT_FORM = "tierbot_prospect_form"
    UNDO_PROSPECT = "tierbot_undo_prospect", N_("Undo")
    HOME_SEARCH = "tierbot_home_search"
    HOME_BOOK = "tierbot_home_book", N_("All of them"), None, "home"
    HOME_CAPACITY = "tierbot_home_capacity", N_("Capacity"), None, "home"
    HOME_HEALTH = "tierbot_home_health", N_("Check now"), None, "home"
    SET_LANGUAGE = "tierbot_set_language", N_("Language and time zone…"), None, "home"
    SET_HOURS = "tierbot_set_hours", N_("Working hours…"), None, "home"
    SET_DIGEST = "tierbot_set_digest", N_("Morning digest…"), None, "home"
    SET_ALERTS = "tierbot_set_alerts", N_("Alerts…"), None, "home"
    SET_AWAY = "tierbot_set_away", N_("Days off…"), None, "home"
    SET_DEPUTY = "tierbot_set_deputy", N_("Deputy…"), None, "home"
    LANGUAGE_FORM = "tierbot_language_form"
    HOURS_FORM = "tierbot_hours_form"
    DIGEST_FORM = "tierbot_digest_form"
    ALERTS_FORM = "tierbot_alerts_form"
    AWAY_FORM = "tierbot_away_form"
    DEPUTY_FORM = "tierbot_deputy_form"
    OPEN_LISTED = "tierbot_open_listed", N_("Show the card")
    TO_LIST = "tierbot_to_list", N_("Back to the list"), None, "list"
    LIST_NEXT = "tierbot_list_next", N_("More"), None, "list"
    LIST_BEFORE = "tierbot_list_before", N_("Before"), None, "list"
    LIST_FILE = "tierbot_list_file", N_("As a file"), None, "list"
    LIST_CSV = "tierbot_list_csv", N_("As CSV"), None, "list"
    COMPARE = "tierbot_compare", N_("This one")
    TEAM = "tierbot_team", N_("Show the team"), None, "team"
    ASK = "tierbot_ask", N_("Ask this")
    ALL_GREETED = "tierbot_all_greeted", N_("All greeted"), "primary", "greetings"


MOST_QUERY = 1_800  # characters: a button holds 2,000
_QUERY = re.compile(r'[^<>&"\\]+')


def is_query(text: str) -> bool:
    """Whether a button can hold this text as what was asked: no address or number of a person is in it."""
    is_plain = text.isprintable() and _QUERY.fullmatch(text) is not None
    return len(text) <= MOST_QUERY and is_plain and mask_text(text) == text


class RowChoice(StrEnum):
    """What the menu of a row offers instead of Done: its name in the value of an option, and its label."""

    label: str

    def __new__(cls, value: str, label: str) -> "RowChoice":
        choice = str.__new__(cls, value)
        choice._value_, choice.label = value, label
        return choice

    SNOOZE_1 = "snooze_1", N_("Snooze 1 day")
    SNOOZE_3 = "snooze_3", N_("Snooze 3 days")
    SNOOZE_7 = "snooze_7", N_("Snooze 7 days")
    SNOOZE_UNTIL = "snooze_until", N_("Snooze until…")
    REASSIGN = "reassign", N_("Reassign…")
    SKIP = "skip", N_("Skip…")


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """What a button points at: never a permission, because what it names is read and checked again."""

    id: int
    version: int = 0
    # crc32 of the customer's code: ids are used again after an import is undone or a backup restored.
    mark: int | None = None  # None in buttons of earlier versions
    query: str | None = None  # what was asked, as `bot.services.ask.listing.state` writes it
    choice: str | None = (
        None  # of a menu: an Action under MORE, the kind of contact under DONE_AS, a RowChoice under ROW_MENU
    )
