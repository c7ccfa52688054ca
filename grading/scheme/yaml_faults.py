"""What the YAML parser says of text that it cannot read, as phrases."""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError

from grading.phrases import N_, Phrase

# The parser's own sentences, for the catalogues; what it quotes in them is %(found)s.
_SENTENCES = (
    N_("while composing a mapping"),
    N_("while parsing a block collection"),
    N_("while parsing a block mapping"),
    N_("while parsing a block node"),
    N_("while parsing a flow mapping"),
    N_("while parsing a flow node"),
    N_("while parsing a flow sequence"),
    N_("while parsing a node"),
    N_("while scanning a block scalar"),
    N_("while scanning a directive"),
    N_("while scanning a double-quoted scalar"),
    N_("while scanning a plain scalar"),
    N_("while scanning a quoted scalar"),
    N_("while scanning a simple key"),
    N_("while scanning a tag"),
    N_("while scanning an alias"),
    N_("while scanning an anchor"),
    N_("while scanning for the next token"),
    N_("while parsing a tag"),
    N_("while parsing an alias"),
    N_("while parsing an anchor"),
    N_("could not find expected ':'"),
    N_("but found another document"),
    N_("expected ',' or ']', but got %(found)s"),
    N_("expected ',' or '}', but got %(found)s"),
    N_("expected <block end>, but found %(found)s"),
    N_("expected '<document start>', but found %(found)s"),
    N_("expected '!' but found %(found)s"),
    N_("expected '!', but found %(found)s"),
    N_("expected '>' but found %(found)s"),
    N_("expected ' ', but found %(found)s"),
    N_("expected URI, but found %(found)s"),
    N_("expected a digit, but found %(found)s"),
    N_("expected chomping or indentation indicators, but found %(found)s"),
    N_("expected a single document in the stream"),
    N_("expected a comment or a line break, but found %(found)s"),
    N_("expected alphabetic or numeric character, but found %(found)s"),
    N_("expected the node content, but found %(found)s"),
    N_("found character %(found)s that cannot start any token"),
    N_("found duplicate key %(found)s"),
    N_("found undefined tag handle %(found)s"),
    N_("found undefined alias %(found)s"),
    N_("found unexpected ':'"),
    N_("found unexpected document separator"),
    N_("found unexpected end of stream"),
    N_("found unknown escape character %(found)s"),
    N_("invalid intendation or unclosed '[' or '{'"),
    N_("mapping keys are not allowed here"),
    N_("mapping values are not allowed here"),
    N_("more indented follow up line than first in a block scalar"),
    N_("sequence entries are not allowed here"),
    N_("special characters are not allowed"),
    N_("'<alias>'"),
    N_("'<anchor>'"),
    N_("'<block end>'"),
    N_("'<block mapping start>'"),
    N_("'<block sequence start>'"),
    N_("'<document start>'"),
    N_("'<document end>'"),
    N_("'<scalar>'"),
    N_("'<stream end>'"),
    N_("'<tag>'"),
)


def faults(error: MarkedYAMLError) -> Phrase:
    """What the parser was reading, and what it found."""
    context, problem = (str(part or "") for part in (error.context, error.problem))
    if context and problem:
        return Phrase(N_("%(context)s %(problem)s"), context=fault(context), problem=fault(problem))
    return fault(context or problem)


def fault(text: str) -> Phrase:
    """A sentence of the parser's as a phrase; one that is not known stays in English."""
    for sentence in _SENTENCES:
        before, value, after = sentence.partition("%(found)s")
        if value and (found := re.fullmatch(re.escape(before) + "(.+)" + re.escape(after), text, re.DOTALL)):
            return Phrase(sentence, found=Phrase(found[1]))
    return Phrase(text)
