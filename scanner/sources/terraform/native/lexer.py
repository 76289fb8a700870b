"""HCL text to tokens, by one pattern; strings and heredocs are one token each, read again by the template scanner.

Source: HCL native syntax specification, "Lexical Elements" and "Template Expressions".
"""

from __future__ import annotations

import re

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.sources.terraform.syntax import SyntaxFault
from scanner.sources.terraform.template import closing, string_end

_TOKEN = lazy(
    r"""[ \t]*(?:
      (?P<name>[^\W\d][\w-]*)
    | (?P<newline>\r?\n|(?:\#|//)[^\n]*(?:\n|\Z))
    | (?P<plain>"(?:[^"\\$%\r\n]++|\\[^\r\n]|[$%](?![{$%]))*")
    | (?P<number>[0-9]+(?:\.[0-9]+|[eE][+-]?[0-9]+)*)
    | (?P<comment>/\*[\s\S]*?\*/)
    | (?P<heredoc><<-?[^\W\d][\w-]*\r?\n)
    | (?P<sign>\.\.\.|=>|==|!=|<=|>=|&&|\|\||::|[{}()\[\]=.,:?*/%+\-<>!])
    | (?P<quote>")
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_LINE = lazy(r"\n|\$\$\{|%%\{|[$%]\{")


class Token(Struct, frozen=True, gc=False):
    """A token. kind: "name", "number", "string", "heredoc", "newline", "end", "fault", or the sign itself.

    Lines and columns count from 1, columns in characters; the end is exclusive in its column.
    """

    kind: str
    text: str
    line: int
    column: int
    end_line: int
    end_column: int

    def span(self, path: str) -> FileOrigin:
        """Where it stands in a file."""
        return FileOrigin(path, self.line, self.column, self.end_line, self.end_column)


_GROUPS = ("", "name", "newline", "plain", "number", "comment", "heredoc", "sign", "quote", "end")
"""The groups of the pattern, by their numbers."""
_NEWLINE, _END = _GROUPS.index("newline"), _GROUPS.index("end")
_SHORT = (None, "name", None, "string", "number", None, None, "", None, None)
"""The kinds of the tokens of the groups of one line; a sign is its own kind."""


class Lexer(Struct):
    """Reads one text; `line` and `column` are where it starts in the file."""

    text: str
    line: int = 1
    column: int = 1

    def tokens(self) -> list[Token]:
        """The tokens up to the end, or up to the first place that is no token: a "fault", whose text is the cause."""
        found: list[Token] = []
        text, line, place = self.text, self.line, 0
        # What makes a column of an offset in the text, in the current line.
        shift = self.column
        match, add = _TOKEN.match, found.append
        while hit := match(text, place):
            number = hit.lastindex or 0
            start, place = hit.span(number)
            kind = _SHORT[number]
            if kind is not None:
                word = hit[number]
                add(Token(kind or word, word, line, start + shift, line, place + shift))
            elif number == _NEWLINE:
                column = start + shift
                add(Token("newline", "", line, column, line, column))
                line, shift = line + 1, 1 - place
            elif number == _END:
                add(Token("end", "", line, start + shift, line, start + shift))
                return found
            else:
                place = self._long(found, _GROUPS[number], hit, (line, start + shift, 1 - shift))
                if not place:
                    return found
                if lines := text.count("\n", start, place):
                    line += lines
                    shift = -text.rfind("\n", start, place)
        blanks = len(text[place : place + 1000]) - len(text[place : place + 1000].lstrip(" \t"))
        column = place + shift + blanks
        add(Token("fault", "a character that cannot stand here", line, column, line, column))
        return found

    def _long(self, found: list[Token], group: str, hit: re.Match[str], at: tuple[int, int, int]) -> int:
        """Adds a comment, a string with templates or a heredoc; the offset behind it, 0 behind a fault."""
        start, place = hit.span(group)
        line, column, base = at
        try:
            place = self._end(group, start, place, line, column)
        except SyntaxFault as fault:
            found.append(Token("fault", fault.cause, line, column, fault.line, fault.column))
            return 0
        if group != "comment":
            raw = self.text[start:place]
            begin = start + raw.rfind("\n") + 1 if "\n" in raw else base
            kind = "string" if group == "quote" else group
            found.append(Token(kind, raw, line, column, line + raw.count("\n"), place - begin + 1))
        return place

    def _end(self, kind: str, start: int, place: int, line: int, column: int) -> int:
        """The offset behind a comment, a string with templates, or a heredoc. Raises SyntaxFault for an open end."""
        if kind == "comment":
            return place
        if kind == "quote":
            end = string_end(self.text, place)
            if not end:
                raise SyntaxFault(line, column, "a text that is opened here is not closed")
            return end
        return self._heredoc(start, place, line)

    def _heredoc(self, start: int, place: int, line: int) -> int:
        """The offset behind the marker that ends a heredoc: alone on its line but for blanks, and not the last line."""
        text = self.text
        marker = text[start:place].strip().lstrip("<").removeprefix("-")
        begin = place
        fresh = True  # Whether the line is text from its start: behind an interpolation no marker is looked for.
        while hit := _LINE.search(text, place):
            place = hit.end()
            if hit.group() == "\n":
                if fresh and text[begin:place].strip() == marker:
                    end = place - 1
                    return end - 1 if text[end - 1] == "\r" else end
                begin, fresh = place, True
            elif hit.group() in ("${", "%{"):
                place = closing(text, place) + 1
                fresh = False
                if not place:
                    break
        last = line + text.count("\n", start)
        raise SyntaxFault(last, 1, f"the heredoc that is opened in line {line} is not closed")
