"""Functions that read files: never out of the run's root, symbolic links followed, and never more than 10 MB."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.resource import Attrs
from scanner.sources.terraform.budget import Budget
from scanner.sources.terraform.charge import CHARACTERS, PARSED, charge
from scanner.sources.terraform.files import Files, Unreadable
from scanner.sources.terraform.functions.function import Function, mapping, pure, text
from scanner.sources.terraform.functions.hashes import digest
from scanner.sources.terraform.identity import set_of
from scanner.sources.terraform.scope import Env, Scope
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.syntax import Expression, Step, SyntaxFault, Traversal
from scanner.sources.terraform.values import MAX_TEXT, Refused, TooLarge, invalid
from scanner.unknown import Unknown, Value

MAX_TEMPLATES = 8
"""Templates inside each other, by `templatefile`: each may take in several."""
DIRECTORY = 100
"""Steps that a walk over a directory takes at least."""
MAX_WALKED = 20_000
OUTSIDE = "a file outside of what is scanned"


def _path(value: Value, env: Env) -> Path:
    source = text(value)
    if "\0" in source:
        raise Refused("a path that is not valid")
    return env.scope.working_directory / source


def _read(value: Value, env: Env) -> bytes:
    """The bytes of a file. Raises Refused where there is none, TooLarge where it is not read."""
    try:
        data = env.scope.files.read(_path(value, env))
        charge(env.scope.budget, len(data) // CHARACTERS)
        return data
    except Unreadable as error:
        if error.outside or text(value).startswith("~"):
            raise TooLarge(OUTSIDE) from error
        if error.cause == "there is no such file":
            raise Refused("there is no such file") from error
        raise TooLarge(f"a file is not read: {error.cause}") from error


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Refused("a file that is not UTF-8 text") from error


def _file(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    data = _read(arguments[0], env)
    if len(data) > MAX_TEXT * 10:
        raise TooLarge("a file that is too large")
    return _utf8(data)


def _filebase64(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    from base64 import b64encode

    return b64encode(_read(arguments[0], env)).decode()


def _exists(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    path = _path(arguments[0], env)
    if not env.scope.files.inside(path) or text(arguments[0]).startswith("~"):
        raise TooLarge(OUTSIDE)
    return path.is_file()


def _hashed(name: str, base64: bool = False) -> Function:
    def run(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
        return digest(_read(arguments[0], env), name, base64)

    return Function(run, 1, 1)


class _TemplateScope(Struct, frozen=True):
    """A template sees its variables alone; resources among them can still be followed."""

    outer: Scope

    @property
    def budget(self) -> Budget:
        return self.outer.budget

    @property
    def files(self) -> Files:
        return self.outer.files

    @property
    def named(self) -> Mapping[str, Mapping[str, Value]]:
        return {}

    @property
    def working_directory(self) -> Path:
        return self.outer.working_directory

    def lookup(self, traversal: Traversal, env: Env) -> tuple[Value, tuple[Step, ...]]:
        return invalid(f"the template has no variable `{traversal.root}`", traversal.at), ()

    def inputs_key(self, names: tuple[str, ...]) -> Hashable | None:
        return None

    def follow(self, whole: Unknown, name: str) -> Value:
        return self.outer.follow(whole, name)

    def place(self, expression: Expression) -> FileOrigin:
        return expression.at


def _templatefile(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    source = _utf8(_read(arguments[0], env))
    name = env.scope.files.relative(_path(arguments[0], env))
    return filled_template(source, name, arguments[1], env, evaluate)


def _templatestring(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    filled = filled_template(text(arguments[0]), "template", arguments[1], env, evaluate)
    return filled if isinstance(filled, Unknown) else text(filled)


def filled_template(source: str, name: str, variables: Value, env: Env, evaluate: Evaluate) -> Value:
    """The text of a template, which sees the given variables alone. Raises Refused, TooLarge."""
    from scanner.sources.terraform.native.read import parse_template

    if _nested(env.scope) >= MAX_TEMPLATES:
        raise TooLarge(f"more than {MAX_TEMPLATES} templates inside each other")
    charge(env.scope.budget, len(source) // PARSED)
    try:
        template = parse_template(source, name)
    except (SyntaxFault, RecursionError) as error:
        raise Refused("a template that cannot be read") from error
    return evaluate(template, Env(_TemplateScope(env.scope), Attrs(mapping(variables))))


def _nested(scope: object) -> int:
    """How many templates a scope stands in."""
    depth = 0
    while isinstance(scope, _TemplateScope):
        depth, scope = depth + 1, scope.outer
    return depth


def _fileset(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    base = _path(arguments[0], env)
    files = env.scope.files
    if not files.inside(base):
        raise TooLarge(OUTSIDE)
    pattern = re.compile(_glob(text(arguments[1])))
    found: list[Value] = []
    walked = 0
    charge(env.scope.budget, DIRECTORY)
    for directory, folders, names in os.walk(base, followlinks=False):
        folders.sort()
        for name in names:
            walked += 1
            charge(env.scope.budget, 1)
            if walked > MAX_WALKED:
                raise TooLarge("a directory with too many files")
            path = Path(directory, name)
            relative = path.relative_to(base).as_posix()
            if pattern.fullmatch(relative) and files.inside(path):
                found.append(relative)
    return set_of(found)


def _glob(pattern: str) -> str:
    """A pattern with `*`, `**`, `?`, `[abc]` and `{a,b}` as a regular expression; wildcards cannot explode."""
    if len(pattern) > 500 or pattern.count("*") > 8:
        raise TooLarge("a file pattern with too many wildcards")
    token = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|[{},]|\\.|.", re.DOTALL)
    result, depth = [], 0
    for part in token.findall(pattern):
        match part:
            case "**/":
                result.append("(?:[^/]+/)*")
            case "**":
                result.append(".*")
            case "*":
                result.append("[^/]*")
            case "?":
                result.append("[^/]")
            case "{":
                depth += 1
                result.append("(?:")
            case "}" if depth:
                depth -= 1
                result.append(")")
            case "," if depth:
                result.append("|")
            case _ if part.startswith("[") and len(part) > 1:
                result.append(part.replace("\\", "").replace("[!", "[^"))
            case _:
                result.append(re.escape(part.removeprefix("\\") or part))
    if depth:
        raise Refused("a file pattern that is not valid")
    return "".join(result)


def _paths(change: Callable[[str], str]) -> Function:
    return pure(lambda arguments: change(text(arguments[0])), 1)


def _dirname(path: str) -> str:
    return os.path.normpath(os.path.dirname(path)) if os.path.dirname(path) else "."


def _pathexpand(arguments: list[Value]) -> Value:
    path = text(arguments[0])
    return Unknown("the home directory differs from machine to machine") if path.startswith("~") else path


def _abspath(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    return os.path.abspath(_path(arguments[0], env))


TABLE: Mapping[str, Function] = {
    "file": Function(_file, 1, 1),
    "filebase64": Function(_filebase64, 1, 1),
    "fileexists": Function(_exists, 1, 1),
    "fileset": Function(_fileset, 2, 2),
    "filemd5": _hashed("md5"),
    "filesha1": _hashed("sha1"),
    "filesha256": _hashed("sha256"),
    "filesha512": _hashed("sha512"),
    "filebase64sha256": _hashed("sha256", base64=True),
    "filebase64sha512": _hashed("sha512", base64=True),
    "templatefile": Function(_templatefile, 2, 2, "shallow"),
    "templatestring": Function(_templatestring, 2, 2, "shallow"),
    "basename": _paths(lambda path: os.path.basename(path.rstrip("/")) or ("/" if path.startswith("/") else ".")),
    "dirname": _paths(_dirname),
    "pathexpand": pure(_pathexpand, 1),
    "abspath": Function(_abspath, 1, 1),
}
