"""Tokens to expressions, by recursive descent.

Source: HCL native syntax specification, "Expressions"; what it leaves open follows HCL's own parser.
"""

from __future__ import annotations

from scanner.patterns import lazy
from scanner.sources.terraform.hcl2_nodes import join, number
from scanner.sources.terraform.native.cursor import Cursor
from scanner.sources.terraform.native.lexer import Token
from scanner.sources.terraform.native.splats import splat_behind
from scanner.sources.terraform.native.strings import heredoc, quoted
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

MAX_NESTING = 250
"""How deep brackets and operators may nest."""

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_LEVELS = (("||",), ("&&",), ("==", "!="), (">", ">=", "<", "<="), ("+", "-"), ("*", "/", "%"))
_LEVEL = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}


_NUMBER = lazy(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class Expressions:
    """Reads expressions at a cursor; every method starts at the first token of what it reads and ends behind it."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._depth = 0

    def expression(self) -> Expression:
        """An expression. Raises SyntaxFault."""
        cursor = self._cursor
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise cursor.fault("nested too deeply to be read")
        condition = self._binary(0)
        if cursor.taken("?"):
            then = self.expression()
            cursor.expect(":", "a `:` and the other result are missing here")
            otherwise = self.expression()
            condition = Conditional(condition, then, otherwise, join(condition.at, otherwise.at))
        self._depth -= 1
        return condition

    def _binary(self, lowest: int) -> Expression:
        """Operators of the level `lowest` and of those that bind tighter; each takes its left side first."""
        cursor = self._cursor
        left = self._term()
        while True:
            sign = cursor.token.kind
            level = _LEVEL.get(sign, -1)
            if level < lowest:
                return left
            cursor.take()
            right = self._binary(level + 1)
            left = Binary(sign, left, right, join(left.at, right.at))

    def _term(self) -> Expression:
        """A term with the steps behind it, or a sign before one."""
        cursor = self._cursor
        token = cursor.token
        if token.kind in ("-", "!"):
            cursor.take()
            self._depth += 1
            if self._depth > MAX_NESTING:
                raise cursor.fault("nested too deeply to be read")
            operand = self._term()
            self._depth -= 1
            return Unary(token.kind, operand, join(cursor.span(token), operand.at))
        source = self._primary(token)
        if cursor.token.kind not in (".", "["):
            return source
        steps: list[Step] = []
        while self._step(steps):
            pass
        at = cursor.through(source.at)
        if isinstance(source, Traversal):
            return Traversal(source.root, regroup(steps), at)
        return Relative(source, regroup(steps), at)

    def _primary(self, token: Token) -> Expression:
        cursor = self._cursor
        kind = token.kind
        if kind == "name":
            return self._named(token)
        if kind == "string":
            cursor.take()
            return quoted(token, cursor.path, cursor.embedded)
        if kind == "number":
            cursor.take()
            at = cursor.span(token)
            if not _NUMBER.fullmatch(token.text):
                # An address without quotes, `10.0.0.1`, is one word that stands for nothing.
                raise SyntaxFault(at.line, at.column, "not valid HCL: a number with more than one point or exponent")
            return Literal(number(token.text, at), at)
        if kind == "[":
            return self._tuple()
        if kind == "{":
            return self._object()
        if kind == "(":
            cursor.take()
            with cursor.lines(False):
                inner = self.expression()
                last = cursor.expect(")", "a `)` is missing here", token)
            return Parens(inner, cursor.between(token, last))
        if kind == "heredoc":
            cursor.take()
            return heredoc(token, cursor.path, cursor.embedded)
        if token.kind == "fault":
            raise SyntaxFault(token.end_line, token.end_column, f"not valid HCL: {token.text}")
        raise cursor.fault("an expression is expected here")

    def _named(self, token: Token) -> Expression:
        cursor = self._cursor
        cursor.take()
        after = cursor.token.kind
        if after in ("(", "::"):
            return self._call(token)
        at = cursor.span(token)
        if token.text in _WORDS:
            return Literal(_WORDS[token.text], at)
        return Traversal(token.text, (), at)

    def _call(self, first: Token) -> Expression:
        cursor = self._cursor
        name = first.text
        while cursor.token.kind == "::":
            cursor.take()
            name += "::" + cursor.expect("name", "the name of a function is expected here").text
        opening = cursor.expect("(", "a `(` is missing here")
        arguments: list[Expression] = []
        expand = False
        with cursor.lines(False):
            while cursor.token.kind != ")":
                arguments.append(self.expression())
                after = cursor.token.kind
                if after == "...":
                    cursor.take()
                    expand = True
                    break
                if after != ")":
                    cursor.expect(",", "a `,` or a `)` is missing here", opening)
            last = cursor.expect(")", "a `)` is missing here", opening)
        return Call(name, tuple(arguments), expand, cursor.between(first, last))

    def _step(self, steps: list[Step]) -> bool:
        """One step behind a term, if there is one."""
        cursor = self._cursor
        opening = cursor.token
        if opening.kind == "[":
            cursor.take()
            with cursor.lines(False):
                if cursor.token.kind == "*":
                    cursor.take()
                    last = cursor.expect("]", "a `]` is missing here")
                    steps.append(SplatStep(True, (), cursor.between(opening, last)))
                    return True
                key = self.expression()
                last = cursor.expect("]", "a `]` is missing here")
            steps.append(IndexStep(Parens(key, key.at), cursor.between(opening, last)))
            return True
        if opening.kind != ".":
            return False
        cursor.take()
        token = cursor.take()
        at = cursor.between(opening, token)
        if token.kind == "name":
            steps.append(AttrStep(token.text, at))
        elif token.kind == "*":
            steps.append(splat_behind(steps, at))
        elif token.kind == "number":
            # `.0.1` reads as a dot and the number 0.1: two steps.
            parts = token.text.split(".")
            if len(parts) > 1 and not parts[1].isdigit():
                raise SyntaxFault(at.line, at.column, "not valid HCL: an index of digits alone is expected here")
            steps.extend(IndexStep(Literal(number(digits, at), at), at) for digits in parts)
        else:
            cursor.back(token)
            raise cursor.fault("a name is expected behind the dot")
        return True

    def _tuple(self) -> Expression:
        cursor = self._cursor
        opening = cursor.take()
        items: list[Expression] = []
        with cursor.lines(False):
            if cursor.at_word("for"):
                return self._for_tuple(opening)
            while cursor.token.kind != "]":
                items.append(self.expression())
                if cursor.token.kind != "]":
                    cursor.expect(",", "a `,` or a `]` is missing here", opening)
            last = cursor.take()
        return Tuple(tuple(items), cursor.between(opening, last))

    def _object(self) -> Expression:
        cursor = self._cursor
        opening = cursor.take()
        with cursor.lines(False):
            if cursor.at_word("for"):
                return self._for_object(opening)
        items: list[tuple[Expression, Expression]] = []
        with cursor.lines(True):
            while True:
                while cursor.token.kind == "newline":
                    cursor.take()
                if cursor.token.kind == "}":
                    break
                items.append(self._item(opening))
                if cursor.token.kind not in ("}", "newline"):
                    cursor.expect(",", "a `,`, a new line or a `}` is missing here", opening)
            last = cursor.take()
        return Object(tuple(items), cursor.between(opening, last))

    def _item(self, opening: Token) -> tuple[Expression, Expression]:
        """A key and its value; a bare name is text."""
        cursor = self._cursor
        token = cursor.token
        key = self.expression()
        if isinstance(key, Traversal) and not key.steps:
            key = Literal(key.root, key.at)
        elif token.kind == "name" and isinstance(key, Literal):
            key = Literal(token.text, key.at)
        if cursor.token.kind not in ("=", ":"):
            raise cursor.fault("a `=` is missing behind the key", opening)
        cursor.take()
        return key, self.expression()

    def _for_intro(self) -> tuple[str, str, Expression]:
        cursor = self._cursor
        cursor.take()
        key, value = "", cursor.expect("name", "a name is expected behind `for`").text
        if cursor.token.kind == ",":
            cursor.take()
            key, value = value, cursor.expect("name", "a name is expected here").text
        if not cursor.at_word("in"):
            raise cursor.fault("`in` is missing here")
        cursor.take()
        collection = self.expression()
        cursor.expect(":", "a `:` is missing here")
        return key, value, collection

    def _for_if(self) -> Expression | None:
        if not self._cursor.at_word("if"):
            return None
        self._cursor.take()
        return self.expression()

    def _for_tuple(self, opening: Token) -> Expression:
        key, value, collection = self._for_intro()
        result = self.expression()
        condition = self._for_if()
        last = self._cursor.expect("]", "a `]` is missing here")
        return ForTuple(key, value, collection, result, condition, self._cursor.between(opening, last))

    def _for_object(self, opening: Token) -> Expression:
        cursor = self._cursor
        key, value, collection = self._for_intro()
        name = self.expression()
        cursor.expect("=>", "a `=>` and a value are missing here")
        result = self.expression()
        if group := cursor.token.kind == "...":
            cursor.take()
        condition = self._for_if()
        last = cursor.expect("}", "a `}` is missing here")
        return ForObject(key, value, collection, name, result, group, condition, cursor.between(opening, last))


def whole(cursor: Cursor) -> Expression:
    """The one expression that a text is, line breaks ignored. Raises SyntaxFault."""
    with cursor.lines(False):
        found = Expressions(cursor).expression()
        if cursor.token.kind != "end":
            raise cursor.fault("one expression is expected here")
    return found
