"""Words of status and type columns in several languages, and the headers of such columns, as `plain` compares them."""

import re
from collections.abc import Collection

from bot.services.imports.read.text import plain


def _parts(*lines: str) -> re.Pattern[str]:
    """A pattern that finds any of these in a header."""
    return re.compile("|".join(map(re.escape, _words(*lines))))


def _words(*lines: str) -> frozenset[str]:
    return frozenset(plain(one) for line in lines for one in line.split(", "))


# Rows that do not count.
SKIPPED = _words(
    "cancelled, canceled, cancel, cancelled by customer, void, voided, deleted, invalid, rejected, declined, failed, expired",
    "quote, quotation, quoted, estimate, proposal, offer, pro forma, proforma, draft, template, test, abandoned",
    "lost, closed lost, refunded, partially refunded, returned, partially returned, charged back, reversed, written off",
    "no show, not held, postponed, planned, scheduled, not started, deferred, missed, rescheduled",
    "inactive, archived, blocked, ended, churned, former, terminated, left, cxl, cxld, canc, cncl, cncld, cancld",
    "已取消, 取消, 客户取消, 作废, 已作废, 已删除, 删除, 无效, 已失效, 已拒绝, 驳回, 已驳回, 交易关闭, 草稿, 草稿单, 报价, 报价单",
    "已退款, 部分退款, 已退货, 部分退货, 已冲销, 丢单, 输单, 未成交, 测试, 计划中, 未开始, 未到访, 爽约, 改期, 已延期",
    "停用, 已停用, 注销, 已注销, 流失, 已流失, 冻结, 离职, 终止, 已终止",
    "storniert, abgesagt, annulliert, gelöscht, ungültig, abgelehnt, verloren, angebot, entwurf, kostenvoranschlag, erstattet",
    "retourniert, zurückgesendet, zurückgegeben, geplant, verschoben, inaktiv, gesperrt, archiviert, ausgeschieden",
    "annulé, annulée, devis, brouillon, remboursé, refusé, perdu, cancelado, anulado, presupuesto, cotización, borrador",
    "reembolsado, rechazado, perdido, annullato, preventivo, bozza, rimborsato, geannuleerd, offerte, concept",
)
# Rows that take from the others.
NEGATED = _words(
    "credit note, credit memo, credit invoice, customer credit, refund, return, returns, sales return, rma, reversal",
    "chargeback, cash refund, credit adjustment, return order, credit note adjustment",
    "贷项, 贷项通知单, 贷项凭证, 退货, 退货单, 退款, 退款单, 销售退货, 销售退货单, 销退, 销退单, 退货入库, 红字, 红字发票, 红冲, 冲红, 负数发票",
    "gutschrift, rechnungskorrektur, storno, stornorechnung, retoure, retour, rückerstattung, rücksendung, rückgabe",
    "avoir, facture d'avoir, nota de crédito, nota credito, nota di credito, abono, devolución, creditnota, creditfactuur",
)
# Rows that count as they are.
COUNTED = _words(
    "complete, completed, paid, fully paid, partially paid, shipped, delivered, fulfilled, unfulfilled, partially fulfilled",
    "closed, closed won, won, invoiced, billed, done, finished, approved, authorised, authorized, posted, success, succeeded",
    "successful, captured, settled, invoice, order, sale, sales, sales order, sales invoice, tax invoice, standard, regular",
    "normal, valid, confirmed, final, none, n/a, dispatched, received, resolved, activated, enabled",
    "已完成, 完成, 已付款, 已支付, 已发货, 部分发货, 已签收, 已收货, 交易成功, 已审核, 审核, 已开票, 已结清, 已关闭, 已确认, 已成交, 成交",
    "赢单, 正常, 有效, 发票, 订单, 销售, 销售单, 销售订单, 销售出库, 销售出库单, 销售发票, 普通销售, 蓝字, 蓝字发票",
    "bezahlt, geliefert, teilgeliefert, versendet, versandt, abgeschlossen, erledigt, fakturiert, berechnet, gebucht, gültig",
    "rechnung, auftrag, verkauf, gewonnen, abgerechnet, freigegeben, bestätigt",
    "payé, payée, livré, livrée, terminé, terminée, facture, commande, pagado, pagada, entregado, completado, factura, pedido",
    "pagato, consegnato, completato, fattura, betaald, geleverd, voltooid, factuur",
)
# The same, in files of one kind only.
COUNTED_IN = {
    "invoices": _words(
        "open, unpaid, overdue, sent, issued, outstanding, due, not paid, awaiting payment, partially settled, disputed",
        "未付款, 未付, 未支付, 未结清, 部分付款, 部分结清, 逾期, 已逾期, 已开具, 未核销, 已核销, 部分核销",
        "offen, teilbezahlt, überfällig, versendet, impayé, impayée, pendiente, vencida",
    ),
    "activities": _words(
        "held, attended, closed, 已拜访, 已到访, 已执行, durchgeführt, stattgefunden",
        "connected, reached, answered, spoke, talked, met, interested, not interested, positive, neutral, negative",
        "call back, callback, follow up, followed up, satisfied, good, answered by contact",
        "已接通, 接通, 已联系, 已沟通, 有意向, 无意向, 满意, 一般, 待跟进, 已跟进, 良好",
        "erreicht, gesprochen, interessiert, kein interesse, zufrieden, wiedervorlage",
    ),
    "customers": _words(
        "active, customer, client, existing, 合作中, 启用, 活跃, 在用, aktiv, kunde, kunden, debitor, debitoren, debtor, customers, clients, 客户"
    ),
    "people": _words("active, employed, 在职, 启用, aktiv"),
    "facts": _words("actual, audited, 已审计"),
}
# Codes and plans say so only under a header of a status, a type or a scenario: CN is a country, too.
SKIPPED_HERE = _words(
    "vd, qt, qte, quo, dft, drft, forecast, budget, budgeted, plan, target, 预测, 预算, 计划, 目标",
    "prognose, planung, hochrechnung, ziel, prévision, presupuestado, previsión",
)
NEGATED_HERE = _words("gs, cm, cn, cr, crn, crm, crd, sc, scn, ret, rtn, rfd, sto, gu")
COUNTED_HERE = _words(
    "inv, si, so, ord, ship, shp, shpd, dlvd, re, rg, ok, act, actual, actuals, ist, 实际, 实绩"
)
# In files of one kind, words that count elsewhere do not.
SKIPPED_IN = {
    "activities": _words(
        "no answer, not answered, unanswered, no response, no reply, did not answer, busy, line busy, voicemail",
        "left voicemail, left message, left a message, lvm, n/r, wrong number, not reached, unreachable, not available",
        "no contact, not home, noshow, no-show, did not attend, not attended, did not take place, not met, open, pending",
        "not completed, incomplete, in progress, to do, todo, not done, upcoming, future, tentative, missed call",
        "未接通, 未接, 无人接听, 无应答, 未应答, 占线, 忙线, 空号, 关机, 停机, 拒接, 挂断, 语音信箱, 未联系上, 联系不上, 未联系, 未见面",
        "未见到, 未见到客户, 客户不在, 未完成, 进行中, 待办, 待执行, 待拜访, 未执行, 未拜访, 未赴约, 爽约, 失约, 未成功",
        "nicht erreicht, keine antwort, besetzt, mailbox, anrufbeantworter, falsche nummer, nicht angetroffen, nicht erschienen",
        "ausgefallen, entfallen, offen, in bearbeitung, ausstehend, nicht durchgeführt, nicht stattgefunden",
        "pas de réponse, absent, occupé, sans réponse, no contesta, sin respuesta, ocupado, pendiente",
    ),
    "customers": _words("closed, 已关闭, geschlossen"),
    "facts": _words("forecast, budget, plan, 预测, 预算"),
    "joins": _words(
        "different, distinct, separate, keep separate, not a duplicate, no match, not the same, unsure, maybe, unclear",
        "review, to review, undecided, reject, 不合并, 不是同一客户, 不同, 不同客户, 待定, 待确认, 不确定, 保留",
        "verschieden, keine dublette, nicht zusammenführen, unklar, getrennt, offen",
    ),
}
# Of files of customers: rows of others, such as suppliers.
NO_CUSTOMERS = _words(
    "supplier, suppliers, vendor, vendors, creditor, creditors, competitor, employee, employees, staff, carrier, subcontractor",
    "供应商, 供货商, 供方, 厂商, 竞争对手, 员工, 职员, 承运商, 物流商, 外包商, 分包商, 外协",
    "内部员工, 内部职工, lieferant, lieferanten, kreditor, kreditoren, wettbewerber, mitarbeiter, spediteur, subunternehmer",
    "fournisseur, fournisseurs, proveedor, proveedores, fornitore, fornitori, leverancier, leveranciers, concurrent, competidor",
)
# Of files of customers: whether a row is a customer, or a supplier, by yes and no or by a rank.
CUSTOMER_FLAGS = _words(
    "customer, is customer, customer flag, customer rank, customer y/n, 是否客户, 客户标志, kunde, ist kunde, debitor",
    "kundenkennzeichen, est client, es cliente, è cliente",
)
SUPPLIER_FLAGS = _words(
    "supplier, is supplier, supplier flag, supplier rank, vendor, is vendor, vendor rank, preferred vendor, vendor flag",
    "是否供应商, 供应商标志, 是否供货商, lieferant, ist lieferant, kreditor, lieferantenkennzeichen, est fournisseur, es proveedor",
)
# Codes of accounts of creditors, under one of these headers only.
CREDITORS = _words("k, kred, cred, v, vend")
ACCOUNT_TYPES = _words(
    "kontoart, kontotyp, account type, account kind, partner type, bp type, bp category, 往来类型, 往来单位类型"
)
# Documents that are no sale, under a header of a status or of a type of document.
NO_SALES = _words(
    "payment, payment received, customer payment, incoming payment, receipt, cash receipt, journal, journal entry, jv",
    "deposit, down payment, prepayment, advance payment, opening balance, balance brought forward, bbf, transfer",
    "sample, sample order, free sample, exchange, replacement, warranty, free of charge, foc, gratis, gift, promotion",
    "write-off, intercompany, purchase, purchase order, bill, supplier invoice, vendor bill, delivery note, statement",
    "收款, 收款单, 收到货款, 收货款, 回款, 回款单, 付款, 付款单, 预收款, 预收, 定金, 订金, 押金, 期初余额, 期初, 转账, 调拨, 内部调拨",
    "样品, 样品单, 赠品, 赠送, 免费, 换货, 换货单, 补发, 保修, 采购, 采购单, 采购订单, 凭证, 结转, 对账单, 送货单",
    "zahlung, zahlungseingang, anzahlung, eröffnungssaldo, saldovortrag, umbuchung, muster, musterbestellung, umtausch",
    "ersatz, garantie, kostenlos, bestellung lieferant, eingangsrechnung, lieferschein, vorauszahlung, ausbuchung",
    "paiement, acompte, échantillon, échange, gratuit, pago, anticipo, muestra, cambio, pagamento, acconto, betaling",
)
# Invoices that are paid, and headers of columns that say so by yes or no.
PAID = _words(
    "paid, fully paid, paid in full, settled, cleared, 已付款, 已支付, 已付, 已收款, 已回款, 已结清, 结清, 已核销, 已付清, 全部核销",
    "bezahlt, ausgeglichen, beglichen, payé, payée, réglé, réglée, pagado, pagada, pagato, pagata, betaald",
)
PAID_HEADERS = _words(
    "paid, is paid, settled, is settled, cleared, closed, 已付, 是否付款, 是否已付款, 是否结清, 是否核销, 结清, 核销",
    "bezahlt, ausgeglichen, payé, pagado",
)
# What is still to be paid: 0 of a paid invoice.
BALANCE = _parts(
    "balance, amountdue, outstanding, openamount, remaining, residual, 未收, 余额, 未核销, 未付金额, 未结清金额, 欠款, 尾款",
    "offen, restbetrag, saldo, soldedu, soldedû, resteapayer, pendiente",
)
# Words of one column that stand for the two sides; the second takes from the first.
SIDES = (
    *(("debit", "credit"), ("soll", "haben"), ("dr", "cr"), ("positive", "negative"), ("+", "-")),
    *(("借", "贷"), ("借方", "贷方"), ("蓝字", "红字")),
)
LETTER_SIDES = (("s", "h"), ("d", "c"))  # only under a header that says so
SIDE_HEADERS = _words(
    "s/h, soll/haben, soll haben, sh kennzeichen, soll/haben kennzeichen, s/h kz, d/c, debit/credit, debit credit, dr/cr",
    "c/d, cr/dr, d/c indicator, debit credit indicator, debit/credit indicator, 借贷, 借/贷, 借贷方向, 借贷标志, 方向",
)

# Headers of a column of two or more short codes that may be a type of document.
TYPE_HEADERS = _words("type, typ, kind, art, doc, document, code, txn, trx, 类型, 种类, 单据, tipo")
# Headers of columns of words, some of which may be of documents that are no sale.
_DOCUMENT_HEADERS = _words(
    "order category, order kind, order class, sales type, sale type, document kind, document category, entry type",
    "transaction, transaction kind, record type, posting type, category, nature, purpose, class, movement type",
    "订单类别, 订单性质, 销售类型, 销售方式, 类别, 性质, 用途, 交易类别, 业务类别, 业务性质, 凭证类型, 记录类型",
    "auftragsart, buchungsart, kategorie, vorgang, bewegungsart, verkaufsart, bestellart, catégorie, categoría",
)
SCENARIO_HEADERS = _words(
    "scenario, version, szenario, 场景, 情景, 版本, data version, plan version, planversion, value type, wertart, scénario",
    "escenario, ledger type, actual/budget, actual/plan, plan/actual, budget/actual, plan/ist, ist/plan, 计划/实际",
    "rate type, exchange rate type, kurstyp, kursart, 汇率类型",
)
# A factor of minus one, or an amount of goods below zero, makes the amount negative.
_SIGN_HEADERS = _words(
    "sign, factor, sign factor, multiplier, vorzeichen, faktor, +/-, plus/minus, direction, signe, signo",
    "符号, 正负, 正负号, 系数, 方向, 方向系数",
)
_QUANTITY_PARTS = _parts("quantity, qty, menge, anzahl, stückzahl, 数量, cantidad, quantité, quantita")
_STOCK_PARTS = _parts("stock, onhand, balance, bestand, lager, 库存, 结存, 余")
# Of activities: no, or nothing where others have a day, under one of these headers is one that did not take place.
DONE_HEADERS = _words(
    "completed, is completed, complete, done, is done, finished, held, took place, erledigt, abgeschlossen, durchgeführt",
    "完成, 是否完成, 已完成, 是否已完成, 已执行, 是否执行, 是否到访, terminé, completado",
    "completed on, completed at, completed date, date completed, completion date, done on, finished on",
    "完成日期, 完成时间, 实际完成时间, 实际日期, 执行日期, 到访时间, erledigt am, abgeschlossen am, durchgeführt am",
    "connected, reached, answered, attended, showed up, 是否接通, 接通, 是否联系上, 是否见面, erreicht, angetroffen, erschienen",
)
# A no, or nothing where others have a yes, under one of these headers is a row that does not count.
_VALID_HEADERS = _words(
    "valid, is valid, confirmed, is confirmed, posted, is posted, approved, is approved, released, is released",
    "verified, is verified, effective, active, is active, enabled, is enabled, include, included, counts, booked, finalised",
    "finalized, submitted, is final, accepted, 审核, 是否审核, 已审核, 是否有效, 有效, 是否生效, 生效, 已生效, 是否启用, 启用",
    "是否确认, 确认, 已确认, 是否过账, 过账, 已过账, 记账, 是否记账, 已记账, 是否计入, 计入, 是否提交, 是否在用",
    "gültig, ist gültig, aktiv, ist aktiv, bestätigt, gebucht, verbucht, freigegeben, geprüft, validé, valide, confirmé",
    "approuvé, actif, válido, confirmado, aprobado, activo, attivo, confermato, valido",
)
_DELIVERED = _words(
    "delivered quantity, delivered qty, qty delivered, quantity delivered, shipped quantity, shipped qty, qty shipped",
    "quantity shipped, fulfilled quantity, fulfilled qty, delivered, shipped, is delivered, is shipped, delivered amount",
    "发货数量, 已发货数量, 已发数量, 实发数量, 出库数量, 已出库数量, 累计出库数量, 交货数量, 已交货数量, 已交数量, 是否发货, 是否出库, 是否签收",
    "gelieferte menge, liefermenge, gelieferte stückzahl, geliefert, ausgelieferte menge, versendet, quantité livrée",
    "cantidad entregada, quantità consegnata",
)
_VALID_HEADERS_IN = {
    "orders": _DELIVERED,
    "order-lines": _DELIVERED,
    "invoices": _DELIVERED,
    "customers": _words(
        "是否合作, 合作中, 合作, 在用, 是否活跃, 活跃, 是否正常, in use, current, current customer, is current, trading, is customer",
        "active customer, customer active, account active, kunde aktiv, aktiver kunde, aktivkunde, in betrieb",
    ),
    "joins": _words(
        "decision, match, is match, matched, is duplicate, duplicate confirmed, same, same customer, merge, join, ok, agreed",
        "是否合并, 确认合并, 合并, 是否同一客户, 同一客户, 是否重复, 决定, 审核结果",
        "entscheidung, dublette, ist dublette, zusammenführen, identisch, gleich",
    ),
    "activities": _words(
        "justified, 是否属实, 属实, 是否成立, berechtigt, ist berechtigt, took place, valid complaint, is valid complaint",
        "complaint valid, complaint justified, justified complaint, is complaint valid, 有效投诉, 是否有效投诉, 投诉是否有效",
        "投诉是否成立, 投诉是否属实, reklamation berechtigt, beschwerde berechtigt, berechtigte reklamation",
    ),
}
# Of activities: how long they took; those of no time did not take place.
DURATION_HEADERS = _words(
    "duration, call duration, duration (min), duration (minutes), duration minutes, duration in minutes, duration seconds",
    "duration (s), talk time, length, call length, minutes, 时长, 通话时长, 拜访时长, 持续时间, 通话时间, 时长(分钟), 时长(秒)",
    "dauer, gesprächsdauer, anrufdauer, dauer (min), dauer in minuten, durée, duración, durata",
)
# Of activities: headers of what came of one, which may be that it did not take place.
OUTCOME_PARTS = _parts(
    "outcome, result, disposition, callstatus, attendance, 结果, 接通情况, 接听情况, 到访情况, 完成情况, ergebnis, resultat",
    "résultat, resultado, anrufstatus",
)
_LONGEST_OUTCOME = 24  # characters; longer ones are notes, not words that sort activities
# Of activities: headers of how many a row stands for.
SEVERAL_HEADERS = _words(
    "count, number, times, qty, quantity, no of visits, number of visits, visits, calls, number of calls, no of calls",
    "activity count, number of activities, frequency, how many, repetitions, 次数, 数量, 拜访次数, 电话次数, 通话次数",
    "活动次数, 频次, 合计次数, 总次数, anzahl, anzahl besuche, anzahl anrufe, anzahl kontakte, häufigkeit, menge, besuche, anrufe",
    "nombre, nombre de visites, cantidad, numero de visitas",
)

# A header with one of these parts is of a column that says which rows count.
_STATUS_PARTS = _parts(
    "status, stage, 状态, 阶段, statut, documenttype, doctype, transactiontype, vouchertype",
    "invoicetype, ordertype, 单据类型, 单据类别, 单据性质, 订单类型, 发票类型, 业务类型, 交易类型, belegart, belegtyp",
    "vorgangsart, vorgangstyp, typededocument, tipodedocumento, estadode",
)
# A header with one of these parts is of a column with yes or no, with the day, or with how much.
_FLAG_PARTS = _parts(
    "cancel, void, delet, refund, return, reversed, reversal, reverses, reversing, inactive, archived, closedlost, testorder",
    "creditnote, creditmemo, isdraft, isquote, istest, 作废, 取消, 删除, 退货, 退款, 红冲, 冲销, storn",
    "gelöscht, retour, gutschrift, annul, rembours, 离职, 停用, 禁用, disabled, terminat, lefton, austritt",
    "onhold, suspended, 冻结, 挂起, nolongervalid, superseded, obsolete, outdated, 失效, veraltet, überholt, ungültig",
)
_FLAG_HEADERS = _words(
    "returned qty, returned quantity, qty returned, quantity returned, 退货数量, 已退数量, 已退货数量, retourenmenge",
    "reason for rejection, rejection reason, reason for cancellation, cancellation reason, cancel reason, void reason",
    "lost reason, loss reason, reason lost, closed lost reason, absagegrund, stornogrund, ablehnungsgrund, motif d'annulation",
    "取消原因, 作废原因, 拒绝原因, 驳回原因, 丢单原因, 输单原因, 退款原因, 退货原因, 关闭原因",
    "hold, blocked, is blocked, locked, is locked, 暂停, 是否暂停, gesperrt, ist gesperrt, sperre, liefersperre, auftragssperre",
)
# The same, in files of one kind only.
_FLAG_PARTS_IN = {
    "customers": _parts(
        "sperr, blocked, locked, contractend, endofcontract, contractexpir, contractuntil, deceased, bankrupt, insolven",
        "closedon, closeddate, exitdate, donotuse, blacklist, 合同到期, 合同结束, 合同终止, 合作结束, 合作终止, 到期日, 倒闭, 破产",
        "validto, validuntil, validthru, gültigbis, activeuntil, customeruntil, 有效期至, 有效期止, 截止日期, 合作至",
        "mergedinto, mergedto, duplicateof, masterrecord, replacedby, 合并到, 合并至, 并入, 重复于, zusammengeführt, ersetztdurch",
        "闭店, 黑名单, vertragsende, vertragende, kündigung, gekündigt, verstorben, erloschen",
    ),
    "people": _parts(
        "exitdate, lastday, lastworkingday, leavingdate, leavedate, dateleft, deactivat, lockedout, accountlocked, resign",
        "offboard, enddate, 最后工作日, 锁定, 注销, ausgeschieden, letzterarbeitstag, deaktiviert, gesperrt, kündigung",
    ),
}
# Of these, rows that take from the others.
_NEGATIVE_FLAG_PARTS = _parts(
    "return, credit, 退货, 红冲, retour, gutschrift, reversalof, reverses, reversing, stornozu, stornovon, 冲销"
)
# A header with one of these parts has the number of the document that a row takes back.
_REVERSAL_PARTS = _parts(
    "reversalof, reverses, reversing, stornozu, stornovon, 冲销单, 冲销凭证, 冲销发票, 冲销订单"
)
# A column of amounts under such a header is subtracted from the amount.
_REFUND_PARTS = _parts(
    "refund, returns, returned, 退款, 退货, credited, creditamount, rückerstattung, erstattet",
    "rembours, reembols, 贷方, haben, gutschrift",
)
_REFUND_HEADERS = _words("credit, credits, return amount, 贷, 冲减金额")
_DATE_PARTS = ("date", "日期", "时间", "datum", "fecha")
PAYMENT_PARTS = _parts("pay, card, method, 方式, 支付, zahl")
# What looks like one of the above and is not.
_OTHER_PARTS = _parts(
    "policy, rate, reason, label, 单号, 编号, 原因, number, nummer, link, url, quantity, qty, 数量, menge",
    "currency, 币种, 货币, währung, devise, moneda, marital, creditlimit, days, address, returncode, method, 期限, window",
)
TRUE = _words("yes, true, 1, y, x, t, ja, j, wahr, 是, 真, 对, √, oui, vrai, o, sí, si, v, ✓, ✔")
FALSE = _words("no, false, 0, n, f, nein, falsch, 否, 假, 不是, non, faux, none, null, 无") | {"", "-"}


def _has_part(header: str, parts: re.Pattern[str]) -> bool:
    """Whether a header has one of the parts."""
    said = plain(header)
    return parts.search(said) is not None and not _OTHER_PARTS.search(said)


def is_flag(header: str, kind: str = "") -> bool:
    """Whether a header is that of yes or no, of the day, or of the document that a row takes back."""
    said = plain(header)
    if kind == "customers" and said in SUPPLIER_FLAGS:
        return True
    if said in _FLAG_HEADERS or _has_part(header, _FLAG_PARTS) or _REVERSAL_PARTS.search(said) is not None:
        return True
    own = _FLAG_PARTS_IN.get(kind)
    return own is not None and own.search(said) is not None


def says_valid(header: str, kind: str = "") -> bool:
    """Whether a no under this header is of a row that does not count."""
    said = plain(header)
    if kind == "customers" and said in CUSTOMER_FLAGS:
        return True
    return said in _VALID_HEADERS or said in _VALID_HEADERS_IN.get(kind, ())


def is_of_documents(header: str) -> bool:
    """Whether words under this header may be those of types of documents."""
    said = plain(header)
    return said in TYPE_HEADERS or said in _DOCUMENT_HEADERS or is_status(header)


def takes_back(header: str) -> bool:
    """Whether a yes under this header takes from the other rows."""
    said = plain(header)
    if said.startswith(("已冲销", "被冲销")):  # it has been taken back itself
        return False
    return _has_part(header, _NEGATIVE_FLAG_PARTS) or _REVERSAL_PARTS.search(said) is not None


def has_signs(header: str) -> bool:
    """Whether numbers below zero under this header make an amount negative."""
    said = plain(header)
    return said in _SIGN_HEADERS or is_quantity(header)


def is_quantity(header: str) -> bool:
    said = plain(header)
    return _QUANTITY_PARTS.search(said) is not None and not _STOCK_PARTS.search(said)


def is_status(header: str) -> bool:
    """Whether a header is that of a status or a type, not of its day."""
    return _has_part(header, _STATUS_PARTS) and not plain(header).endswith(_DATE_PARTS)


def is_outcome(header: str, words: Collection[str]) -> bool:
    """Whether a column of this header and of these words says what came of activities."""
    return OUTCOME_PARTS.search(plain(header)) is not None and all(
        len(said.strip()) <= _LONGEST_OUTCOME for said in words
    )


def is_refund(header: str) -> bool:
    """Whether a column of this header may have amounts that are subtracted."""
    if any(part in plain(header) for part in _DATE_PARTS):
        return False
    return plain(header) in _REFUND_HEADERS or _has_part(header, _REFUND_PARTS)
