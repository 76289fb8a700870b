"""From the tree of python-hcl2's grammar to our syntax: expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.sources.terraform.hcl2_nodes import Places, is_tree, join, name_of, number, solid
from scanner.sources.terraform.syntax import (
    AttrStep,
    Binary,
    Call,
    Conditional,
    Expression,
    ForObject,
    ForTuple,
    IndexStep,
    Literal,
    Object,
    Parens,
    Relative,
    SplatStep,
    Step,
    SyntaxFault,
    Traversal,
    Tuple,
    Unary,
    regroup,
)
from scanner.sources.terraform.template import ParseExpression, Piece, Scanner, assemble, unescape

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_HEREDOC = lazy(r"<<(-?)([^\r\n]+)\r?\n")
_POSTFIX = {"get_attr_expr_term", "index_expr_term", "attr_splat_expr_term", "full_splat_expr_term"}
_STRING_PIECES = {"template_else": "else", "template_endif": "endif", "template_endfor": "endfor"}


class Expressions:
    """Converts the expressions of one text; `embedded` parses those inside heredocs."""

    def __init__(self, text: str, places: Places, embedded: ParseExpression) -> None:
        self._text = text
        self._places = places
        self._embedded = embedded
        self._readers: dict[str, Callable[[Any], Expression]] = {
            "conditional": self._conditional,
            "binary_op": self._binary,
            "unary_op": self._unary,
            "int_lit": self._number,
            "float_lit": self._number,
            "literal_value": self._word,
            "identifier": self._identifier,
            "keyword": self._identifier,
            "string": self._string,
            "heredoc_template": self._heredoc,
            "heredoc_template_trim": self._heredoc,
            "tuple": self._tuple,
            "object": self._object,
            "function_call": self._call,
            "for_tuple_expr": self._for_tuple,
            "for_object_expr": self._for_object,
        }

    def convert(self, node: Any) -> Expression:
        """The expression of a tree. Raises SyntaxFault."""
        children = solid(node)
        if node.data == "expr_term":
            if is_tree(children[0]):
                return self.convert(children[0])
            return Parens(self.convert(children[1]), self._places.span(node))
        if node.data in _POSTFIX:
            return self._postfix(node)
        reader = self._readers.get(node.data)
        if reader is None:
            at = self._places.span(node)
            raise SyntaxFault(at.line, at.column, "an expression of a kind that is not known")
        return reader(node)

    def _conditional(self, node: Any) -> Expression:
        condition, then, otherwise = (child for child in solid(node) if is_tree(child))
        first, last = self.convert(condition), self.convert(otherwise)
        return Conditional(first, self.convert(then), last, join(first.at, last.at))

    def _binary(self, node: Any) -> Expression:
        left, term = solid(node)
        operator, right = solid(term)
        # A comment before an operator is part of its token.
        sign = str(operator.children[0]).split()[-1]
        first, second = self.convert(left), self.convert(right)
        return Binary(sign, first, second, join(first.at, second.at))

    def _unary(self, node: Any) -> Expression:
        operator, operand = solid(node)
        return Unary(str(operator), self.convert(operand), self._places.span(node))

    def _number(self, node: Any) -> Expression:
        at, digits = self._places.span(node), str(node.children[0])
        if not digits.startswith("-"):
            return Literal(number(digits, at), at)
        # The grammar takes the sign of a fraction for a part of it, that of a whole number not.
        inner = FileOrigin(at.path, at.line, at.column + 1, at.end_line, at.end_column)
        return Unary("-", Literal(number(digits[1:].strip(), at), inner), at)

    def _word(self, node: Any) -> Expression:
        return Literal(_WORDS[str(node.children[0])], self._places.span(node))

    def _identifier(self, node: Any) -> Expression:
        return Traversal(name_of(node), (), self._places.span(node))

    def _heredoc(self, node: Any) -> Expression:
        token = node.children[0]
        raw = str(token)
        opening = _HEREDOC.match(raw)
        line, column = self._places.place(token.line, token.column)
        if opening is None:
            raise SyntaxFault(line, column, "a heredoc without its text")
        end = raw.rstrip().rfind("\n") + 1
        body = raw[opening.end() : end]
        last = raw.rstrip()[end:]
        at = FileOrigin(self._places.path, line, column, line + raw.count("\n", 0, end), len(last) + 1)
        pieces = Scanner(body, self._places.path, line + 1, 1, self._embedded, quoted=False).pieces()
        return assemble(pieces, at, flush=bool(opening.group(1)))

    def _string(self, node: Any) -> Expression:
        at = self._places.span(node)
        parts = node.children[1:-1]
        if any(self._swallowed(part.children[0]) for part in parts):
            raw = self._text[node.meta.start_pos + 1 : node.meta.end_pos - 1]
            scanner = Scanner(raw, at.path, at.line, at.column + 1, self._embedded, quoted=True)
            return assemble(scanner.pieces(), at)
        return assemble(_merged([self._piece(part.children[0]) for part in parts]), at)

    def _swallowed(self, part: Any) -> bool:
        """Whether python-hcl2 took a template for text: its `$${` runs on to the next `}`, whatever is between."""
        if is_tree(part) or not part.type.startswith("ESCAPED"):
            return False
        inner = str(part)[3:]
        if '"' in inner or "\n" in inner:
            line, column = self._places.place(part.line, part.column)
            raise SyntaxFault(line, column, "an escaped template with a quote in it, which python-hcl2 misreads")
        return "${" in inner or "%{" in inner

    def _piece(self, part: Any) -> Piece:
        at = self._places.span(part)
        if not is_tree(part):
            if "\n" in part:
                raise SyntaxFault(at.line, at.column, "a line break inside a quoted text")
            return Piece("text", at, unescape(str(part), at))
        inside = [child for child in part.children if is_tree(child) and child.data != "new_line_or_comment"]
        kinds = [child.type for child in part.children if not is_tree(child)]
        before, after = kinds[1:2] == ["STRIP_MARKER"], kinds[-2:-1] == ["STRIP_MARKER"]
        if part.data == "interpolation":
            return Piece("value", at, "", self.convert(inside[0]))
        if part.data == "template_if_start":
            return Piece("if", at, "", self.convert(inside[0]), trim_before=before, trim_after=after)
        if part.data == "template_for_start":
            *names, collection = inside
            key = name_of(names[0]) if len(names) > 1 else ""
            expression = self.convert(collection)
            return Piece("for", at, "", expression, key, name_of(names[-1]), before, after)
        kind: Any = _STRING_PIECES[part.data]
        return Piece(kind, at, trim_before=before, trim_after=after)

    def _tuple(self, node: Any) -> Expression:
        return Tuple(tuple(self.convert(item) for item in solid(node) if is_tree(item)), self._places.span(node))

    def _object(self, node: Any) -> Expression:
        items = []
        last_line = 0
        for child in solid(node):
            if not is_tree(child):
                last_line = 0
                continue
            at = self._places.span(child)
            if last_line == at.line:
                raise SyntaxFault(at.line, at.column, "a comma or a new line is missing before this key")
            key, _, value = solid(child)
            items.append((self._object_key(key), self.convert(value)))
            last_line = items[-1][1].at.end_line
        return Object(tuple(items), self._places.span(node))

    def _object_key(self, node: Any) -> Expression:
        """A bare name is text; the same name in parentheses is a reference."""
        inner = node.children[0]
        if inner.data == "keyword":
            return Literal(name_of(inner), self._places.span(inner))
        key = self.convert(inner)
        if isinstance(key, Traversal) and not key.steps:
            return Literal(key.root, key.at)
        word = inner.children[0]
        if is_tree(word) and word.data == "literal_value":
            return Literal(str(word.children[0]), key.at)
        return key

    def _call(self, node: Any) -> Expression:
        children = solid(node)
        words = [child for child in children[: _index(children, "LPAR")] if is_tree(child)]
        name = "::".join(name_of(word) for word in words)
        arguments = next((child for child in children if is_tree(child) and child.data == "arguments"), None)
        inside = solid(arguments) if arguments is not None else []
        expand = bool(inside) and not is_tree(inside[-1]) and inside[-1].type == "ELLIPSIS"
        values = tuple(self.convert(item) for item in inside if is_tree(item))
        return Call(name, values, expand, self._places.span(node))

    def _intro(self, node: Any) -> tuple[str, str, Expression]:
        inside = [child for child in solid(node) if is_tree(child)]
        *names, collection = inside
        return name_of(names[0]) if len(names) > 1 else "", name_of(names[-1]), self.convert(collection)

    def _for_tuple(self, node: Any) -> Expression:
        intro, result, *condition = [child for child in solid(node) if is_tree(child)]
        key, value, collection = self._intro(intro)
        return ForTuple(
            key, value, collection, self.convert(result), self._condition(condition), self._places.span(node)
        )

    def _for_object(self, node: Any) -> Expression:
        children = solid(node)
        intro, name, result, *condition = [child for child in children if is_tree(child)]
        key, value, collection = self._intro(intro)
        group = any(not is_tree(child) and child.type == "ELLIPSIS" for child in children)
        return ForObject(
            key,
            value,
            collection,
            self.convert(name),
            self.convert(result),
            group,
            self._condition(condition),
            self._places.span(node),
        )

    def _condition(self, found: list[Any]) -> Expression | None:
        return self.convert(solid(found[0])[-1]) if found else None

    def _postfix(self, node: Any) -> Expression:
        """A term with all the steps behind it; lark nests them, one node a step."""
        chain: list[Any] = []
        at = self._places.span(node)
        while is_tree(node) and (node.data in _POSTFIX or (node.data == "expr_term" and len(node.children) == 1)):
            if node.data in _POSTFIX:
                chain.append(node.children[-1])
            node = node.children[0]
        steps: list[Step] = []
        for step in reversed(chain):
            self._steps(step, steps)
        source = self.convert(node)
        grouped = regroup(steps)
        if isinstance(source, Traversal):
            return Traversal(source.root, grouped, at)
        return Relative(source, grouped, at)

    def _steps(self, node: Any, steps: list[Step]) -> None:
        at = self._places.span(node)
        children = solid(node)
        if node.data == "get_attr":
            steps.append(AttrStep(name_of(children[1]), at))
        elif node.data == "short_index":
            steps.append(IndexStep(Literal(int(children[1]), at), at))
        elif node.data == "braces_index":
            inner = self.convert(children[1])
            steps.append(IndexStep(Parens(inner, inner.at), at))
        else:
            # What follows a splat is inside its node: the span is that of the sign alone.
            steps.append(SplatStep(node.data == "full_splat", (), self._places.span(children[0])))
            for child in children[1:]:
                self._steps(child, steps)


def _merged(pieces: list[Piece]) -> list[Piece]:
    """The pieces with text that was cut in the middle put together."""
    found: list[Piece] = []
    for piece in pieces:
        if found and piece.kind == found[-1].kind == "text":
            found[-1] = Piece("text", join(found[-1].at, piece.at), found[-1].text + piece.text)
        else:
            found.append(piece)
    return found


def _index(children: list[Any], kind: str) -> int:
    return next(place for place, child in enumerate(children) if not is_tree(child) and child.type == kind)
