"""Headers that show what one row of a file is, as `plain` compares them."""

import re
from collections.abc import Iterable

from bot.services.imports.read.text import plain


def names(*lines: str) -> frozenset[str]:
    """Headers, separated by ", ", as `plain` compares them."""
    return frozenset(plain(one) for line in lines for one in line.split(", "))


# Of a line of an order or invoice, not of the whole.
_OF_LINES = names(
    "line, line no, line number, line id, line item, order line, order line number, line item name, line amount, line total",
    "row id, position, pos, item, item no, item number, item name, item code, item description, product, product id",
    "product code, product no, product name, product number, product line, product category, product type, product sku",
    "category, sub category, subcategory, sku, stock code, stockcode, article, article number, material, material number",
    "description, quantity, qty, quantity ordered, units, unit price, price each, price per unit, lineitem name",
    "lineitem quantity, lineitem price, lineitem sku, upc, ean",
    "行号, 序号, 项次, 明细行号, 产品, 产品编号, 产品编码, 产品名称, 产品类别, 产品线, 商品, 商品编号, 商品编码, 商品名称, 商品类别, 品类, 品名",
    "物料, 物料编码, 物料名称, 存货编码, 存货名称, 规格, 规格型号, 型号, 数量, 单价, 含税单价, 明细金额, 行金额",
    "Artikel, Artikelnummer, Artikel-Nr, Artikelbezeichnung, Artikelname, Bezeichnung, Menge, Einzelpreis, Stückpreis",
    "Positionsnummer, Pos-Nr, Zeile, Warengruppe, Artikelgruppe, Produkt, Produktname, Positionsbetrag",
    "produit, quantité, prix unitaire, référence, producto, cantidad, precio unitario, prodotto, quantità, hoeveelheid",
)
# Of a person at a customer.
_OF_CONTACTS = names(
    "first name, firstname, given name, last name, lastname, surname, family name, contact, contact name, contact person",
    "contact id, full name, email, e-mail, email address, contact email, job title, position, salutation, mobile, mobile phone",
    "姓, 名, 姓名, 联系人, 联系人姓名, 联系人编号, 邮箱, 电子邮箱, 电子邮件, 职务, 职位, 手机, 手机号",
    "Vorname, Nachname, Ansprechpartner, Ansprechpartnerin, Kontakt, Kontaktperson, Anrede, E-Mail-Adresse, Funktion",
    "prénom, nom de famille, nombre, apellido, apellidos, nome, cognome, voornaam, achternaam",
)

# Of amounts with tax.
_GROSS = re.compile(
    r"gross|brutto|价税合计|(?<![不未无])含税|incl(?:uding|usive|\.)?(?:of)?(?:tax|vat|gst|mwst|ust|steuer)|(?:tax|vat|gst)incl|inkl|ttc|withtax|withvat"
)


def of_lines(header: Iterable[str]) -> list[str]:
    """The headers that are of a line."""
    return [name for name in header if plain(name) in _OF_LINES]


def of_contacts(header: Iterable[str]) -> list[str]:
    """The headers that are of a person."""
    return [name for name in header if plain(name) in _OF_CONTACTS]


def is_gross(name: str) -> bool:
    """Whether a header, as `plain` compares it, is of amounts with tax."""
    return _GROSS.search(name) is not None
