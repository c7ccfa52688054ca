"""The words of the grammar, in both languages: which part of a question each phrase is. docs/asking.md describes them."""

from enum import StrEnum, auto
from functools import cache
from typing import Any

from bot.services.ask.questions.atoms import phrase_keys
from bot.services.ask.questions.query import Aspect, Direction, Personal, Risk, Silence, Sort


class PhrasePart(StrEnum):
    """What a piece of a question is."""

    FILLER = auto()
    OF = auto()  # changes nothing as well: before a name
    HOW = auto()  # how is … doing: of a customer, its card; of a team, its overview
    CONTEXT = auto()  # said around what is asked of one customer; its meaning is what can be asked so
    AHEAD = auto()  # tomorrow, next week
    PUT = auto()  # … side by side
    CUSTOMERS = auto()
    LIST = auto()
    AND = auto()
    OR = auto()
    BOTH = auto()  # before two values
    PAST = auto()  # was, had: only of moves, and of what a customer did not have
    APART = auto()
    NOT = auto()
    TO = auto()
    FROM = auto()
    ME = auto()
    MY_TEAM = auto()
    LABEL = auto()
    VALUE = auto()
    QUOTED = auto()
    LACKED = auto()  # visit, order …: what a customer did not have
    NEAR = auto()
    NEAR_TO = auto()
    NEAR_MAYBE = auto()  # with or without the tier
    NEAR_ANY = auto()
    EITHER = auto()  # a word of the firm and one of the grammar
    MOVED = auto()
    MOVE = auto()  # the same as a bare verb: at the beginning something is to be changed
    CHANGE = auto()  # something is to be changed, which no question does
    RISK = auto()
    OVERDUE = auto()
    UNATTENDED = auto()
    RECORD_TYPE = auto()
    ACCOUNTS = auto()  # all customers, or those that are no prospects
    BEYOND = auto()  # or better
    BY = auto()
    SORTED = auto()
    SORT = auto()
    ORDER = auto()  # by what, and whether reversed
    MOST = auto()  # revenue
    LEAST = auto()
    REVERSED = auto()
    RISING = auto()
    FALLING = auto()
    FIRST = auto()
    TOP = auto()
    LENGTH = auto()
    SINCE = auto()
    OVER = auto()
    FUTURE = auto()
    RECENT = auto()
    PROFILE = auto()
    PERSONAL_FIELD = auto()
    ASPECT = auto()
    COMPARE = auto()
    VERSUS = auto()
    NOTES_ABOUT = auto()
    PERSONAL = auto()
    WORD = auto()  # not understood


class FilterField(StrEnum):
    """A filter whose values are the firm's own words."""

    TIER = "tiers"
    REGION = "regions"
    INDUSTRY = "industries"
    COUNTRY = "countries"
    OWNER = "owners"
    TEAM = "teams"
    SCHEME = "schemes"


_UP = {
    PhrasePart.NEAR: "about to rise|about to move up|about to go up|about to be promoted|about to be upgraded|soon to be promoted|"
    "soon to rise|near the tier above|close to the tier above|near promotion|close to promotion|almost up|快升级|快要升级|即将升级|"
    "马上升级|接近升级|要升级|快升等级|接近上一等级|接近上一级|接近更高等级|"
    "close to moving up|close to rising|close to going up|close to the next tier|就要升级|就快升级",
    PhrasePart.NEAR_TO: "about to reach|about to become|about to rise to|about to move up to|about to be promoted to|close to|nearly|"
    "almost|soon to be|快升到|快升为|快要升到|即将升到|即将升为|快到|接近|快成|"
    "close to becoming|close to reaching|close to being|about to be",
    PhrasePart.NEAR_MAYBE: "快升|快要升|即将升",
    PhrasePart.MOVED: "moved up a tier|rose a tier|gained a tier|went up a tier|moved up|moving up|rose|rise|risen|went up|gone up|promoted|upgraded|got promoted|were promoted|"
    "was promoted|been promoted|升级|升了级|升了|上升|升等|升到|升为|升至|升成|升了一级|got upgraded|climbed",
    PhrasePart.MOVE: "move up|upgrade|promote",
}
_DOWN = {
    PhrasePart.NEAR: "about to fall|about to drop|about to move down|about to go down|about to be demoted|about to be downgraded|"
    "soon to be demoted|soon to fall|near the tier below|close to the tier below|close to falling|close to dropping|快降级|"
    "快要降级|即将降级|马上降级|快掉级|快要掉级|要掉级|要降级|即将掉级|接近降级|接近下一等级|接近下一级|"
    "close to moving down|close to going down|at risk of falling|at risk of dropping|at risk of being downgraded|at risk of demotion|"
    "就要降级|就快降级|就要掉级|就快掉级",
    PhrasePart.NEAR_TO: "about to fall to|about to drop to|about to move down to|about to be demoted to|快降到|快掉到|快降为|"
    "即将降到|即将降为|快要降到|快要掉到",
    PhrasePart.MOVED: "moved down a tier|dropped a tier|fell a tier|went down a tier|moved down|moving down|fell|fall|fallen|dropped|went down|gone down|demoted|downgraded|"
    "got demoted|were demoted|was demoted|been demoted|lost a tier|降级|掉级|降了级|掉了级|跌级|降了|掉了|降等|降到|降为|降至|掉到|降了一级|掉了一级|got downgraded|slipped",
    PhrasePart.MOVE: "move down|drop|downgrade|demote",
}
_TABLE: dict[PhrasePart, dict[Any, str]] = {
    PhrasePart.FILLER: {
        None: "a|an|the|please|pls|show|show me|give|give me|tell me|get|get me|let me see|see|find|which|what|who|whose|that|"
        "those|these|are|is|be|being|have|has|do|does|did|i|we|our|you|can you|could you|i want|"
        "i want to see|i would like|there|all|every|any|some|in|at|with|only|just|where|how many|number of|ever|now|currently|"
        "one of|they|their|it|its|s|t|got|went|gone|whole|full|within|such|whos|whats|hows|hey|hi|hello|thanks|thank you|thx|cheers|actually|really|right now|at the moment|"
        "i need|how much|how much does|pull up|bring up|for me|by anyone|by anybody|by us|ones|"
        "请|请问|帮我|帮忙|帮|给我|麻烦|看|看一下|看看|查|查一下|查查|显示|告诉我|我想看|我想知道|想看|哪些|哪个|哪几个|哪几家|哪家|谁|什么|是|"
        "有|有多少|多少|多少个|多少家|几个|几家|的|了|吗|呢|吧|啊|里|中|里面|当中|在|我|我们|我们的|咱们|所有|所有的|全部|全部的|都|"
        "现在|目前|当前|一下|过|去|还|已|已经|被|其中|只|只看|只有|个|家|位|目录|而且|并且|也|又|起来|来|呗|嘛|呀|哦|哈|啦|嗯|呃|那个|就是|谢谢|多谢|这些|"
        "那些|有没有|是不是|一共|总共|搜一下|找一下|拉一下|列一列|给我看|给我列|"
        "这边|那边|问下|问一下|请问一下|给个|这个客户|这家客户|这家公司|翻出来|i would like to see|i'd like|i'd like to see|either direction|"
        "in either direction"
    },
    PhrasePart.OF: {
        None: "of|for|on|about|from the|customer called|customer named|customer with the name|company called|company named"
    },
    PhrasePart.CUSTOMERS: {
        None: "customer|customers|client|clients|company|companies|customers'|everyone|everybody|anyone|anybody|客户|公司|企业|顾客|名单|客户名单|客户列表"
    },
    PhrasePart.CHANGE: {
        None: "升级一下|降级一下|升一级|降一级|升一下|降一下|帮我升级|帮我降级|帮忙升级|帮忙降级|给我升级|给我降级|请升级|请降级"
    },
    PhrasePart.HOW: {
        None: "how|how is|how are|how is it going|doing|looking|going|faring|getting on|情况怎么样|情况如何|最近怎么样"
    },
    PhrasePart.CONTEXT: {
        Aspect.CREDIT: "left|remaining|used|still has|has left|还剩|剩|剩下|剩余|用了",
        Aspect.CARE: "owed|due|entitled to|应得|该有|应有",
        Aspect.NOTES: "written",
        Aspect.BRIEF: "got a visit|visiting|walking into|i am visiting|i'm visiting|meeting|seeing|to visit|要去|要见|老板",
    },
    PhrasePart.AHEAD: {
        None: "tomorrow|this morning|this afternoon|later today|tonight|next week|on monday|on tuesday|on wednesday|on thursday|"
        "on friday|明天|后天|明早|今早|上午|下午|今天下午|今天上午|明天上午|明天下午|下周|待会|等会"
    },
    PhrasePart.PUT: {None: "put|place|lay"},
    PhrasePart.LIST: {None: "list|lists|a list of|list of|list all|列出|列一下|列表|罗列|清单"},
    PhrasePart.AND: {None: "and|&|plus|as well as|nor|和|与|跟|以及|及|还有|同"},
    PhrasePart.PAST: {None: "was|were|been|had"},
    PhrasePart.BOTH: {None: "both|either"},
    PhrasePart.OR: {None: "or|或|或者|或是"},
    PhrasePart.NOT: {
        None: "not|no|without|without a|without an|without any|never|haven't|hasn't|have not|has not|have had no|had no|"
        "has had no|not been|haven't been|hasn't been|not had|didn't|did not|没|没有|未|无|没有过|没去|从没|从未|没有被|没被|还没|还没有|未曾|一直没|一直没有|w/o|neither|nobody has|no one has|没人|没有人"
    },
    PhrasePart.TO: {None: "to|into|到|为|成"},
    PhrasePart.FROM: {None: "from|out of|从"},
    PhrasePart.ME: {
        None: "do i have|我有哪些|我有多少|我有几个|我有几家|my|mine|me|my own|own|myself|of mine|我的|自己的|我自己的|本人的|我名下的|我负责的|"
        "我名下|我负责|我管的|我手上的|我手里的|我跟的"
    },
    PhrasePart.MY_TEAM: {
        None: "my team|my team's|our team|our team's|我的团队|我团队|我们团队|我们的团队|我团队的|本团队|我组|我们组"
    },
    PhrasePart.LABEL: {
        FilterField.TIER: "tier|tiers|class|grade|level|in tier|等级|级别|类|级|等|类别|客户等级|分级",
        FilterField.REGION: "region|regions|area|in region|地区|区域|大区|片区|区",
        FilterField.INDUSTRY: "industry|industries|sector|行业|产业|业",
        FilterField.COUNTRY: "country|countries|国家|国",
        FilterField.OWNER: "owner|owners|account manager|account managers|owned by|looked after by|managed by|handled by|客户经理|负责人|"
        "归属人|经理|销售|名下|名下的|负责|负责的|管的|手上的|手里的",
        FilterField.TEAM: "team|teams|团队|小组|部门|组",
        FilterField.SCHEME: "scheme|schemes|graded by|标准|分级标准|方案",
    },
    PhrasePart.LACKED: {
        Silence.VISIT: "visit|visits|visited|been visited|a visit|拜访|走访|回访|上门|上门拜访|拜访过|见面|见过面|"
        "去过|去看过|登门|any visit|any visits",
        Silence.CONTACT: "contact|contacts|contacted|any contact|been contacted|spoken to|touched|联系|联络|接触|沟通|联系过|跟进|in touch with|spoken with|talked to|联系上",
        Silence.CALL: "call|calls|called|phoned|phone call|phone calls|telephoned|打电话|打过电话|致电|通话|电话联系|"
        "通过电话|通电话|电话|any call|any calls",
        Silence.ORDER: "order|orders|ordered|bought|buy|purchase|purchases|purchased|an order|下单|订单|下过单|采购|购买|买|"
        "订货|下订单|成交|下过订单|买过|买过东西|订过货|进货|any order|any orders|placed an order|placed any order|ordered anything|bought anything",
    },
    PhrasePart.NEAR_ANY: {
        None: "near a boundary|near the boundary|close to a boundary|close to the boundary|near boundary|on the boundary|"
        "接近分界|接近边界|临界|在分界附近|快变等级"
    },
    PhrasePart.RISK: {
        Risk.ANY: "at risk|at-risk|risky|in danger|有风险|风险|风险客户|高风险|有流失风险|可能流失|快流失|存在风险",
        Risk.SILENT: "silent|quiet|gone quiet|silent by its own rhythm|gone silent|went silent|went quiet|沉默|沉寂|静默|沉默客户",
        Risk.FALLING: "falling|declining|shrinking|buying less|buys less|buy less|下滑|下滑客户|在下滑|采购下滑|采购在下滑|订单下滑|订单在下滑|买得少了|萎缩",
        Risk.OVERDUE_STEP: "overdue step|overdue steps|overdue care step|overdue care steps|overdue care|care overdue|care step is overdue|step is overdue|steps are overdue|care steps are overdue|care is overdue|"
        "steps overdue|step overdue|care steps overdue|步骤逾期|关怀逾期|逾期步骤|逾期关怀|关怀步骤逾期|逾期的步骤|逾期的关怀|逾期未跟进",
        Risk.OVERDUE_INVOICE: "overdue invoice|overdue invoices|invoices overdue|invoice is overdue|invoices are overdue|invoice overdue|overdue money|overdue payment|"
        "overdue payments|unpaid overdue invoices|发票逾期|欠款逾期|账款逾期|逾期发票|逾期欠款|逾期账款|逾期的发票|付款逾期|"
        "late invoices|late payments|past due invoices|发票超期|货款逾期|逾期货款|回款逾期|账款超期|有逾期发票",
        Risk.OVER_LIMIT: "over limit|over the limit|over their limit|over its limit|over credit limit|over the credit limit|"
        "over their credit limit|above limit|above the limit|above their limit|超额度|超过额度|超出额度|超信用额度|超过信用额度|超限额|超额|"
        "over its credit limit|above its limit|above the credit limit|above their credit limit|above its credit limit|"
        "exceeding their limit|exceeding their credit limit|超出信用额度|额度超了|超了额度|超授信|"
        "信用超额|信用额度超了",
        Risk.GATE: "gate|gated|capped|capped by a gate|by a gate|a gate applies|risk flag|flagged|门槛|触发门槛|被限级|限级|"
        "风险标记|有风险标记",
        Risk.COMPLAINT: "open complaint|open complaints|an open complaint|complaint open|complaint is open|complaints are open|complaints open|有投诉|未结投诉|有未结投诉|"
        "投诉未结|投诉未处理|未处理的投诉|未结的投诉|unresolved complaint|"
        "unresolved complaints|有投诉没处理|有投诉未处理|投诉没处理|投诉还没处理|没处理的投诉|没解决的投诉|投诉没解决|投诉未解决|"
        "有 complaint|有 open complaint",
    },
    PhrasePart.OVERDUE: {None: "overdue|late|逾期|超期"},
    PhrasePart.UNATTENDED: {
        None: "unattended|without account manager|without an account manager|no account manager|without owner|without an owner|"
        "no owner|无人照看|没有客户经理|无客户经理|无人负责|没人负责|没人管|没有负责人|"
        "w/o account manager|w/o an account manager|w/o owner|nobody looks after|no one looks after|没有客户经理负责|没客户经理|没有人负责|没有人管"
    },
    PhrasePart.RECORD_TYPE: {
        "account": "existing customers|existing customer|existing accounts|existing account|正式客户|已有客户|老客户|现有客户",
        "prospect": "prospect|prospects|prospective customers|potential customers|潜在客户|潜客|意向客户",
    },
    PhrasePart.ACCOUNTS: {None: "account|accounts"},
    PhrasePart.BEYOND: {
        Direction.UP: "or better|and better|or above|and above|or higher|and higher|及以上|或以上|以上|和以上",
        Direction.DOWN: "or worse|and worse|or below|and below|or lower|and lower|及以下|或以下|以下|和以下",
    },
    PhrasePart.BY: {
        None: "by|sort by|sorted by|order by|ordered by|in order of|in the order of|ranked by|按|按照|依|以"
    },
    PhrasePart.SORTED: {None: "sorted|sort|ordered|排序|排列|排|排名|排一下|排个序"},
    PhrasePart.SORT: {
        Sort.SCORE: "score|scores|points|得分|分数|评分",
        Sort.NAME: "name|names|名称|名字|客户名称",
        Sort.VALUE_AT_RISK: "value at risk|money at risk|risk value|风险价值|风险金额|价值风险",
        Sort.LAST_CONTACT: "last contact|longest without contact|最近联系|上次联系|最后联系|联系时间|最近联系时间",
        Sort.LAST_ORDER: "last order|longest without order|最近订单|上次下单|最后订单|下单时间|最近下单|上次订单",
        Sort.BOUNDARY: "boundary|distance to the boundary|nearest boundary|分界|距分界|离分界|分界距离",
        Sort.REVENUE: "revenue|sales|turnover|营收|收入|销售额|营业额",
    },
    PhrasePart.ORDER: {
        (
            Sort.NAME,
            False,
        ): "alphabetical|alphabetically|in alphabetical order|alphabetical order|by alphabet|按字母|按字母顺序|按首字母|按拼音|"
        "按拼音顺序|按字母排序|按拼音排序",
        (
            Sort.LAST_CONTACT,
            False,
        ): "last contact longest ago|last contact is longest ago|oldest contact first|最久没联系的在前",
        (
            Sort.LAST_ORDER,
            False,
        ): "last order longest ago|last order is longest ago|oldest order first|最久没下单的在前",
        (Sort.LAST_ORDER, True): "newest order first|latest order first|most recent order first",
        (Sort.TIER, False): "best tier first|best tiers first|highest tier first|等级高的在前",
        (Sort.TIER, True): "worst tier first|worst tiers first|lowest tier first|等级低的在前",
    },
    PhrasePart.MOST: {None: "most|the most|highest|largest|biggest|最高|最多|最大"},
    PhrasePart.LEAST: {None: "least|the least|lowest|smallest|最低|最少|最小"},
    PhrasePart.REVERSED: {None: "reversed|reverse|the other way round|worst first|反向|反过来|倒过来"},
    PhrasePart.RISING: {None: "ascending|asc|lowest first|升序|从低到高|从小到大"},
    PhrasePart.FALLING: {None: "descending|desc|highest first|most first|降序|倒序|从高到低|从大到小"},
    PhrasePart.RECENT: {None: "recently|recent|lately|最近|近期|近来"},
    PhrasePart.ASPECT: {
        Aspect.CARD: "card|cards|tell me about|show the card of|怎么样|怎么样了|怎样|如何|卡片|客户卡|是什么等级|什么等级|哪个等级|几级|情况|"
        "what about|how about|什么情况|咋样|咋样了|啥等级",
        Aspect.WHY: "why|reason|reasons|explain|explanation|为什么|为啥|原因|为何|怎么回事|解释|how come|什么原因|是什么原因|怎么会|"
        "怎么来的|怎么评的|咋评的|怎么算的|得分怎么来的|分数怎么来的|评分怎么来的",
        Aspect.HISTORY: "history|past tiers|past scores|历史|历次等级|等级历史|以往等级|变化历史|"
        "over time|tier history|grading history|in the past|what tiers|which tiers|评级历史|评级记录|历史等级|历史评级|历史记录|等级变化历史",
        Aspect.BRIEF: "brief|visit brief|briefing|visit briefing|prepare visit|visit preparation|拜访准备|简报|拜访简报|准备拜访|客户管理卡|"
        "brief me|brief me on|brief me for|prepare me|prepare me for|prep me for|拜访资料|拜访材料|准备拜访资料|准备一下拜访资料|准备一下拜访|准备资料|准备材料|what do i need to know|what should i know",
        Aspect.CARE: "care|care plan|care steps|steps|next steps|关怀|关怀计划|关怀步骤|关怀安排|步骤|what service|which service|什么服务|哪些服务",
        Aspect.CREDIT: "credit|credit limit|credit grade|信用|额度|信用额度|信用等级|授信|"
        "credit line|credit rating|owe|owes|owe us|owes us|授信额度|信用情况|信用状况|欠多少|欠多少钱|欠我们多少|欠我们多少钱",
        Aspect.NOTES: "notes|note|notes taken|备注|记录|笔记|拜访记录|"
        "write down|wrote down|written down|noted down|拜访笔记|记了什么|记了些什么|写了什么|"
        "跟进记录|联系记录",
    },
    PhrasePart.COMPARE: {
        None: "compare|comparison of|compare with|compared|比较|比较一下|比一下|比一比|比比|对比|对比一下|做个对比|做个比较|side by side|"
        "next to each other|对比下|比下|比较下|比比看|放一起比|放在一起比|"
        "difference between|differences between|区别|有什么区别|pk|pk 一下"
    },
    PhrasePart.VERSUS: {None: "vs|versus|compared with|compared to|compared against"},
    PhrasePart.NOTES_ABOUT: {
        None: "notes about|note about|notes with|notes containing|notes mentioning|notes that mention|search notes|search notes for|"
        "search the notes for|search in notes|find notes|find notes about|find notes with|find in notes|备注中有|备注里有|备注有|备注提到|备注中提到|备注含|"
        "备注包含|搜备注|搜索备注|查备注|找备注|搜一下备注|记录中有|记录里有|记录中提到|"
        "notes mention|notes contain|notes that contain|备注里提到|备注里搜|备注里搜一下|备注里找|在备注里搜|在备注里找|笔记里有|笔记中有|"
        "笔记提到|笔记里提到|笔记中提到|笔记里搜|笔记里搜一下|笔记里找|在笔记里搜|在笔记里找|搜笔记|查笔记|找笔记|搜一下笔记|记录里提到|记录里搜|"
        "备注里谁提到过|笔记里谁提到过|记录里谁提到过|拜访记录里谁提到过|谁提到过|拜访记录里提到|拜访记录里有"
    },
    PhrasePart.PERSONAL: {
        Personal.TODO: "todo|to do|to-do|todos|what do i have to do|what to do|要做什么|待办|待办事项|今天要做什么|该做什么|"
        "on my plate|on my list|my tasks|what should i do|要干啥|要干什么|要做啥|该干啥|该干什么|该做啥|"
        "todo list|to-do list|待办清单|待办列表",
        Personal.HELP: "help|帮助|怎么用|怎么问|what can you do|what can you actually do|what can i ask|"
        "what can i ask you|how does this work|你能做什么|你会做什么|你会干什么|你会干啥|你会什么|你能干什么|你能干啥|能问什么|可以问什么|能问你什么",
        Personal.CALENDAR: "calendar|subscribe|subscribe to|how do i subscribe|how do i subscribe to|how to subscribe to|日历|订阅|怎么订阅|如何订阅",
    },
}
_MOVED_ANY = "moved|tier changed|tiers changed|tier changes|changed tier|change of tier|等级变动|等级变化|变动|变了等级|等级变了|变更|等级有变化|等级有变动|等级变过"


@cache
def phrases() -> dict[tuple[str, ...], tuple[tuple[PhrasePart, Any], ...]]:
    """Keys of a phrase -> what it can be."""
    found: dict[tuple[str, ...], dict[tuple[PhrasePart, Any], None]] = {}
    for part, meaning, written in _every():
        for phrase in written.split("|"):
            keys = phrase_keys(phrase) or (phrase,)
            found.setdefault(keys, {})[part, meaning] = None
    return {keys: tuple(meanings) for keys, meanings in found.items()}


def _every() -> list[tuple[PhrasePart, Any, str]]:
    rows = [(part, meaning, words) for part, table in _TABLE.items() for meaning, words in table.items()]
    for direction, table in ((Direction.UP, _UP), (Direction.DOWN, _DOWN)):
        rows += [(part, direction, words) for part, words in table.items()]
    return [*rows, (PhrasePart.MOVED, None, _MOVED_ANY)]
