"""Functions over strings."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from scanner.sources.terraform.functions.function import Function, items, pure, text, whole
from scanner.sources.terraform.functions.graphemes import graphemes
from scanner.sources.terraform.template_value import joined
from scanner.sources.terraform.values import (
    MAX_TEXT,
    ListOf,
    Refused,
    TooLarge,
    is_list,
    merged,
    over_options,
    unknowns_of,
)
from scanner.unknown import Unknown, Value

# What is white space to Go; to Python, the separators from 0x1c to 0x1f are as well.
_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def _join(arguments: list[Value]) -> Value:
    """`join(separator, list...)`, with the known elements as pieces where others are not known."""
    open_ = [one for one in arguments if isinstance(one, Unknown)]
    if open_:
        spread = over_options(lambda *values: _join(list(values)), *arguments)
        if spread is not None:
            return spread
        parts = [one.document if isinstance(one, Unknown) and is_list(one.document) else one for one in arguments]
        if any(isinstance(part, Unknown) for part in parts):
            return merged(open_)
        known = _join(parts)
        return replace(merged(open_), pieces=known.pieces) if isinstance(known, Unknown) else merged(open_)
    separator = text(arguments[0])
    values: list[Value] = []
    for argument in arguments[1:]:
        for item in items(argument):
            if values:
                values.append(separator)
            if item is None:
                raise Refused("null in a list of strings")
            values.append(item)
    return joined(values)


def _split(arguments: list[Value]) -> Value:
    separator, source = text(arguments[0]), text(arguments[1])
    return ListOf(source.split(separator) if separator else list(source))


def _substr(arguments: list[Value]) -> Value:
    source, offset, length = graphemes(text(arguments[0])), whole(arguments[1]), whole(arguments[2])
    start = max(len(source) + offset, 0) if offset < 0 else offset
    # From the end, no length is no limit.
    return "".join(source[start:] if length < 0 or (offset < 0 and not length) else source[start : start + length])


def _title(arguments: list[Value]) -> Value:
    result, start = [], True
    for character in text(arguments[0]):
        changed = character.title() if start else character
        result.append(changed if len(changed) == 1 else character)
        start = character in _SPACE if ord(character) > 127 else not (character.isalnum() or character == "_")
    return "".join(result)


def _indent(arguments: list[Value]) -> Value:
    return text(arguments[1]).replace("\n", "\n" + " " * min(max(whole(arguments[0]), 0), 1000))


def _chomp(arguments: list[Value]) -> Value:
    return text(arguments[0]).rstrip("\r\n")


def _trimmed(arguments: list[Value], left: bool, right: bool) -> Value:
    source, cut = text(arguments[0]), text(arguments[1])
    if left:
        source = source.lstrip(cut) if cut else source
    return source.rstrip(cut) if right and cut else source


def _repeat(arguments: list[Value]) -> Value:
    source, count = text(arguments[0]), whole(arguments[1])
    if len(source) * count > MAX_TEXT:
        raise TooLarge("a text of more than a million characters")
    return source * count


def _strcontains(arguments: list[Value]) -> Value:
    return text(arguments[1]) in text(arguments[0])


def _edge(arguments: list[Value], start: bool) -> Value:
    """`startswith` and `endswith`, also of a text that is known at that edge only."""
    source, affix = arguments
    if isinstance(source, Unknown) and source.pieces and isinstance(affix, str):
        piece = source.pieces[0 if start else -1]
        if isinstance(piece, str):
            found = piece[: len(affix)] if start else piece[len(piece) - min(len(affix), len(piece)) :]
            if len(found) == len(affix):
                return found == affix
            if found != (affix[: len(found)] if start else affix[len(affix) - len(found) :]):
                return False
    open_ = unknowns_of(arguments)
    if open_:
        spread = over_options(lambda *values: _edge(list(values), start), *arguments)
        return merged(open_) if spread is None else spread
    return text(source).startswith(text(affix)) if start else text(source).endswith(text(affix))


def _one_cased(character: str, upper: bool) -> str:
    """One character; where Python makes several of it (`ß`), Go leaves it as it is."""
    if character == "\u0130" and not upper:
        return "i"
    changed = character.upper() if upper else character.lower()
    return changed if len(changed) == 1 else character


def _cased(arguments: list[Value], upper: bool) -> Value:
    """`upper` and `lower`, piece by piece where a text is partly known."""
    [source] = arguments
    if not isinstance(source, Unknown):
        return "".join(_one_cased(character, upper) for character in text(source))
    spread = over_options(lambda value: _cased([value], upper), source)
    if spread is not None:
        return spread
    pieces = [_cased([piece], upper) for piece in source.pieces]
    kept = tuple(piece for piece in pieces if isinstance(piece, (str, Unknown)))
    return replace(merged([source]), pieces=kept)


TABLE: Mapping[str, Function] = {
    "join": pure(_join, 1, None, "raw"),
    "split": pure(_split, 2),
    "upper": pure(lambda a: _cased(a, True), 1, policy="raw"),
    "lower": pure(lambda a: _cased(a, False), 1, policy="raw"),
    "title": pure(_title, 1),
    "substr": pure(_substr, 3),
    "strrev": pure(lambda a: "".join(reversed(graphemes(text(a[0])))), 1),
    "indent": pure(_indent, 2),
    "chomp": pure(_chomp, 1),
    "trimspace": pure(lambda a: text(a[0]).strip(_SPACE), 1),
    "trim": pure(lambda a: _trimmed(a, True, True), 2),
    "trimprefix": pure(lambda a: text(a[0]).removeprefix(text(a[1])), 2),
    "trimsuffix": pure(lambda a: text(a[0]).removesuffix(text(a[1])), 2),
    "startswith": pure(lambda a: _edge(a, True), 2, policy="raw"),
    "endswith": pure(lambda a: _edge(a, False), 2, policy="raw"),
    "strcontains": pure(_strcontains, 2),
    "repeat": pure(_repeat, 2),
}
