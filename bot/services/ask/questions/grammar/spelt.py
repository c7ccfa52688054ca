"""Words that differ from a word of the grammar by one letter and are words themselves: they are not misspelt."""

_WORDS = """
abort advance agent ahead alike alone alter applied approved approver approves archived archives arena
arenas arise arising around arrange backward balls bases batch beast became becomes beings bells beside
black bless blower border borders bother bound briefs brings broke brought calendars caller calling
cares carts catch causes cease cells chance chances charge charged charts checks chose clash classes
classifies clipped clone closed closer closes closet closing codes coding compares comparisons complain
compliant contains contract contracts cores costs cover covers created creates credits cross dated dates
dearest decent declined decreased deleted deletes denote denoted deviations devote directions displays
distributions doers donor doves downed downloads drops dumped dunder dwell dying early eased eating
edges edits eight emails ending erased excel excerpt exiting expects explains explanations exports
extends extent faced facing failed failing falls farms feast fever fields files filled filling fills
finds fined fired fires firing fists fitting fixed flags flipped flower follows forks forms fought found
freed frisky fully gates given giver gives goods grades gradings grained grape graphs grate grave ground
groups guest guests halls handed handler handlers hands handy hatch heads hears heart heave helps hence
hills hissing hither honey hooks horse hours ideal ideas ignores imports improve improves increased
increases inserts intro invited invoiced joints keeps kills kissing known knows laser lasts latent latex
lather latter layer layers leading leaking leaks lease leaves legion letter letting levels lever lifts
light limits lines links loads locate locked locking locks lookups looping loops loose loses loves
lowers mails makes males malls manages manger mapped march marker markets marks masked masks massing
means meant media meetings mentions menus merged merges messages messing mills minds mines minutes
misses mists mixed modes moments mornings mother mount movement movie mower nearby nears needs newer
night nodes noose nought numbers older opens others ought outsider overrides pacing pager paper paren
parent paste patch persons phase piers pills pings places plain plane plans plant played players pleas
point ported possible pound power prepared presents preset prevent prints promotes prone pulls quarters
questions quite raises raising range ranger ranks rates ratios reaches react reads records regrades
reminds remote removed removes renamed revenge revere reverses revoked riding rights rises risks rounds
rouse saves saving saying scales scare scheduled scheduler schedules schema schemas scope scopes scoping
scorn seams season seeking sending sends services setter setting seven sever shade shape shared sharer
shares shipped shipping shoes shops shown sides sight signs sites skill skipped skips slack slide slower
slowest sorts sought sound spare speed spent spoke stable stacks stall standards stare stark steams
steep stems stews stick stills stock stops store stores storing stranger stuck subscribed suite swell
switches tables takes taking tales tears telephone tells tends texts theirs theme think thinks thought
three ticks timed timer times tires token tones touches tough tower trade traded trading trick troubled
turns ungraded updated updates uploads vague valued values vector votes walls wants wards watch water
weave weeks wells whereas while white width winds wines works world writer writes yearly yearn years
yeast yield zones zstandard relay relays loaned fastest flattest teaching coaching cunning honesty excess expel
"""
SPELT_RIGHT = frozenset(_WORDS.split())
