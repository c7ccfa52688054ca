"""Finding notes by words, among the customers that the asker may see."""

from datetime import date

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.masking import mask_text
from bot.services import access
from bot.services.access import Actor, given_customers
from bot.services.ask.brief.known import who_of
from bot.wording.ask.notes import FoundNote, NotesFound
from db.book import customers
from db.book import notes as stored

MOST_FOUND = 10
MOST_READ = 200  # notes of which those are shown whose words are not masked
MOST_WORDS = 8
LONGEST = 200  # characters of the words
SHORTEST = 2  # characters of a word that is not Chinese: one letter is in every note
AROUND = 60  # characters before and behind the first word
IDEOGRAPHS = ("\u3400", "\u9fff")


def search(
    session: Session,
    actor: Actor,
    words: str,
    most: int = MOST_FOUND,
    *,
    since: date | None = None,
    customer_id: int | None = None,
) -> NotesFound:
    """The newest notes that contain each of the words, wherever they stand in it; Chinese needs no spaces.

    Only of customers that the actor may see. A word in quotation marks may have spaces. Raises BadInput for words that
    would be in every note.
    """
    wanted = words_of(words)
    found = stored.search(
        session,
        wanted,
        owners=access.visible_owners(session, actor),
        given=given_customers(actor),
        most=MOST_READ,
        since=since,
        customer_id=customer_id,
    )
    # What is masked cannot be guessed by looking for it.
    found = [one for one in found if _holds(mask_text(one.text or ""), wanted)]
    shown = found[:most]
    known = customers.get_many(session, sorted({one.customer_id for one in shown}))
    who = who_of(session, (one.person_id for one in shown))
    return NotesFound(
        words=" ".join(wanted),
        found=tuple(
            FoundNote(
                **access.about(known[one.customer_id]),
                day=one.day,
                kind=one.kind or "other",
                who=who(one.person_id),
                excerpt=excerpt(one.text or "", wanted),
            )
            for one in shown
        ),
        more=len(found) > most,
        since=since,
        customer=customers.get_many(session, [customer_id])[customer_id].name if customer_id else None,
    )


def words_of(text: str) -> list[str]:
    """The words to look for. Raises BadInput where there is none that could tell notes apart."""
    if len(text) > LONGEST:
        raise BadInput(N_("Name at most %(most)s characters to look for."), most=LONGEST)
    quoted = text.replace("“", '"').replace("”", '"').replace("「", '"').replace("」", '"').split('"')
    words = [
        word
        for place, part in enumerate(quoted)
        for word in ([part.strip()] if place % 2 else part.split())
        if word
    ]
    words = list(dict.fromkeys(words))
    if len(words) > MOST_WORDS:
        raise BadInput(N_("Name at most %(most)s words to look for."), most=MOST_WORDS)
    if not words or not any(len(word) >= SHORTEST or _is_chinese(word) for word in words):
        raise BadInput(
            N_("Name the words to look for in notes: one of at least two letters, or one Chinese character.")
        )
    return words


def _holds(text: str, words: list[str]) -> bool:
    folded = text.lower()
    return all(word.lower() in folded for word in words)


def excerpt(text: str, words: list[str]) -> str:
    """The part of a note around the first of the words that stands in it."""
    line = mask_text(" ".join(text.split()))
    folded = line.lower()
    places = [place for word in words if (place := folded.find(word.lower())) >= 0]
    first = min(places, default=0)
    begin = max(0, first - AROUND) if first > AROUND else 0
    end = begin + 3 * AROUND
    return ("…" if begin else "") + line[begin:end].strip() + ("…" if len(line) > end else "")


def _is_chinese(word: str) -> bool:
    return any(IDEOGRAPHS[0] <= one <= IDEOGRAPHS[1] for one in word)
