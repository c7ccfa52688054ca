"""Words for tiers that moved or are about to, up and down."""

from typing import Any

from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.query import Direction

_CLOSE = (
    "close to",
    "closest to",
    "nearest to",
    "near to",
    "near",
    "about to be",
    "on the verge of",
    "on the edge of",
    "on the brink of",
    "on the cusp of",
)
_RISES = (
    "moving up",
    "rising",
    "going up",
    "climbing",
    "the next tier",
    "the next tier up",
    "the upper boundary",
    "the upper limit",
    "being promoted",
    "being upgraded",
    "promotion",
    "a promotion",
    "an upgrade",
    "moving up a tier",
    "going up a tier",
    "rising a tier",
    "climbing a tier",
    "the tier above",
    "making it into the next tier",
    "making it to the next tier",
    "getting into the next tier",
    "reaching the next tier",
    "making the next tier",
)
_FALLS = (
    "falling",
    "dropping",
    "moving down",
    "going down",
    "slipping",
    "the lower boundary",
    "the lower limit",
    "being demoted",
    "being downgraded",
    "demotion",
    "a demotion",
    "a downgrade",
    "falling a tier",
    "dropping a tier",
    "losing a tier",
    "losing their tier",
    "slipping a tier",
    "going down a tier",
    "moving down a tier",
    "the tier below",
    "falling down a tier",
    "falling out of their tier",
)


def _close(ends: tuple[str, ...]) -> str:
    return "|".join(f"{begin} {end}" for begin in _CLOSE for end in ends)


_UP: dict[PhrasePart, str] = {
    PhrasePart.NEAR: "about to rise|about to move up|about to go up|about to be promoted|about to be upgraded|soon to be promoted|"
    "soon to rise|near the tier above|close to the tier above|near promotion|close to promotion|almost up|ready to move up|ready for promotion|within reach of the next tier|nearly up a tier|just below the next tier|快升级|快要升级|即将升级|"
    "马上升级|接近升级|要升级|快升等级|接近上一等级|接近上一级|接近更高等级|有望升级|有希望升级|能升级|快升档|快要升档|差一点升级|差一点就升级|差一点就升|差点升级|差几分就升级|差几分升级|快够上一级|就差一点升级|马上要升级|快升上去|快升上去了|快上一级|离升级最近|离升级最近的|最接近升级|最接近升级的|就差一点升级|"
    "close to moving up|close to rising|close to going up|close to the next tier|就要升级|就快升级|"
    + _close(_RISES),
    PhrasePart.NEAR_TO: "about to reach|about to become|about to rise to|about to move up to|about to be promoted to|close to|nearly|"
    "almost|soon to be|快升到|快升为|快要升到|即将升到|即将升为|快到|接近|快成|马上升到|马上到|就快到|差一点到|离升到|快够上|快够到|快够|就差一点到|"
    "close to becoming|close to reaching|close to being|about to be|just short of|just below|knocking on the door of|within reach of|not far from",
    PhrasePart.NEAR_MAYBE: "快升|快要升|即将升|马上升|就要升|就快升|马上要升",
    PhrasePart.MOVED: "moved up a tier|rose a tier|gained a tier|went up a tier|moved up|moving up|rose|rise|risen|went up|gone up|promoted|upgraded|got promoted|were promoted|"
    "was promoted|been promoted|升级|升了级|升了|上升|升等|升到|升为|升至|升成|升了一级|got upgraded|climbed|climbed a tier|jumped up|jumped a tier|got bumped up|stepped up|tier went up|tiers went up|tier up|moved to a higher tier|moved to a better tier|upgrades|promotions|tier upgrades|moves up|"
    "improved their tier|got better|advanced|升上来|升上来了|升上去|升上去了|往上升|往上走|升档|升了档|涨级|晋级|晋升|提级|升了等级|等级上升|等级升了|等级提升|级别上升|级别升了|调升|上调|被上调|升过级|往上调|提升了等级|提档",
    PhrasePart.MOVE: "move up|upgrade|promote",
}
_DOWN: dict[PhrasePart, str] = {
    PhrasePart.NEAR: "about to fall|about to drop|about to move down|about to go down|about to be demoted|about to be downgraded|about to slip|"
    "soon to be demoted|soon to fall|near the tier below|close to the tier below|close to falling|close to dropping|in danger of falling|in danger of dropping|in danger of being downgraded|nearly down a tier|快降级|"
    "快要降级|即将降级|马上降级|快掉级|快要掉级|要掉级|要降级|即将掉级|接近降级|接近下一等级|接近下一级|快掉下来|快掉下去|快掉下来了|快掉下去了|快掉档|快要掉档|快跌级|快跌下来|要跌级|有降级风险|有掉级风险|马上要降级|马上要掉级|差点掉级|快保不住级|快保不住等级|快降档|快降下来|快降下去|离降级最近|离掉级最近|离降级最近的|离掉级最近的|最接近掉级|最接近降级|最接近掉级的|最接近降级的|差一点就掉级|差一点掉级|差点就掉级|差一点就降级|差一点降级|差点降级|"
    "close to moving down|close to going down|at risk of falling|at risk of dropping|at risk of being downgraded|at risk of demotion|at risk of a downgrade|at risk of losing their tier|"
    "就要降级|就快降级|就要掉级|就快掉级|" + _close(_FALLS),
    PhrasePart.NEAR_TO: "about to fall to|about to drop to|about to move down to|about to be demoted to|about to slip to|close to falling to|close to dropping to|快降到|快掉到|快降为|"
    "即将降到|即将降为|快要降到|快要掉到|马上降到|马上掉到|快跌到",
    PhrasePart.NEAR_MAYBE: "快降|快掉|快要降|快要掉|即将降|马上掉|马上降",
    PhrasePart.MOVED: "moved down a tier|dropped a tier|fell a tier|went down a tier|moved down|moving down|fell|fall|fallen|dropped|went down|gone down|demoted|downgraded|"
    "got demoted|were demoted|was demoted|been demoted|lost a tier|降级|掉级|降了级|掉了级|跌级|降了|掉了|降等|降到|降为|降至|掉到|降了一级|掉了一级|got downgraded|slipped|slipped a tier|got bumped down|tier went down|tiers went down|tier down|moved to a lower tier|moved to a worse tier|downgrades|demotions|tier downgrades|moves down|got worse|"
    "fell back|dropped back|slid|slid down|掉下来|掉下来了|掉下去|掉下去了|降下来|降下来了|降下去|降下去了|往下掉|往下走|往下降|降档|掉档|掉了档|降了档|跌了|跌下来|跌下去|降了等级|等级下降|等级降了|等级下滑|等级掉了|级别下降|级别降了|调降|下调|被下调|掉过级|降过级|往下调|退级",
    PhrasePart.MOVE: "move down|drop|downgrade|demote",
}
_ANY = (
    "moved|tier changed|tiers changed|tier changes|changed tier|changed tiers|change of tier|changes of tier|tier moves|tier movements|movers|changed their tier|switched tier|等级变动|等级变化|变动|变了等级|等级变了|变更|等级有变化|等级有变动|等级变过|"
    "级别变了|级别变动|级别变化|换了等级|等级有变|升降级|升降|等级升降|有升有降"
)


def rows() -> list[tuple[PhrasePart, Any, str]]:
    """(Part, direction, phrases) of every move."""
    found: list[tuple[PhrasePart, Any, str]] = [
        (part, direction, words)
        for direction, table in ((Direction.UP, _UP), (Direction.DOWN, _DOWN))
        for part, words in table.items()
    ]
    return [*found, (PhrasePart.MOVED, None, _ANY)]
