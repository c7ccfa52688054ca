"""The cells of a file of customers have the masks of Slack."""

from bot.services.ask.listing.file import _cells
from bot.services.ask.questions.query import Listing
from bot.wording.answers.listing import ListRow
from db.listed.said import Named


def test_an_address_in_any_text_about_a_customer_is_masked() -> None:
    address = "anna.schmidt@example.com"
    about = {"customer_id": 1, "version": 1, "name": f"ACME {address}", "code": address}
    row = ListRow(**about, tier=None, score=None)  # type: ignore[arg-type]
    named = Named(
        id=1,
        code=address,
        name=address,
        version=1,
        record_type="account",
        region=address,
        industry=address,
        country=address,
    )
    cells = _cells(row, named, Listing(), "en")
    assert len([one for one in cells if isinstance(one, str) and "@" in one]) == 5
    assert not any(address in str(one) for one in cells)
