"""Functions that encode and decode; an encoded structure with unknown parts keeps the structure as `document`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec.structs import replace

from scanner.patterns import lazy
from scanner.resource import Attrs, Encoded, Items
from scanner.sources.terraform.exact import parsed
from scanner.sources.terraform.functions.function import Function, pure, text
from scanner.sources.terraform.sizes import size
from scanner.sources.terraform.values import (
    MAX_TEXT,
    ListOf,
    Refused,
    TooLarge,
    is_list,
    is_map,
    is_number,
    merged,
    number_text,
    ordered,
    over_options,
    unknowns_of,
)
from scanner.unknown import Unknown, Value

# What keeps a text of several lines out of a block scalar: other white space than spaces, and spaces before a break.
_QUOTED = lazy("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U00010000-\U0010ffff]| (?:\n|\\Z)")
_CONTROL = lazy("\\\\\\\\|(\\\\u[0-9a-f]{4}|[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\U00010000-\U0010ffff])")
"""A pair of backslashes, which is left as it is, or (in the group) a character that YAML writes in its own way."""
_LONE = lazy("[\ud800-\udfff]")
"""Half a character, which Go reads as one that does not exist."""
_CHARSET = lazy(r"UTF-(?:8|16|16LE|16BE)|US-ASCII|ISO-8859-\d{1,2}|WINDOWS-125\d")
"""Encodings that Python and Terraform know by the same name, and as the same."""
_ESCAPED = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def json_text(value: Value) -> str:
    """A known value as JSON, to the letter as Terraform writes it. Raises TooLarge."""
    if size(value, MAX_TEXT // 2) > MAX_TEXT // 2:
        raise TooLarge("a text of more than a million characters")
    return _json(value)


def _json(value: Value) -> str:
    if is_map(value):
        return "{" + ",".join(f"{_json(key)}:{_json(item)}" for key, item in ordered(value)) + "}"
    if is_list(value):
        return "[" + ",".join(_json(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPED)
    if is_number(value):
        return number_text(value)
    return {None: "null", True: "true", False: "false"}[value]  # type: ignore[index]  # the rest of the kinds


def encoded(value: Value, encode: object = json_text) -> Value:
    """The text of a value, which keeps the value as its `document`, as does the Unknown of a partly known one."""
    unknown = unknowns_of(value)
    if isinstance(value, Unknown):
        spread = over_options(lambda one: encoded(one, encode), value)
        if spread is not None:
            return spread
    if unknown:
        return replace(merged(unknown), document=None if isinstance(value, Unknown) else value)
    return Encoded(encode(value), value)  # type: ignore[operator]


def _jsondecode(arguments: list[Value]) -> Value:
    return _decoded(arguments[0], json_value)


def json_value(source: str) -> Value:
    """The value of a JSON text. Raises Refused."""
    try:
        return _plain(json.loads(source, parse_constant=_no_constant, parse_float=_number))
    except (ValueError, RecursionError) as error:
        raise Refused("a text that is not JSON") from error


def _number(text: str) -> int | float:
    try:
        return parsed(text)
    except (ValueError, OverflowError) as error:
        raise TooLarge("a number with more than a thousand digits") from error


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _plain(value: Value) -> Value:
    """The value without marks: positions inside a decoded text are positions in no file."""
    if is_map(value):
        return Attrs((_LONE.sub("\ufffd", key), _plain(item)) for key, item in value.items())
    if is_list(value):
        return Items(_plain(item) for item in value)
    return _LONE.sub("\ufffd", value) if isinstance(value, str) else value


def _yamldecode(arguments: list[Value]) -> Value:
    return _decoded(arguments[0], yaml_value)


def yaml_value(source: str) -> Value:
    """The value of a YAML text. Raises TooLarge where it cannot be read."""
    from scanner.sources.terraform.functions.yaml_scalars import terraform_scalar, terraform_tagged
    from scanner.yamltext import Scalars, TextError, load_one

    try:
        return _plain(load_one(source, "", Scalars(terraform_scalar, terraform_tagged)).value)
    except TextError as error:
        # This reader is stricter than Terraform's (a key that stands twice), so it cannot say that Terraform fails.
        raise TooLarge("a text that is not read as one YAML document") from error


def _decoded(source: Value, decode: object) -> Value:
    if isinstance(source, Unknown):
        if source.document is not None:
            return source.document
        spread = over_options(lambda one: _decoded(one, decode), source)
        return merged([source]) if spread is None else spread
    return decode(text(source))  # type: ignore[operator, no-any-return]


def _yaml_text(value: Value) -> str:
    """A known value as YAML, as Terraform writes it: every string and key in double quotes."""
    lines = _yaml_lines(value)
    if isinstance(value, str):
        lines[1:] = ["  " + line if line else "" for line in lines[1:]]
    elif value is None or isinstance(value, (bool, int, float)):
        # A plain scalar that is a document of its own is closed by the mark of its end.
        lines.append("...")
    return "\n".join(lines) + "\n"


def _yaml_lines(value: Value) -> list[str]:
    if is_map(value) and value:
        return [line for key, item in ordered(value) for line in _yaml_entry(_json(key) + ":", item, "  ", is_list)]
    if is_list(value) and value:
        return [line for item in value for line in _yaml_entry("-", item, "  ", None)]
    if isinstance(value, str) and "\n" in value and not _QUOTED.search(value):
        return _block_scalar(value)
    return [_yaml_quoted(value) if isinstance(value, str) else _json(value)]


def _yaml_quoted(value: str) -> str:
    """A string in double quotes, with the escapes of YAML where JSON has its own or none."""
    return _CONTROL.sub(
        lambda found: _yaml_escape(found[1]) if found[1] else found[0], json.dumps(value, ensure_ascii=False)
    )


def _yaml_escape(written: str) -> str:
    code = int(written[2:], 16) if written[0] == "\\" else ord(written)
    short = {0: "0", 7: "a", 11: "v", 27: "e", 0x85: "N", 0x2028: "L", 0x2029: "P"}.get(code)
    if short is not None:
        return "\\" + short
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _yaml_entry(lead: str, item: Value, indent: str, flat: object) -> list[str]:
    lines = _yaml_lines(item)
    nested = (is_map(item) or is_list(item)) and len(item) > 0
    if not nested:
        return [f"{lead} {lines[0]}", *(indent + line if line else "" for line in lines[1:])]
    if flat is not None:
        shift = "" if is_list(item) else indent
        return [lead, *(shift + line for line in lines)]
    return [f"{lead} {lines[0]}", *(indent + line for line in lines[1:])]


def _block_scalar(value: str) -> list[str]:
    shift = "2" if value[0] in " \n" else ""
    sign = "" if value.endswith("\n") and not value.endswith("\n\n") else ("+" if value.endswith("\n") else "-")
    return [f"|{shift}{sign}", *value.removesuffix("\n").split("\n")]


def _base64encode(arguments: list[Value]) -> Value:
    from base64 import b64encode

    if isinstance(arguments[0], Unknown):
        return _enveloped(arguments[0])
    return b64encode(text(arguments[0]).encode()).decode()


def _enveloped(inner: Unknown) -> Unknown:
    """An encoding of a text that is not known; what is known of the text stays visible."""
    return replace(merged([inner]), document=inner if inner.document is None else inner.document)


def _base64decode(arguments: list[Value]) -> Value:
    from base64 import b64decode

    if isinstance(arguments[0], Unknown):
        return arguments[0].document if isinstance(arguments[0].document, Unknown) else merged([arguments[0]])
    try:
        return b64decode(text(arguments[0]).translate({10: None, 13: None}), validate=True).decode()
    except (ValueError, UnicodeDecodeError) as error:
        raise Refused("a text that is not base64 of UTF-8") from error


def _base64gzip(arguments: list[Value]) -> Value:
    if isinstance(arguments[0], Unknown):
        return _enveloped(arguments[0])
    # Go's compressor makes other bytes than Python's from the same text.
    return Unknown("`base64gzip` is not evaluated", document=Unknown("a compressed text", pieces=(text(arguments[0]),)))


def _urlencode(arguments: list[Value]) -> Value:
    from urllib.parse import quote_plus

    return quote_plus(text(arguments[0]), safe="")


def _base64gunzip(arguments: list[Value]) -> Value:
    """The text in a compressed one (OpenTofu); one that grows beyond the budget is left unknown."""
    import zlib
    from base64 import b64decode

    try:
        reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
        plain = reader.decompress(b64decode(text(arguments[0]), validate=True), MAX_TEXT)
        if not reader.eof:
            raise TooLarge("a compressed text that is too long, or not whole")
        return plain.decode("utf-8")
    except (zlib.error, ValueError) as error:
        raise Refused("a text that is not compressed with gzip, in base64") from error


def _urldecode(arguments: list[Value]) -> Value:
    from urllib.parse import unquote_plus

    return unquote_plus(text(arguments[0]))


def _csvdecode(arguments: list[Value]) -> Value:
    import csv
    from io import StringIO

    try:
        reader = csv.DictReader(StringIO(text(arguments[0]), newline=""), strict=True)
        rows = list(reader)
    except csv.Error as error:
        raise Refused("a text that is not CSV") from error
    if not reader.fieldnames or len(set(reader.fieldnames)) < len(reader.fieldnames):
        raise Refused("a table without a header, or with a column that stands twice")
    if any(None in row or None in row.values() for row in rows):
        raise Refused("a row with another number of columns than the header")
    return ListOf(Attrs(row) for row in rows)


def _texts(arguments: list[Value], decode: bool) -> Value:
    import codecs
    from base64 import b64decode, b64encode

    source, charset = text(arguments[0]), text(arguments[1]).upper()
    if not _CHARSET.fullmatch(charset) or (decode and charset == "UTF-16"):
        raise TooLarge("an encoding that is not evaluated")
    try:
        if charset == "UTF-16":
            # With the mark of its order, the larger byte first.
            return b64encode(codecs.BOM_UTF16_BE + source.encode("UTF-16BE")).decode()
        return b64decode(source).decode(charset) if decode else b64encode(source.encode(charset)).decode()
    except (LookupError, ValueError) as error:
        raise TooLarge("an encoding that is not evaluated") from error


TABLE: Mapping[str, Function] = {
    "jsonencode": pure(lambda a: encoded(a[0]), 1, policy="raw"),
    "jsondecode": pure(_jsondecode, 1, policy="raw"),
    "yamlencode": pure(lambda a: encoded(a[0], _yaml_text), 1, policy="raw"),
    "yamldecode": pure(_yamldecode, 1, policy="raw"),
    "base64encode": pure(_base64encode, 1, policy="raw"),
    "base64decode": pure(_base64decode, 1, policy="raw"),
    "base64gzip": pure(_base64gzip, 1, policy="raw"),
    "urlencode": pure(_urlencode, 1),
    "base64gunzip": pure(_base64gunzip, 1),
    "urldecode": pure(_urldecode, 1),
    "csvdecode": pure(_csvdecode, 1),
    "textencodebase64": pure(lambda a: _texts(a, False), 2),
    "textdecodebase64": pure(lambda a: _texts(a, True), 2),
}
