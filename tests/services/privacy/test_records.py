"""Imports of gifts and survey scores that changed whom they name, when that contact person is erased."""

import pytest
from sqlmodel import col, select

from db.book.contact_people import ContactPerson
from db.care.records.gifts import Gift
from db.care.records.surveys import SurveyScore
from tests.services.privacy.test_contact_people import bring, ids, the_contact
from tests.services.privacy.world import World


@pytest.mark.parametrize("erased", ["Ada Quist", "Bo Zander"])
def test_an_import_that_named_an_erased_contact_person_can_be_undone(small: World, erased: str) -> None:
    bring(small, "K1,Ada Quist,", "K1,Bo Zander,")
    gift = "id,customer,date,what,value,contact"
    survey = "id,customer,date,score,scale,contact"
    small.bring("gifts", gift, "G1,K1,2026-01-05,Silk for Ada,60,Ada Quist", currency="CNY")
    small.bring("surveys", survey, "S1,K1,2026-01-05,4,1-5,Ada Quist")
    later = [
        small.bring("gifts", gift, "G1,K1,2026-01-05,Wine for Bo,61,Bo Zander", currency="CNY"),
        small.bring("surveys", survey, "S1,K1,2026-01-05,3,1-5,Bo Zander"),
    ]
    left = next(name for name in ("Ada Quist", "Bo Zander") if name != erased)
    small.erase(the_contact(small, erased))
    assert small.traces_of(["Silk" if erased == "Ada Quist" else "Wine"]) == []
    for one in later:
        small.undo(one.batch_id or 0)
    number = ids(small)[left] if left == "Ada Quist" else None
    with small.database.read() as session:
        assert session.exec(select(SurveyScore.contact_person_id)).one() == number
        kept = session.exec(
            select(ContactPerson.name).join(Gift, col(Gift.contact_person_id) == ContactPerson.id)
        ).all()
        assert kept == [name for name in [left] if name == "Ada Quist"]
    assert small.traces_of([erased]) == []
