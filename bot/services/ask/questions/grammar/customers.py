"""Words for what is asked of one customer or a few, and for what is asked without naming one."""

from typing import Any

from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.query import Aspect, Personal


def _chinese_notes() -> str:
    """备注里提到过 and the like: where, and that it stands there."""
    where = ("备注", "笔记", "记录", "拜访记录", "拜访笔记", "跟进记录", "沟通记录")
    inside, stands = (
        ("里", "中", "上", "里面", ""),
        ("提到", "提到过", "提过", "写过", "写到", "写到过", "说过", "说到", "记过", "出现过"),
    )
    return "|".join(f"{one}{place}{verb}" for one in where for place in inside for verb in stands)


CUSTOMERS: dict[PhrasePart, dict[Any, str]] = {
    PhrasePart.HOW: {
        None: "how|how is|how are|how is it going|doing|looking|going|faring|getting on|getting along|holding up|performing|什么状况|啥状况|状况如何|状况怎么样|这帮人|那帮人|这伙人|近况|近况如何|最近如何|最近咋样|情况怎么样|情况如何|最近怎么样"
    },
    PhrasePart.CONTEXT: {
        Aspect.CREDIT: "left|remaining|used|still has|has left|还剩|剩|剩下|剩余|用了",
        Aspect.CARE: "owed|due|entitled to|应得|该有|应有",
        Aspect.NOTES: "written",
        Aspect.BRIEF: "got a visit|visiting|walking into|i am visiting|i'm visiting|meeting|seeing|to visit|要去|要见|老板",
    },
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
        Aspect.PROFILE: "customer profile|客户画像|客户档案",
        Aspect.CONTACTS: "last contacts|联系情况|往来情况",
        Aspect.COMPLAINTS: "complaint list|list of complaints|投诉情况",
        Aspect.NOTES: "notes|note|notes taken|备注|记录|笔记|拜访记录|"
        "write down|wrote down|written down|noted down|拜访笔记|记了什么|记了些什么|写了什么|"
        "跟进记录|联系记录",
    },
    PhrasePart.COMPARE: {
        None: "compare|comparison|comparison of|comparing|compare with|compared|contrast|match up|stack up|stack up against|head to head|比较|比较一下|比一下|比一比|比比|对比|对比一下|做个对比|做个比较|side by side|side-by-side|"
        "next to each other|against each other|who's the better one|whos the better one|who is the better one|which is the better one|which one is better|which is better|who is better|whos better|who's better|the better one|better one|is better|better|who wins|which is stronger|"
        "对比下|比下|比较下|比比看|放一起比|放在一起比|放一起|放一起看|放一块|放一块儿|摆一起|并排看|并排|哪个好|哪个更好|哪家好|哪家更好|谁更好|谁好|谁强|哪家强|哪个强|谁更强|哪个更强|有啥区别|有啥不一样|有什么不一样|有什么不同|有何不同|差别|差异|"
        "difference between|differences between|the difference between|how do they compare|区别|有什么区别|有什么差别|pk|pk 一下"
    },
    PhrasePart.VERSUS: {None: "vs|versus|v|compared with|compared to|compared against|against"},
    PhrasePart.NOTES_ABOUT: {
        None: f"{_chinese_notes()}|grep|grep for|write smth about|write sth about|wrote smth about|wrote something about|wrote anything about|notes about|note about|notes with|notes containing|notes mentioning|notes that mention|search notes|search notes for|search notes 4|search the notes 4|search our notes for|look through the notes for|look in the notes for|go through the notes for|"
        "search the notes for|search in notes|find notes|find notes about|find notes with|find in notes|any notes about|any notes mentioning|who mentioned|who wrote about|anyone write about|anyone mention|did anyone mention|did anyone write about|did anybody mention|write down something about|write down anything about|write down smth about|write anything about|write something about|note anything about|note something about|which notes talk about|notes talking about|备注中有|备注里有|备注有|备注提到|备注中提到|备注含|"
        "备注包含|搜备注|搜索备注|查备注|找备注|搜一下备注|搜下备注|记录中有|记录里有|记录中提到|"
        "notes mention|notes contain|notes that contain|备注里提到|备注里提过|备注提到过|备注里提到过|的备注提到过|备注里写过|备注里写了|备注里搜|备注里搜一下|备注里找|备注里找一下|在备注里搜|在备注里找|笔记里有|笔记中有|"
        "笔记提到|笔记提到过|笔记里提到|笔记里提到过|笔记中提到|笔记里搜|笔记里搜一下|笔记里找|笔记里写过|在笔记里搜|在笔记里找|搜笔记|搜下笔记|查笔记|找笔记|搜一下笔记|记录里提到|记录里提到过|记录里搜|"
        "备注里谁提到过|笔记里谁提到过|记录里谁提到过|拜访记录里谁提到过|谁提到过|谁提过|谁说过|谁写过|拜访记录里提到|拜访记录里有|谁的备注提到过|谁的备注提到|谁的备注里有|谁的备注里提到|谁的备注里提到过|谁的笔记提到过|谁的记录提到过|哪些备注提到|哪些备注提到过|哪些备注里有|有没有人提到|有没有人提到过|有没有人写过|有没有人记过|有谁提到过|有人提到过"
    },
    PhrasePart.PERSONAL: {
        Personal.TODO: "哪些活没干完|什么活没干完|啥活没干完|活没干完|没干完的活|哪些事没做完|什么事没做完|啥事没做完|没做完的事|哪些事没干完|什么没做完|啥没做完|哪些活要干|todo|to do|to-do|todos|what do i have to do|what do i need to do|what to do|what must i do|what have i got to do|what should i be doing|what should i do|what's due|whats due|what is due|what's due for me|要做什么|待办|待办事项|今天要做什么|该做什么|"
        "on my plate|on my list|on my desk|on my agenda|on the agenda|my agenda|my tasks|my todos|my to-dos|my todo list|my jobs|tasks for me|what's next for me|whats next for me|要干啥|要干什么|要做啥|该干啥|该干什么|该做啥|该干点啥|该干点什么|要干点啥|该忙啥|要忙啥|该忙什么|干点啥|干点什么|做点啥|做点什么|有啥活|有什么活|有啥事|有什么事|有啥要做|有什么要做的|有啥要做的|有哪些事要做|我的任务|我的待办|任务清单|手头的事|手上的事|手头有啥事|"
        "todo list|to-do list|task list|待办清单|待办列表|还有什么要做|还有啥要做",
        Personal.HELP: "help|帮助|怎么用|怎么问|what can you do|what can you actually do|what can i ask|what do you know|what are you able to do|how do i use you|how do i use this|how to use this|"
        "what can i ask you|how does this work|你能做什么|你会做什么|你会干什么|你会干啥|你会什么|你能干什么|你能干啥|能问什么|可以问什么|能问你什么|怎么使用|使用说明|有啥功能|有什么功能",
        Personal.CALENDAR: "calendar|subscribe|subscribe to|how do i subscribe|how do i subscribe to|how to subscribe to|my calendar|calendar link|calendar feed|日历|订阅|怎么订阅|如何订阅|日历链接",
    },
}
