"""Words of a question about one customer whose name is known already: what is asked, and what may stand around it.

They need not differ from the words of lists: a name says that one customer is meant.
"""

from bot.services.ask.questions.query import Aspect

ASKED: dict[Aspect, str] = {  # these words ask for it
    Aspect.CARD: (
        "card|cards|tell me about|show the card of|怎么样|怎么样了|怎样|如何|卡片|客户卡|是什么等级|什么等级|哪个等级|几级|情况|what about|"
        "how about|什么情况|咋样|咋样了|啥等级|tell me more about|几级啊|哪级|哪一级|啥级别|什么级别|哪个级别|是啥级别|多少分|几分|得多少分|是几类|哪类|哪一类|"
        "什么类|what's up with|whats up with|what's the deal with|啥情况|什么档次|current tier|tier now|tier and score|"
        "score|points|"
        "概况|基本情况|account manager|who looks after|looks after|looking after|who handles|"
        "handles|who manages|manages|who owns|owns|who is responsible for|responsible for|in charge of|"
        "who's in charge of|who covers|covers|who takes care of|takes care of|whose customer is|"
        "whose account is|whose is|owner|who has|谁在跟|谁跟|谁负责|谁在负责|谁管|谁在管|归谁|归谁管|谁的客户|是谁的客户|谁的|是谁的|客户经理是谁|客户经理|"
        "负责人|负责人是谁|谁在对接|谁对接|谁带|谁维护|谁手上|在谁手上|在谁手里|谁名下|在谁名下|how far|how far off|how close|how many points|"
        "points missing|points away|how many points away|how many points short|distance to the next tier|"
        "far from|away from|short of|再加几分|再加几分能升|还差几分|差几分|差多少分|还差多少分|离升级还差|离升级还差多少|离升级差多少|离升级多远|离下一级还差|"
        "离下一级差多少|离上一级还差多少|还要多少分|还需要几分|再涨几分|再加多少分|还差多少能升|还差多少升级|还差多少分升级|还差几分升级|还差几分能升|差多少能升|差几分能升|几分能升|离升还差|"
        "离降级还有多远|离掉级还有多远|离降级还差多少|离掉级还差多少|how|how is|how are|how is it going|doing|looking|going|faring|"
        "getting on|getting along|holding up|情况怎么样|情况如何|最近怎么样|最近如何|最近咋样|近况|近况如何|最近情况|状况|现状"
    ),
    Aspect.PROFILE: (
        "profile|customer profile|需求那栏|需求一栏|需求栏|竞争对手那栏|竞争对手一栏|机会那栏|profile of|competitors|competitor|competition|up against|who are we up against|whom are we up against|competing against|who else sells to|who competes|needs|what do they need|"
        "benefits sought|opportunities|preferences|buying channel|loyalty|竞争对手|对手|竞品|竞争情况|客户档案|档案|画像|客户画像|"
        "需求|有什么需求|机会|偏好|购买渠道|忠诚度"
    ),
    Aspect.WHY: (
        "解释下|why|reason|reasons|how did it end up|how did they end up|explain|explanation|为什么|为啥|原因|为何|怎么回事|解释|how come|什么原因|是什么原因|怎么会|怎么来的|怎么评的|咋评的|"
        "怎么算的|得分怎么来的|分数怎么来的|评分怎么来的|justification|what's behind|whats behind|what is behind|how did it get|"
        "how did they get|what made|解释一下|怎么评成|怎么评成这个级别的|怎么定的|怎么定成|凭什么|凭啥|咋会|咋就|咋是|咋回事|怎么才|怎么就|怎么成了|怎么变成|怎么还是|"
        "怎么不是|定级原因|定级依据|评级依据|评级原因|依据|理由|等级怎么来的|级别怎么来的|为什么不是"
    ),
    Aspect.HISTORY: (
        "以前都是什么等级|等级怎么变的|等级是怎么变的|等级怎么变过来的|等级怎么变化的|级别怎么变的|级别是怎么变的|等级怎么走的|以前是什么等级|以前什么等级|之前是什么等级|过去是什么等级|原来是什么等级|以前是什么级别|以前是几级|以前几级|"
        "history|past tiers|past scores|历史|历次等级|等级历史|以往等级|变化历史|over time|tier history|grading history|"
        "in the past|what tiers|which tiers|评级历史|评级记录|历史等级|历史评级|历史记录|等级变化历史|previous tiers|earlier tiers|"
        "tiers so far|ups and downs|tier ups and downs|over the years|score history|track record|development|"
        "tier record|how has the tier changed|定级记录|定级历史|等级记录|等级变化|等级变动|升降记录|升降历史|历次评级|历年等级|以前的等级|以前等级|过往等级|"
        "评级变化|分数变化|得分变化|历史得分|得分历史|等级走过来"
    ),
    Aspect.BRIEF: (
        "brief|visit brief|what shd i know|what shd i know about|what do i have to know|what to know before|what should i know before|briefing|visit briefing|prepare visit|visit preparation|拜访准备|简报|拜访简报|准备拜访|客户管理卡|"
        "brief me|brief me on|brief me for|prepare me|prepare me for|prep me for|拜访资料|拜访材料|准备拜访资料|准备一下拜访资料|"
        "准备一下拜访|准备资料|准备材料|what do i need to know|what should i know|brief for|visit prep|prep|prep for|"
        "prep sheet|cheat sheet|one pager|one-pager|prep me|get me ready|get me ready for|get me prepared|"
        "get me up to speed|bring me up to speed|bring me up to speed on|up to speed on|fill me in on|"
        "fill me in|ready me for|help me prepare|help me prepare for|i need to prepare|i need to prepare for|"
        "准备下资料|准备下材料|准备下|准备一下|准备一下资料|准备一下材料|做个准备|做下准备|备个料|备一下资料|资料|材料|会前准备|准备要点|拜访要点|拜访提纲|去之前要知道什么|要知道什么|"
        "要注意什么|该知道什么|有什么要注意的|what to know|anything i should know|what should i know about|"
        "what do i need to know about"
    ),
    Aspect.CARE: (
        "care|care plan|care steps|维护动作|维护步骤|维护事项|维护工作|维护安排|该做的维护|steps|next steps|关怀|关怀计划|关怀步骤|关怀安排|步骤|what service|which service|什么服务|"
        "哪些服务|care stuff|care step|care tasks|care items|care things|next step|关怀动作|关怀事项|下一步|下一步做什么|维护计划|"
        "what do we owe|what do we still owe"
    ),
    Aspect.CREDIT: (
        "credit|credit limit|credit grade|信用|额度|信用额度|信用等级|授信|credit line|credit rating|owe|owes|owe us|"
        "owes us|授信额度|信用情况|信用状况|欠多少|欠多少钱|欠我们多少|欠我们多少钱|credit view|credit status|credit situation|limit|"
        "owe us money|owes us money|owing|open invoices|unpaid|invoices|receivables|outstanding amount|"
        "owed to us|信用怎么样|信用咋样|信用如何|欠咱们多少|欠咱多少|欠咱多少钱|欠款|应收|应收账款|没付的发票|发票|欠钱|欠不欠钱|"
        "欠着多少|还欠多少|还欠|付款情况|回款|回款情况|额度够不够|额度够吗|额度用了多少|额度还剩多少|额度用超没|额度用超了没|额度超没超|额度超了没|额度超没|额度用完没"
    ),
    Aspect.NOTES: (
        "what was written|was written|written about|written|notes|note|notes taken|备注|记录|笔记|拜访记录|write down|wrote down|written down|noted down|拜访笔记|记了什么|记了些什么|"
        "写了什么|跟进记录|联系记录|notes from visits|沟通记录|往来记录|note down|jotted down|jot down|write up|记了啥|写了啥|写过什么|写过啥|"
        "跟进情况|什么记录|啥记录|有啥记录|有什么记录|聊了什么|聊了啥|聊过什么|聊过啥|谈了什么|谈了啥|谈过什么|what was said|what did we discuss|"
        "what was discussed|what did we talk about|minutes"
    ),
    Aspect.CONTACTS: (
        "contacts|last contacts|联系情况|往来情况|when|啥时候|什么时候|何时|哪天|上次|上一次|最后一次|最近一次|"
        "last contact|last visit|last call|last visited|last phone|last phoned|last called|last contacted|"
        "last spoke to|last spoken to|last talked to|last saw|last seen|last touch|last order|last meeting|"
        "last met|latest visit|latest contact|latest call|most recent visit|most recent contact|"
        "most recent call|when did we last visit|when did we last call|when was the last|last see|"
        "last speak to|last talk to|last meet|last ring|last rang|last drop by|last been to|last been at|"
        "when did|when was|when were|how long ago|how long since|how long is it since|visited|called|phoned|"
        "contacted|上次拜访|上次联系|上次打电话|上次通话|上次电话|上次见面|上次上门|上次下单|上次去|上次跟进|上次沟通|上次聊|最近一次拜访|最近一次联系|最近一次电话|最近一次下单|"
        "最近一次打电话|最后一次拜访|最后一次联系|最后一次下单|最后一次打电话|最后一次电话|最近拜访|最近联系|最近下单|什么时候拜访的|什么时候去的|什么时候联系的|什么时候去过|什么时候拜访过|"
        "多久没联系|多久没联系了|多久没拜访|多久没拜访了|多久没去|多久没去了|多久没打电话|多久没下单|多久没下单了|多久没上门|上次给|上一次拜访|上一次联系|上一次打电话|上一次下单|"
        "上次是什么时候去的|打过电话|去过|拜访过"
    ),
    Aspect.COMPLAINTS: (
        "moaned|moan|moaned about|grumbled|grumbled about|whined|griped|闹过投诉|闹过|complaint list|投诉情况|complaint|complaints|complain|complained|complaining|their complaint|that complaint|a complaint|"
        "grievances|投诉|投诉过|有没有投诉过|有没有投诉|有投诉吗|有过投诉|投诉情况|投诉记录|投诉处理|客诉|抱怨过"
    ),
}
AROUND: dict[Aspect, str] = {  # these change nothing beside a word that asks for it
    Aspect.CREDIT: (
        "free|avail|already used|left|remaining|used|still has|has left|还剩|剩|剩下|剩余|用了|used up|use up|using|do they have left|"
        "open with us|open|outstanding|how much of it|of it|usage|headroom|room|available|用了多少|还有多少|可用|能用|用掉|"
        "用完|用完了|没|没有|了没|超|超了|没超|超没超|到顶|没付|付"
    ),
    Aspect.CARE: (
        "拖着|拖着的|拖着没做|拖着没做的|late|owed|due|entitled to|应得|该有|应有|behind|behind on|we behind on|are we behind on|missing|outstanding|"
        "open|coming up|upcoming|left|left to do|to be done|still to do|not done|undone|to do|差|还差|没做|未做|没完成|"
        "该做|要做|欠|欠着|做|到期|待做|待完成|剩下|还剩|漏|漏了|缺|落下"
    ),
    Aspect.NOTES: (
        "几条|最近几条|最近的几条|最新几条|前几条|last time|with|to|time|上次|跟|和|与|我们|他们|written|written up|latest|last|new|newest|最新|最新的|新"
    ),
    Aspect.BRIEF: (
        "driving|driving over|driving over to|driving up to|walk in|before i walk in|before i walk into|before i get there|before i drop by|i get there|stopping by|got a visit|visiting|walking into|i am visiting|i'm visiting|meeting|seeing|to visit|要去|要见|老板|"
        "have a visit|i have a visit|meeting with|got a meeting|have a meeting|i have a meeting|to see|"
        "going to|going to see|i'm going to see|i'm going to|off to|heading to|heading over to|on my way to|"
        "driving to|dropping by|dropping in at|appointment|have an appointment|got an appointment|i'm at|"
        "im at|at|today|before i go|before my visit|before the visit|before the meeting|before my meeting|"
        "去一趟|跑一趟|去拜访|要拜访|去见|约了|约好了|见|见面|前|之前|之前要|准备去|马上去|要跑|跑|过去|去"
    ),
    Aspect.WHY: (
        "ended up|ended up in|end up|end up in|wound up|wound up in|landed in|the grade its in|the tier its in|in the grade its in|评成这一级|这一级|这一档|这个档|only|not|no longer|not an|not a|still|stuck|stuck at|just|merely|这个级别的|这个级别|这么低|这么高|这么|成|评成|评为|定为|"
        "不是|没|没有|只是|只|才|还是|变成|变|掉|卡在|一直"
    ),
    Aspect.HISTORY: (
        "从头|从头到尾|从头到现在|一路|一直以来|这些年|几年来|从开始|moved|been|so far|变过|变化|变化过|到现在|走过来"
    ),
    Aspect.CARD: ("right now|now|standing|stand|现在|目前|属于"),
    Aspect.PROFILE: (
        "栏|那栏|那一栏|一栏|写的啥|写的什么|写的是什么|写的是啥|写了啥|写了什么|填的啥|填的什么|填了什么|their|against|up against|active|inside|都有谁|有哪些|哪些"
    ),
    Aspect.CONTACTS: (
        "visit|call|phone|order|contact|see|meet|speak|talk|ring|was|were|been|to|there|by|with|打|打电话|电话|拜访|联系|下单|"
        "上门|见面|通话|沟通|采购|走访|"
        "last|latest|most recent|recent|recently|time|date|day|when|anybody|anyone|somebody|someone|did|上次|"
        "最近|最近一次|最后|最后一次|上一次|啥时候|什么时候|何时|哪天|几号|多久|多久以前|多久前|时间|是"
    ),
    Aspect.COMPLAINTS: (
        "闹|投诉没|open|still open|that|or what|closed|resolved|settled|handled|status|state|deadline|pending|ever|any|"
        "有没有|没|没有|过|处理|处理完|解决|结|结了|还开着|开着|进展|进度|怎么样了|状态|截止"
    ),
}
