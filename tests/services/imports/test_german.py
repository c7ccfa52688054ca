"""Headers and words of German exports are read without --map."""

import pytest

from bot.services.imports import KINDS
from bot.services.imports.layout.columns import recognise
from bot.services.imports.read import text

# Header lines in the shape of German programs' exports, and the column of each field.
HEADERS = [
    (
        "customers",
        "Kundennummer;Firma;Strasse;PLZ;Stadt;Land;E-Mail;Telefon;Suchbegriffe",
        "code=Kundennummer; name=Firma; country=Land; aliases=Suchbegriffe",
    ),
    (
        "customers",
        "Kd.-Nr.;Matchcode;Name1;Branche;Kundengruppe;Bundesland;Vertreter;Konzern;Kunde seit;Sprache",
        "code=Kd.-Nr.; aliases=Matchcode; name=Name1; industry=Branche; customer_type=Kundengruppe; region=Bundesland; owner=Vertreter; parent=Konzern; since=Kunde seit; language=Sprache",
    ),
    (
        "orders",
        "Auftrags-Nr.;Kunden-Nr.;Auftragsdatum;Betrag netto;Betrag brutto;Wareneinsatz;WÄHRUNG",
        "order_no=Auftrags-Nr.; customer=Kunden-Nr.; date=Auftragsdatum; amount=Betrag netto; cost=Wareneinsatz; currency=WÄHRUNG",
    ),
    (
        "orders",
        "Belegnummer;Debitor;Belegdatum;Umsatz;Waehrung",
        "order_no=Belegnummer; customer=Debitor; date=Belegdatum; amount=Umsatz; currency=Waehrung",
    ),
    (
        "order-lines",
        "Belegnr.;Pos.;Artikel-Nr.;Warengruppe;Gesamtpreis netto;Selbstkosten",
        "order_no=Belegnr.; line=Pos.; product=Artikel-Nr.; product_type=Warengruppe; amount=Gesamtpreis netto; cost=Selbstkosten",
    ),
    (
        "invoices",
        "Rechnungsnummer;Datum;Fällig;Status;Netto;Rabatt;Brutto;Bezahlt am;Zahlungsart;Kundennummer;Firma;Email",
        "invoice_no=Rechnungsnummer; customer=Kundennummer; date=Datum; due=Fällig; paid=Bezahlt am; amount=Netto",
    ),
    (
        "invoices",  # "Bezahlt" holds an amount
        "Rechnungs-Nr;Kundennr;Rechnungsdatum;Faelligkeitsdatum;Rechnungsbetrag;Bezahlt;Offener Betrag;Währung",
        "invoice_no=Rechnungs-Nr; customer=Kundennr; date=Rechnungsdatum; due=Faelligkeitsdatum; amount=Rechnungsbetrag; currency=Währung",
    ),
    (
        "activities",
        "Kundennummer;Kontaktdatum;Kontaktart;Bearbeiter;Bemerkung",
        "customer=Kundennummer; date=Kontaktdatum; kind=Kontaktart; person=Bearbeiter; note=Bemerkung",
    ),
    (
        "facts",
        "KdNr;Merkmal;Wert;Stichtag;Bewertet von;Begründung",
        "customer=KdNr; field=Merkmal; value=Wert; date=Stichtag; author=Bewertet von; evidence=Begründung",
    ),
    (
        "people",
        "E-Mail-Adresse;Mitarbeiter;Funktion;Abteilung;Zeitzone;Aktiv",
        "email=E-Mail-Adresse; name=Mitarbeiter; role=Funktion; team=Abteilung; timezone=Zeitzone; active=Aktiv",
    ),
    (
        "teams",
        "Bezeichnung;Leitung;Kanal",
        "name=Bezeichnung; lead=Leitung; channel=Kanal",
    ),
    (
        "rates",
        "Gültig ab;Währung;Kurs",
        "date=Gültig ab; currency=Währung; rate=Kurs",
    ),
]


@pytest.mark.parametrize(("kind", "header", "columns"), HEADERS)
def test_the_headers_of_german_exports_are_known(kind: str, header: str, columns: str) -> None:
    layout = recognise(
        KINDS[kind].fields, header.split(";"), kind=kind, file="file.csv", given={}, remembered={}
    )
    assert layout.columns == dict(pair.split("=") for pair in columns.split("; "))


WORDS = [
    (text.RECORD_TYPES, "account", "Kunde, Bestandskunde"),
    (text.RECORD_TYPES, "prospect", "Interessent"),
    (text.ACTIVITY_KINDS, "visit", "Besuch"),
    (text.ACTIVITY_KINDS, "call", "Anruf, Telefonat"),
    (text.ACTIVITY_KINDS, "meeting", "Besprechung"),
    (text.ACTIVITY_KINDS, "training", "Schulung"),
    (text.ACTIVITY_KINDS, "survey", "Umfrage"),
    (text.ACTIVITY_KINDS, "complaint", "Reklamation, Beschwerde"),
    (text.ACTIVITY_KINDS, "referral", "Empfehlung"),
    (text.ACTIVITY_KINDS, "gift", "Geschenk, Präsent"),
    (text.ACTIVITY_KINDS, "greeting", "Weihnachtsgrüße, Weihnachtsgruesse, GLÜCKWUNSCH"),
    (text.ACTIVITY_KINDS, "other", "Sonstiges"),
    (text.ROLES, "account_manager", "Kundenbetreuerin, Außendienst, Aussendienst, Verkäufer"),
    (text.ROLES, "team_lead", "Teamleiter, Vertriebsleiterin"),
    (text.ROLES, "admin", "Administrator"),
    (text.ROLES, "viewer", "Leser"),
    (text.LANGUAGES, "en", "Englisch"),
    (text.LANGUAGES, "zh", "Chinesisch"),
    (text.YES_NO, "yes", "ja, aktiv"),
    (text.YES_NO, "no", "Nein, inaktiv"),
]


@pytest.mark.parametrize(("choices", "meant", "words"), WORDS, ids=[meant for _, meant, _ in WORDS])
def test_the_words_of_german_cells_are_known(
    choices: dict[str, tuple[str, ...]], meant: str, words: str
) -> None:
    assert list(map(text.choice(choices), words.split(", "))) == [meant] * len(words.split(", "))


def test_no_header_is_known_for_two_fields_of_a_kind() -> None:
    for kind in KINDS.values():
        known = [header for field in kind.fields for header in field.known_headers]
        assert sorted({header for header in known if known.count(header) > 1}) == [], kind.name
