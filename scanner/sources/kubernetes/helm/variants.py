"""Two renderings that differ wherever a chart asks for chance, the time, what the cluster serves, or an upgrade.

Helm's functions cannot be replaced, but their names in the templates can: a call of one that answers differently each
time becomes a call that answers `q...` in the one variant and `z...` in the other. What the two renderings have in
common is then certain, whatever day it is, and what differs is not known. Lines stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scanner.patterns import lazy

_COMMENT = lazy(r"\{\{-?\s{0,8}/\*")
_PART = lazy(r"\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|\}\}", re.DOTALL)
_TEXT = lazy(r"\"(?:\\.|[^\"\\\n])*\"|`[^`]*`", re.DOTALL)
_NAME = lazy(
    r"(?<![\w.$])(?:randAlphaNum|randAlpha|randAscii|randNumeric|randBytes|randInt|uuidv4|now|htpasswd|bcrypt"
    r"|encryptAES|genPrivateKey|genCA|genCAWithKey|genSelfSignedCert|genSelfSignedCertWithKey|genSignedCert"
    r"|genSignedCertWithKey|shuffle)(?![\w.])"
)
_SERVES = lazy(r"(?<![\w])\$?(?:\.\w+)*\.Capabilities\.APIVersions\.Has(?![\w])")
_RELEASE = lazy(r"(?<![\w])\$?(?:\.\w+)*\.Release\.(IsInstall|IsUpgrade|Revision)(?![\w])")
_RELEASED = {
    "IsInstall": ("(eq `a` `a`)", "(eq `a` `b`)"),
    "IsUpgrade": ("(eq `a` `b`)", "(eq `a` `a`)"),
    "Revision": ("(int `1`)", "(int `2`)"),
}
"""A release is installed, and then upgraded: what is made on one of the two alone is not certain."""
_UNORDERED = lazy(r"(?<![\w.$])(?:keys|values)(?![\w.])")

_DAYS = ("2001-02-03", "2013-11-27")
_FORMS = {
    "randNumeric": ("printf `1%v1`", "printf `2%v2`"),
    "randInt": ("min", "max"),
    "uuidv4": ("print `q0000000-0000-4000-8000-000000000000`", "print `z1111111-1111-4111-8111-111111111111`"),
    "now": tuple(f"(toDate `2006-01-02` `{day}`)" for day in _DAYS),
    "shuffle": ("print", "printf `z%vz`"),
}


def variants(files: Mapping[str, bytes]) -> list[dict[str, bytes]]:
    """The files in as many variants as it takes: one where nothing is left to chance."""
    rewritten = [{name: _file(name, content, index) for name, content in files.items()} for index in (0, 1)]
    unordered = any(_matches(_UNORDERED, name, content) for name, content in files.items())
    if rewritten[0] == rewritten[1] and not unordered:
        return [dict(files)]
    # The order of keys is drawn anew at each rendering: asked eight times, it is nearly certain to be seen.
    return rewritten * 4 if unordered else rewritten


def _templated(name: str) -> bool:
    return "templates/" in f"/{name}" or name.endswith(("values.yaml", ".tpl"))


def _matches(pattern: re.Pattern[str], name: str, content: bytes) -> bool:
    if not _templated(name):
        return False
    text = content.decode("utf-8", "replace")
    return any(pattern.search(_TEXT.sub("", text[start:end])) for start, end in _actions(text))


def _actions(text: str) -> Iterator[tuple[int, int]]:
    """Where each action of a template is, comments left out; nothing behind one that never ends."""
    end = 0
    while (start := text.find("{{", end)) >= 0:
        if _COMMENT.match(text, start):
            end = text.find("*/", start)
            if end < 0:
                return
            continue
        here = start + 2
        while (part := _PART.search(text, here)) is not None and part.group() != "}}":
            here = part.end()
        if part is None:
            return
        end = part.end()
        yield start, end


def _file(name: str, content: bytes, index: int) -> bytes:
    """A template with the names of such functions replaced; any other file as it is."""
    if not _templated(name):
        return content
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    made, last = [], 0
    for start, end in _actions(text):
        made += [text[last:start], _action(text[start:end], index)]
        last = end
    return "".join([*made, text[last:]]).encode()


def _action(action: str, index: int) -> str:
    made, last = [], 0
    for quoted in _TEXT.finditer(action):
        made += [_code(action[last : quoted.start()], index), quoted.group()]
        last = quoted.end()
    return "".join([*made, _code(action[last:], index)])


def _code(code: str, index: int) -> str:
    code = _SERVES.sub(("eq ``", "ne ``")[index], code)
    code = _RELEASE.sub(lambda found: _RELEASED[found[1]][index], code)
    return _NAME.sub(lambda found: _form(found.group(), index), code)


def _form(name: str, index: int) -> str:
    if name in _FORMS:
        return _FORMS[name][index]
    sign = "qz"[index]
    if name.startswith("gen") and name != "genPrivateKey":
        return f"dict `Cert` `{sign}` `Key` `{sign}`"
    return f"printf `{sign}{'%v' * (1 + (name in ('htpasswd', 'encryptAES')))}{sign}`"
