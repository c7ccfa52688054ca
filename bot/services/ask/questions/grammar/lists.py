"""Words of lists: risks, what customers did not have, and the order."""

from typing import Any

from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.query import Direction, Risk, Silence, Sort

LISTS: dict[PhrasePart, dict[Any, str]] = {
    PhrasePart.LACKED: {
        Silence.VISIT: "visit|visits|visited|been visited|a visit|site visit|personal visit|visit in person|been to see|been there|been round|been over|dropped by|drop by|stopped by|had one of us drop by|seen|seen in person|met|met in person|face to face|in person|been on site|on site|onsite visit|"
        "one of us drop by in person|had one of us drop by in person|drop by in person|拜访|走访|回访|上门|上门拜访|拜访过|见面|见过面|见过|面访|当面|去现场|现场拜访|跑过|走动|"
        "去过|去看过|登门|登门拜访|拜访记录|any visit|any visits|上门看过|上过门|跑一趟",
        Silence.CONTACT: "contact|contacts|contacted|any contact|been contacted|spoken to|touched|been touched|reached out to|reached out|heard from|联系|联络|接触|沟通|联系过|跟进|跟进过|in touch with|been in touch with|been in touch|spoken with|talked to|talked with|联系上|搭理|搭理过|搭理|搭过话|理过|理|管过|过问|问过|碰过|往来|沟通过|接触过|互动|followed up|follow up|followed up with|follow-up|any touch",
        Silence.CALL: "call|calls|called|been called|phoned|been phoned|ring|rung|rang|phone call|phone calls|phone contact|telephoned|spoken on the phone|on the phone|打电话|打过电话|致电|通话|电话联系|电话沟通|来电|"
        "通过电话|通电话|电话|去电|去过电话|any call|any calls",
        Silence.ORDER: "order|orders|ordered|bought|buy|purchase|purchases|purchased|an order|new order|new orders|placed orders|ordering|bought from us|下单|订单|下过单|新订单|采购|购买|买|买东西|"
        "订货|下订单|成交|下过订单|买过|买过东西|订过货|进货|进过货|拿货|拿过货|采购过|出单|开单|订单量|any order|any orders|placed an order|placed any order|placed any orders|placed an order with us|ordered anything|bought anything",
    },
    PhrasePart.LACKING: {
        Silence.VISIT: "unvisited|not seen|without a visit|没见着",
        Silence.CONTACT: "untouched|uncontacted|neglected|ignored|forgotten|out of touch|gone without contact|冷落|被冷落|失联|断联|晾着|晾了|没人搭理|没人理|没人联系|没人跟进|没人管过",
        Silence.CALL: "uncalled|没通过话",
        Silence.ORDER: "stopped ordering|stopped buying|停止下单|停单|断单|断货",
    },
    PhrasePart.QUIET: {
        None: "quiet|gone quiet|went quiet|been quiet|radio silence|no sign of life|没动静|没有动静|没声音|没音信|没消息|没有消息|没信儿|悄无声息|没下文"
    },
    PhrasePart.COMPLAINED: {
        None: "complaint|complaints|complained|a complaint|any complaint|complaining|filed a complaint|had a complaint|had complaints|new complaints|new complaint|raised a complaint|投诉|闹过投诉|投诉过|有过投诉|提过投诉|来投诉|投诉了|客诉|有客诉|闹投诉|投诉记录|抱怨过|抱怨"
    },
    PhrasePart.NEAR_ANY: {
        None: "near a boundary|near the boundary|close to a boundary|close to the boundary|near boundary|on the boundary|on the edge|on the fence|borderline|borderline cases|near a tier boundary|"
        "接近分界|接近边界|临界|在分界附近|快变等级|临界点|边缘|在边缘|分界线附近|接近分界线|卡在边界"
    },
    PhrasePart.AWAY: {None: "离|距"},
    PhrasePart.GAP: {
        None: "只差一口气|就差一口气|差一口气|只差一点|只差一点点|就差一点|就差一点点|差一点|差一点点|只差几分|就差几分|只差一步|就差一步|只有一步之遥|一步之遥|不远|不远了"
    },
    PhrasePart.RISK: {
        Risk.ANY: "at risk|at-risk|risky|in danger|endangered|in jeopardy|in trouble|likely to churn|churn risk|at risk of leaving|at risk of churn|might lose|could lose|有风险|风险|风险客户|高风险|有流失风险|可能流失|快流失|存在风险|流失风险|要流失|可能丢|快丢了|岌岌可危|危险|有危险",
        Risk.SILENT: "silent|silent by its own rhythm|gone silent|went silent|fallen silent|silenced|dormant|inactive|沉默|沉寂|静默|沉默客户|不活跃|休眠",
        Risk.FALLING: "falling|declining|shrinking|buying less|buys less|buy less|in decline|on the decline|on the way down|ordering less|orders less|spending less|下滑|下滑客户|在下滑|采购下滑|采购在下滑|订单下滑|订单在下滑|买得少了|萎缩|走下坡路|下坡|往下滑|订单减少|采购减少|买少了|少买了",
        Risk.OVERDUE_STEP: "overdue step|overdue steps|overdue care step|overdue care steps|care steps running late|steps running late|care running late|overdue care|care overdue|care step is overdue|step is overdue|steps are overdue|care steps are overdue|care is overdue|"
        "steps overdue|step overdue|care steps overdue|late care steps|late care|late steps|care late|care is late|care steps late|care behind|behind on care|behind with care|behind on care steps|overdue on care|missed care steps|missed care|care we missed|overdue follow-ups|overdue tasks|overdue care tasks|"
        "步骤逾期|关怀逾期|逾期步骤|逾期关怀|关怀步骤逾期|逾期的步骤|逾期的关怀|逾期未跟进|关怀超期|关怀过期|关怀拖着|关怀拖着没做|关怀没做|关怀步骤没做|关怀没跟上|关怀晚了|关怀迟了|关怀拖期|没做的关怀|欠的关怀|该做没做的关怀|关怀欠着|关怀拖了|关怀步骤超期",
        Risk.OVERDUE_INVOICE: "overdue invoice|overdue invoices|invoices overdue|invoice is overdue|invoices are overdue|invoice overdue|overdue money|overdue payment|"
        "overdue payments|unpaid overdue invoices|unpaid invoices|unpaid invoice|overdue bills|overdue bill|unpaid bills|late invoice|late payers|late payer|late payment|late with payment|late paying|owe us money past due|owe us money past due date|owes us money past due|owes us money past due date|money past due|past due date|past the due date|past its due date|past their due date|behind on payment|behind on payments|behind with payments|pay late|paying late|in arrears|arrears|owe us overdue money|owes us overdue money|owing overdue|to chase for money|chase for money|chase for payment|chase for invoices|money overdue|payments overdue|payment overdue|payment is overdue|past due|overdue receivables|"
        "need to chase for money|invoices past due|"
        "发票逾期|欠款逾期|账款逾期|逾期发票|逾期欠款|逾期账款|逾期的发票|付款逾期|"
        "late invoices|late payments|past due invoices|发票超期|货款逾期|逾期货款|回款逾期|账款超期|有逾期发票|逾期没付款|逾期未付款|逾期没付|逾期未付|逾期没还|拖欠|拖欠货款|拖着款|拖款|欠款没还|欠款没付|欠账|赖账|款没付|没付款|没付钱|未付款|没回款|未回款|逾期没回款|逾期未回款|催款|要催款|该催款|发票过期|发票没付|账期超了|过了账期|超账期|逾期款|逾期的货款|逾期的款",
        Risk.OVER_LIMIT: "over limit|over the limit|over their limit|over its limit|over credit limit|over the credit limit|"
        "over their credit limit|above limit|above their credit line|above the credit line|over their credit line|over the credit line|beyond their credit line|above the limit|above their limit|beyond limit|beyond their limit|beyond their credit limit|beyond the credit limit|past their limit|past their credit limit|exceeded their limit|exceeded their credit limit|exceeded the limit|exceeded the credit limit|exceed their limit|exceeds its limit|exceed their credit limit|exceeds its credit limit|exceeding limit|maxed out|maxed out their credit|over the line|overdrawn|"
        "超额度|超过额度|超出额度|超信用额度|超过信用额度|超限额|超额|"
        "over its credit limit|above its limit|above the credit limit|above their credit limit|above its credit limit|"
        "exceeding their limit|exceeding their credit limit|超出信用额度|额度超了|超了额度|超授信|"
        "信用超额|信用额度超了|用超额度|额度用超|额度用超了|用超了额度|超了信用额度|超出授信|超过授信|额度爆了|爆额度|额度超标|超出限额|额度不够用|信用额度用超|信用用超",
        Risk.GATE: "gate|gated|capped|capped by a gate|by a gate|a gate applies|risk flag|flagged|held back by a gate|门槛|触发门槛|被限级|限级|"
        "风险标记|有风险标记|被门槛卡住|卡门槛",
        Risk.COMPLAINT: "open complaint|open complaints|an open complaint|complaint open|complaint is open|complaints are open|complaints open|pending complaint|pending complaints|complaint pending|complaints pending|outstanding complaint|outstanding complaints|still complaining|有投诉|未结投诉|有未结投诉|"
        "投诉未结|投诉未处理|未处理的投诉|未结的投诉|unresolved complaint|unsettled complaints|"
        "unresolved complaints|有投诉没处理|有投诉未处理|投诉没处理|投诉还没处理|没处理的投诉|没解决的投诉|投诉没解决|投诉未解决|投诉没结|投诉还没结|投诉还没解决|投诉没完|投诉挂着|挂着投诉|没结的投诉|还没结的投诉|投诉没关|投诉待处理|待处理的投诉|未关闭的投诉|投诉未关闭|"
        "有 complaint|有 open complaint",
        Risk.PROMISE: "open promise|open promises|promises open|promise open|promises we made|promised something|unkept promises|outstanding promises|outstanding promise|pending promises|promises outstanding|promises not kept|promises still open|promised and not delivered|unfulfilled promises|promises to keep|owed a promise|"
        "未兑现的承诺|没兑现的承诺|承诺未兑现|承诺没兑现|还没兑现的承诺|承诺还没兑现|有承诺|有未完成的承诺|答应了没做|答应没兑现|答应了还没兑现|答应了没兑现|答应了人家还没兑现|答应了人家没兑现|答应人家还没兑现|答应的事没做|答应过没做到|答应客户还没做|答应了客户还没兑现|答应了还没做|欠着承诺|承诺欠着|未完成的承诺",
    },
    PhrasePart.OVERDUE: {None: "overdue|late|逾期|超期|过期|拖期"},
    PhrasePart.UNATTENDED: {
        None: "unattended|without account manager|without an account manager|no account manager|without owner|without an owner|"
        "no owner|unowned|ownerless|unassigned|orphaned|orphans|not assigned|not assigned to anyone|not assigned to anybody|not looked after|looked after by nobody|with no account manager|with no owner|has no account manager|have no account manager|nobody owns|no one owns|nobody is looking after|nobody handles|nobody is responsible for|"
        "无人照看|没有客户经理|无客户经理|无人负责|没人负责|没人管|没有负责人|"
        "w/o account manager|w/o an account manager|w/o owner|nobody looks after|no one looks after|没有客户经理负责|没客户经理|没有人负责|没有人管|没人跟|没人在跟|无人跟进|没人认领|无主|无主客户|没分配|没有分配|未分配|没人照看|没人带"
    },
    PhrasePart.RECORD_TYPE: {
        "account": "existing customers|existing customer|existing accounts|existing account|正式客户|已有客户|老客户|现有客户|存量客户",
        "prospect": "prospect|prospects|prospective customers|potential customers|leads|潜在客户|潜客|意向客户",
    },
    PhrasePart.ACCOUNTS: {None: "accnt|accnts|account|accounts|acct|accts|acc|accs"},
    PhrasePart.BEYOND: {
        Direction.UP: "or better|and better|or above|and above|or higher|and higher|and up|or up|upwards|及以上|或以上|以上|和以上|往上|起步",
        Direction.DOWN: "or worse|and worse|or below|and below|or lower|and lower|and down|downwards|及以下|或以下|以下|和以下|往下",
    },
    PhrasePart.BY: {
        None: "by|sort by|sorted by|sort them by|order by|ordered by|order them by|in order of|in the order of|ranked by|rank by|rank them by|arranged by|based on|according to|in terms of|with the|按|按照|依|以|根据|按着|照|依照"
    },
    PhrasePart.SORTED: {
        None: "sorted|sort|ordered|ranked|rank|arranged|排序|排列|排|排名|排一下|排个序|排下序|来排|排一排|排好|排队"
    },
    PhrasePart.SORT: {
        Sort.SCORE: "score|scores|points|scoring|得分|分数|评分|分|分值|总分",
        Sort.NAME: "name|names|customer name|名称|名字|客户名称|客户名|拼音|字母",
        Sort.VALUE_AT_RISK: "value at risk|money at risk|risk value|amount at risk|risk amount|at-risk value|风险价值|风险金额|价值风险|在险价值|在险金额|风险额|有风险的金额|悬着的钱",
        Sort.LAST_CONTACT: "last contact|last contacted|latest contact|longest without contact|date of last contact|time since last contact|time since contact|最近联系|上次联系|最后联系|联系时间|最近联系时间|上次联系时间|最后一次联系|最近一次联系|最后联系时间",
        Sort.LAST_VISIT: "last visit|latest visit|longest without visit|longest without a visit|date of last visit|last visited|time since last visit|visit date|上次拜访|最近拜访|最后拜访|拜访时间|上次拜访时间|最近一次拜访|最后一次拜访|最近拜访时间|上次上门|最后一次上门",
        Sort.LAST_CALL: "last call|last called|last phoned|latest call|last phone call|date of last call|longest without a call|上次打电话|最近打电话|上次电话|上次通话|最后一次电话|最近一次电话|最后通话|最近通话|上次致电",
        Sort.LAST_ORDER: "last order|last ordered|last bought|last purchased|latest order|longest without order|longest without an order|date of last order|last purchase|time since last order|order date|最近订单|上次下单|最后订单|下单时间|最近下单|上次订单|最后下单|最后一次下单|最近一次下单|上次下单时间|上次采购|最近采购",
        Sort.BOUNDARY: "boundary|distance to the boundary|nearest boundary|distance|points to the next tier|points missing|gap to the next tier|分界|距分界|离分界|分界距离|距离分界|差距|离分界的距离|距离|差的分数",
        Sort.REVENUE: "revenue|sales|turnover|spend|order volume|orders of 12 months|sales volume|营收|收入|销售额|营业额|采购额|成交额|订单金额|业绩|采购金额|年采购额|订单额",
        Sort.OVERDUE_INVOICE: "overdue amount|amount overdue|overdue sum|amount past due|逾期金额|逾期额|逾期款额|逾期欠款金额|拖欠金额",
        Sort.OVERDUE_STEP: "days overdue|overdue days|days late|逾期天数|超期天数|拖了多久",
        Sort.OVER_LIMIT: "amount over limit|amount over the limit|amount over|excess|超额金额|超出金额|超额度金额|超出额|超出额度的金额",
    },
    PhrasePart.ORDER: {
        (
            Sort.NAME,
            False,
        ): "alphabetical|alphabetically|in alphabetical order|alphabetical order|by alphabet|a to z|a-z|按字母|按字母顺序|按首字母|按拼音|"
        "按拼音顺序|按字母排序|按拼音排序",
        (
            Sort.LAST_CONTACT,
            False,
        ): "last contact longest ago|last contact is longest ago|oldest contact first|contacted longest ago first|最久没联系的在前|最久没联系的排前面|最久没联系的放前面|最久没联系的排最前|最久没联系的先|最久没跟进的在前|最久没跟进的排前面|最久没联系的",
        (
            Sort.LAST_VISIT,
            False,
        ): "last visit longest ago|oldest visit first|longest unvisited|longest unvisited at the top|unvisited longest|visited longest ago first|longest unvisited first|最久没去的放前面|最久没去的在前|最久没去的排前面|最久没拜访的在前|最久没拜访的排前面|最久没拜访的放前面|最久没拜访的先|最久没上门的排前面|最久没上门的在前|最久没去的|最久没拜访的|最久没上门的",
        (
            Sort.LAST_VISIT,
            True,
        ): "newest visit first|latest visit first|most recent visit first|最近拜访的在前|最近拜访的排前面|刚拜访的在前",
        (
            Sort.LAST_CONTACT,
            True,
        ): "newest contact first|latest contact first|most recent contact first|最近联系的在前|最近联系的排前面|刚联系的在前",
        (
            Sort.LAST_ORDER,
            False,
        ): "last order longest ago|last order is longest ago|oldest order first|最久没下单的在前|最久没下单的排前面|最久没下单的放前面|最久没下单的先|最久没下单的|最久没采购的排前面",
        (
            Sort.LAST_ORDER,
            True,
        ): "newest order first|latest order first|most recent order first|最近下单的在前|最近下单的排前面|刚下单的在前",
        (
            Sort.TIER,
            False,
        ): "best tier first|best tiers first|highest tier first|top tier first|等级高的在前|等级高的排前面|级别高的在前|级别高的排前面|等级从高到低|级别从高到低",
        (
            Sort.TIER,
            True,
        ): "worst tier first|worst tiers first|lowest tier first|等级低的在前|等级低的排前面|级别低的在前|级别低的排前面|等级从低到高|级别从低到高",
    },
    PhrasePart.MOST: {
        None: "fattest|heaviest|most|the most|highest|the highest|largest|the largest|biggest|the biggest|best|the best|greatest|top|high|max|largest amount of|最高|最多|最大|最好|最高的|最多的|最大的|高的|多的|大的|高|多|较高"
    },
    PhrasePart.LEAST: {
        None: "least|the least|lowest|the lowest|smallest|the smallest|low|min|fewest|bottom|the bottom|最低|最少|最小|最低的|最少的|最小的|低的|少的|小的|低|少"
    },
    PhrasePart.AMOUNT: {None: "amount|amounts|sum|sums|金额|款额|数额|钱数"},
    PhrasePart.WORST: {
        None: "worst|the worst|most serious|most severe|most critical|most urgent|worst offenders|worst cases|最差|最差的|最严重|最严重的|最糟|最糟的|最紧急|最紧急的|最急|最急的|最惨|最惨的|最狠的"
    },
    PhrasePart.OLDEST: {
        None: "longest delay|longest delays|oldest|the oldest|longest|the longest|longest ago|stalest|longest time|furthest back|earliest|最久|最久的|拖得最久|拖得最久的|最早|最早的|最长|最长的|时间最长的|拖最久的|最老的|越久越前"
    },
    PhrasePart.NEWEST: {
        None: "newest|latest|most recent|most recently|freshest|最新|最新的|最近的|最晚|最晚的"
    },
    PhrasePart.CLOSEST: {
        None: "closest|nearest|tightest|the closest|the nearest|narrowest|smallest gap|smallest distance|最接近|最接近的|最近分界|差得最少|差得最少的|最险|最悬|最悬的|差距最小|差距最小的|最贴近"
    },
    PhrasePart.ON_TOP: {
        None: "first|on top|at the top|up top|up front|at the front|to the top|in front|goes first|come first|comes first|at the head|排前面|放前面|在前面|在前|排前|排最前|排最前面|放最前|放最前面|排上面|放上面|在上|在上面|优先|打头|放在前面|放在最前|放在最前面|排在前面|排在前|排在最前|排在最前面|靠前|往前排|先列|先看|先"
    },
    PhrasePart.REVERSED: {
        None: "reversed|reverse|reverse order|in reverse|in reverse order|backwards|the other way round|反向|反过来|倒过来|逆序"
    },
    PhrasePart.RISING: {
        None: "ascending|asc|lowest first|low to high|from low to high|from lowest to highest|smallest first|升序|从低到高|从小到大|从少到多|由低到高|由小到大|顺序|正序"
    },
    PhrasePart.FALLING: {
        None: "descending|desc|highest first|most first|largest first|biggest first|high to low|from high to low|from highest to lowest|降序|倒序|从高到低|从大到小|从多到少|由高到低|由大到小|倒排|倒着排"
    },
    PhrasePart.RECENT: {
        None: "recently|recent|lately|of late|the other day|最近|近期|近来|近日|这阵子|这段时间|最近这段时间|前阵子"
    },
}
