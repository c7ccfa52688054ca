"""Words that change nothing, that join, and that turn a question down."""

from typing import Any

from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart

_ENGLISH_FILLERS = (
    "a|an|the|please|pls|plz|kindly|show|shows|show me|give|give me|gimme|tell me|tell us|get|get me|let me see|lemme see|let's see|see|find|find me|"
    "which|what|who|whose|whom|that|those|these|this|are|is|be|being|have|has|do|does|did|am|i|we|our|you|u|r|can you|can u|could you|could u|would you|will you|"
    "can i|can we|could i|may i|can i get|can i see|can i have|could i get|could i see|i want|i want to see|i wanna see|i'd like to know|i'd love to see|i would like|i would like to know|wanna see|"
    "there|all|every|each|any|some|in|at|with|w|from the|only|just|where|how many|number of|ever|now|currently|"
    "one of|they|their|them|it|its|s|t|ve|re|m|ll|got|went|gone|whole|full|within|among|amongst|such|whos|whats|hows|wheres|theyre|theyve|weve|ive|im|i'm|i've|we've|they've|they're|we're|"
    "hey|hi|hello|yo|dear|dear bot|bot|tierbot|morning|good morning|good afternoon|thanks|thank you|thx|ty|cheers|actually|really|right now|at the moment|as of now|as of today|to date|so far|these days|nowadays|at present|presently|"
    "i need|i need to see|i need to know|how much|how much does|pull up|bring up|dig out|dig up|fetch|grab|fetch me|grab me|for me|by anyone|by anybody|by us|ones|one|yet|still|already|also|too|again|asap|quickly|quick|quick question|"
    "any idea|do you know|do we know|you know|i wonder|i'm wondering|wondering|just wondering|remind me|please remind me|check|check if|check whether|can you check|look up|lookup|display|name the|name me|"
    "be honest|honestly|to be honest|tbh|quick one|a quick one|here|anything|anyone who|somebody|someone|something|smth|smt|sth|overall|altogether|at all|um|uh|well|so|okay|ok|oh|btw|by the way|maybe|perhaps|possibly|"
    "i would like to see|i'd like|i'd like to see|either direction|in either direction|are we|do we have|have we got|is there|are there|theres|there's|would|roughly|approximately|about how many|"
    "out there|on record|on file|on our books|in our book|in the book|in the books|in my book|across the book|marked as|rated as|graded as|classed as|classified as|located in|based in|sitting in|coming from|who are|that are|which are|"
    "across|over in|down in|up in|it's|that's|what's|who's|how's|where's|tell"
)
_CHINESE_FILLERS = (
    "有么|就行|就行了|就好|即可|就可以了|来着|连续|整整|足足|谁负责的|谁负责|谁在负责|谁在跟|由谁负责|都是谁负责|分别谁负责|分别是谁负责|都是谁在跟|还剩几个|还剩多少个|还剩几家|还剩多少家|还剩哪些|剩几个|剩几家|剩多少|还剩下几个|还剩下哪些|还有几个|还有几家|还有多少|请|请问|帮我|帮忙|帮|给我|麻烦|麻烦你|麻烦您|劳驾|辛苦|拜托|亲|您|你|您好|你好|嗨|看|看一下|看看|看下|查|查一下|查查|查下|显示|显示一下|告诉我|我想看|我要看|想看看|我想知道|想知道|想看|我想|我要|想问|想问下|想问一下|请教|请教一下|能不能|能否|可不可以|可否|可以|能|"
    "哪些|哪个|哪几个|哪几家|哪家|哪位|谁|什么|啥|有啥|是|有谁|都有谁|都有哪些|还有哪些|有|有多少|多少|多少个|多少家|几个|几家|几家客户|的|了|吗|呢|吧|啊|里|中|里面|里头|里边|当中|其中|之中|在|我|俺|我们|我们的|咱们|咱|咱们的|所有|所有的|全部|全部的|全体|都|"
    "现在|目前|当前|眼下|如今|时下|截至目前|目前为止|到目前为止|一下|过|去|还|已|已经|被|只|只看|只有|只要|只想看|就看|只显示|只列|光看|个|家|位|目录|而且|并且|也|又|起来|来|呗|嘛|呀|哦|哈|啦|嗯|呃|喂|噢|那个|那|那些|这些|这个|这|此|就是|谢谢|谢了|谢啦|多谢|感谢|"
    "有没有|是不是|一共|总共|合计|共|共有|搜一下|找一下|找|找找|找出|拉一下|拉个|拉一个|拉|列一列|给我看|给我列|调一下|翻一下|翻翻|翻|出来|出一下|来个|来一个|来一份|来份|给份|出个|整个|整一个|弄个|弄一个|搞个|"
    "这边|那边|这儿|那儿|这里|那里|那儿的|那边的|那里的|这边的|这块|这块儿|那块|这一块|方面|这方面|手底下|底下|手下|问下|问一下|请问一下|给个|这个客户|这家客户|这家公司|那家|那家公司|那个客户|这家|翻出来|"
    "到底|究竟|大概|大约|分别|具体|具体是|说说|讲讲|说一下|讲一下|介绍一下|瞧瞧|瞅瞅|瞅一眼|瞄一眼|过一眼|过一下|确认一下|核对一下|数一下|数一数|盘一下|盘点|盘点一下|梳理一下|整理一下|汇总一下|一览|的话|情况下|属于|归属|位于|来自|处于|列为|定为|评为|算|算是|作为|共计|赶紧|快点|尽快|急|在线等"
)
SMALL: dict[PhrasePart, dict[Any, str]] = {
    PhrasePart.FILLER: {None: f"{_ENGLISH_FILLERS}|{_CHINESE_FILLERS}"},
    PhrasePart.OF: {
        None: "of|for|on|about|regarding|concerning|from the|customer called|customer named|customer with the name|company called|company named|"
        "for customer|of customer|关于|对于|针对"
    },
    PhrasePart.CUSTOMERS: {
        None: "customer|customers|client|clients|company|companies|customers'|everything|everyone|everybody|anyone|anybody|cust|custs|ppl|people|folks|guys|firms|firm|businesses|"
        "客户|公司|企业|顾客|名单|客户名单|客户列表|单位|厂家|客戶群|客户们|户"
    },
    PhrasePart.PUT: {None: "put|place|lay|set out"},
    PhrasePart.LIST: {
        None: "list|lists|a list of|list of|list all|list out|list me|full list|overview of|table of|列出|列一下|列表|罗列|清单|列下|列个|列个清单|列|列出来|列个表|一览表|列一个|列个单子|单子|开个单子|拉出来|拉个清单|拉个名单|拉个列表|找出来|调出来|筛出来|筛一下|筛选|筛选一下|筛选出|查出来|挑出来|整理出来"
    },
    PhrasePart.AND: {
        None: "and|&|plus|as well as|nor|and also|along with|together with|且|和|与|跟|以及|及|还有|同|连同|外加|加上|同时|并"
    },
    PhrasePart.BUT: {None: "but|though|however|yet not|但|但是|不过|可是"},
    PhrasePart.PAST: {None: "was|were|been|had"},
    PhrasePart.BOTH: {None: "both|either"},
    PhrasePart.OR: {None: "or|或|或者|或是|还是"},
    PhrasePart.NOT: {
        None: "no|never|haven't i|haven't we|havent i|havent we|have i not|have we not|didn't i|didn't we|didnt i|didnt we|did we not|did i not|haven't|hasn't|havent|hasnt|have not|has not|have had no|had no|have no|has no|having no|with no|"
        "has had no|hadn't|hadnt|not been|haven't been|hasn't been|havent been|hasnt been|havent had|hasnt had|haven't had|hasn't had|not had|not had any|not got|didn't|didnt|did not|don't|dont|don't have|dont have|没|没有|未|无|没有过|没去|从没|从未|从来没|从来没有|没有被|没被|还没|还没有|尚未|未曾|一直没|一直没有|一直未|neither|nobody has|no one has|没人|没有人|没再|没怎么|"
        "no one|noone|none of us|none of us has|nobody's|lacking|missing",
        "value": "not|without|without a|without an|without any|w/o|isn't|aren't|isnt|arent|is not|are not|not the",
    },
    PhrasePart.EXCEPT: {
        "to the end": "except|except for|excepting|excluding|excludes|exclude|excl|other than|apart from|aside from|besides|not including|leave out|leaving out|left out|skip|skipping|"
        "ignore|ignoring|everything but|anything but|all but|everyone but|everybody but",
        None: "minus|not in|outside|outside of|outside the|non|not from|not with|but not|but without|but no|just not|but not in|not those in|not those of|not of|not owned by|"
        "除了|除|除去|除掉|除开|刨除|刨去|抛开|不含|不包括|不包含|别要|撇开|非|不是|不在|不属于|不归|不计|扣除",
        "either side": "不算|不要|不看|剔除|排除掉|排除|去掉|去除",
    },
    PhrasePart.EXCEPT_AFTER: {
        None: "先别算|先不算|先别列|先不列|先不看|先别看|先不要|先排除|先去掉|excluded|aside|excepted|以外|之外|以外的|之外的|除外|外|就别列了|别列了|就不要了|不要了|就算了|就不看了|就别算了|不算在内|不包括在内|不用列|不用看|就不用了|就不列了|不列|别算|排除在外"
    },
    PhrasePart.TO: {None: "to|into|到|为|成"},
    PhrasePart.FROM: {None: "from|out of|从"},
    PhrasePart.ME: {
        None: "do i have|do i own|i look after|i manage|i handle|i own|i am responsible for|under me|assigned to me|我有哪些|我有多少|我有几个|我有几家|my|mine|me|my own|own|myself|of mine|my book|in my portfolio|my portfolio|我的|自己的|我自己的|本人的|我名下的|我负责的|"
        "我名下|我负责|我管的|我管|我手上的|我手上|我手里的|我手里|我手头|我手头的|我跟的|我在跟的|我这边的|我家的|我底下的|归我|归我管|归我管的|归我负责的|我对接的|我维护的"
    },
    PhrasePart.MY_TEAM: {
        None: "my team|my team's|our team|our team's|my teams|my people|my crew|our crew|my guys|my group|my department|我的团队|我团队|我们团队|我们的团队|我团队的|本团队|我组|我们组|我们部门|我部门|本部门|我们小组|团队里|我们这组|我们组里"
    },
    PhrasePart.LABEL: {
        FilterField.TIER: "tier|tiers|class|grade|level|in tier|of tier|rating|rated|graded|等级|级别|类|级|等|类别|客户等级|分级|档|档次|评级|层级",
        FilterField.REGION: "region|regions|area|areas|territory|territories|in region|market|in the region of|地区|区域|大区|片区|区|市场|一带|那片",
        FilterField.INDUSTRY: "industry|industries|sector|sectors|vertical|branch|business|field|in industry|行业|产业|业|领域|板块|这行|行",
        FilterField.COUNTRY: "country|countries|国家|国",
        FilterField.OWNER: "owner|owners|account manager|account managers|owned by|looked after by|managed by|handled by|covered by|run by|under|assigned to|belonging to|responsible is|客户经理|负责人|"
        "归属人|经理|销售|名下|名下的|负责|负责的|管的|管|手上的|手上|手里的|手里|手头|手头的|跟的|在跟的|对接的|对接|维护的|底下的",
        FilterField.TEAM: "team|teams|group|department|crew|团队|小组|部门|组",
        FilterField.SCHEME: "scheme|schemes|graded by|标准|分级标准|方案",
    },
    PhrasePart.TAKE: {None: "把|将"},
    PhrasePart.UNKNOWN_ONE: {
        None: "他家|她家|它家|他们家|他们那家|he|she|him|her|his|hers|the other one|the other|that one|that guy|the same|the same one|他|她|他的|她的|那家伙|另一个|另一家|另外一家|另外那个|人家的|它"
    },
    PhrasePart.CHANGE: {
        None: "统统降到|全部降到|全降到|都降到|统统升到|全部升到|全升到|都升到|统统降|统统升|升级一下|降级一下|升一级|降一级|升一下|降一下|帮我升级|帮我降级|帮忙升级|帮忙降级|给我升级|给我降级|请升级|请降级|"
        "then move|and then move|then make|then put|kick|kick out|go rate|rate them|rate it|regrade them|excel|delete|remove|get rid of|erase|wipe|bump|bump up|set to|tick off|tick it off|tick|mark as done|mark done|mark it done|assign|reassign|hand over|hand them over|transfer|"
        "set|mark|log|record|send|send out|e-mail|email|mail|write to|shoot|ping|text|message|invite|book|schedule|create|add|insert|register|update|edit|rename|change|cancel|undo|revoke|approve|override|raise|lower|increase|decrease|extend|renew|close|reopen|"
        "make them|make him|make her|make it|turn them into|put him in|put her in|move them|merge|archive|export|import|upload|download|regrade|recalculate|"
        "换成|换给|删除|删掉|删了|删|移除|撤掉|撤销|撤回|撤|取消|修改|改成|改为|改一下|改|更新|编辑|调成|调到|调整|调为|设为|设成|标记|标成|标为|转给|移交|交给|分给|分配给|划给|"
        "发给|发邮件|发消息|发短信|群发|发送|通知|提醒|催一下|祝|约|预约|安排|新建|建个档|建档|建一个|创建|新增|添加|加一个|录入|登记|记一下|记一笔|批准|审批|提到|提高|提额|打个分|打分|重新评级|重评|合并|归档|导入|上传|关闭|结案|勾掉|勾上|完成掉"
    },
    PhrasePart.STATISTIC: {
        None: "average|averages|avg|mean|median|correlation|correlate|trend|trends|trendline|chart|graph|plot|histogram|share of|the share of|percentage|percentage of|percent of|proportion|proportion of|ratio|"
        "distribution|breakdown|broken down|per region|per industry|per person|per tier|by region|by industry|growth rate|standard deviation|variance|pivot|"
        "平均|平均分|平均得分|均值|中位数|相关性|相关|趋势|走势|曲线|图表|画个图|画图|占比|比例|百分比|分布|统计|统计一下|增长率|同比|环比|各行业|各地区|各区域|按地区统计|按行业统计|每个行业|每个地区"
    },
    PhrasePart.FORECAST: {
        None: "will|gonna|going to|predict|prediction|forecast|guess|expect|expected to|likely to|bet|next quarter|next year|next month|预测|预计|预估|猜|猜猜|猜一下|会不会|将会|明年|下个月|下个季度|下季度|有可能"
    },
    PhrasePart.AHEAD: {
        None: "tomorrow|tmrw|tmr|tomorrow morning|tomorrow afternoon|this morning|this afternoon|this evening|later today|later|tonight|next week|in an hour|in a bit|soon|in a minute|shortly|on monday|on tuesday|on wednesday|on thursday|"
        "on friday|next monday|next tuesday|next wednesday|next thursday|next friday|monday|tuesday|wednesday|thursday|friday|at noon|明天|后天|大后天|明早|今早|上午|下午|早上|晚上|今天下午|今天上午|明天上午|明天下午|明儿|明日|下周|下周一|下周二|下周三|下周四|下周五|周一|周二|周三|周四|周五|待会|待会儿|等会|等会儿|一会|一会儿|马上|回头|过两天|改天"
    },
}
