"""Which objects a patch or a replacement is for: names and kinds by pattern, labels and annotations by selector.

The patterns are regular expressions of a scanned tree. Only what cannot take long is matched; any other is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, dig
from scanner.sources.kubernetes.kustomize.objects import CannotRender, Obj, at, text
from scanner.unknown import Value

_KEYS = frozenset(
    ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector", "apiVersion"]
)
_SAFE = lazy(r"\^?(?:[A-Za-z0-9_:/-]|\\[.\-]|\.[*+]?|\[[A-Za-z0-9_.-]+\]|\||[()])*\$?\Z")
_GREEDY = lazy(r"\.[*+]")
_MAX_TEXT = 512
_ASKS = lazy(r"\s*([^=!,()\s]+)\s*(?:(==?|!=)\s*([^=!,()\s]*)|\s(in|notin)\s*\(([^()]*)\))?\s*\Z")


def pattern(found: str, where: FileOrigin) -> Callable[[str], bool]:
    """A matcher for the whole of a text. Raises CannotRender for an expression that is not plainly harmless."""
    if found == "":
        return lambda _: True
    calm = len(found) <= _MAX_TEXT and found.count("(") <= 3 and len(_GREEDY.findall(found[:_MAX_TEXT])) <= 2
    if not calm or not _SAFE.match(found) or re.search(r"\)[*+?{]", found):
        raise CannotRender(where, f"the pattern `{found}` is not understood")
    try:
        compiled = re.compile(f"(?:{found})\\Z", re.ASCII)
    except re.error as error:
        raise CannotRender(where, f"`{found}` is no regular expression") from error
    return lambda name: len(name) <= _MAX_TEXT and compiled.match(name) is not None


def selected(objects: Sequence[Obj], target: Attrs, where: FileOrigin) -> list[Obj]:
    """The objects that a `target` or a `select` is for, by the first and the present name and namespace."""
    for key in target:
        if key not in _KEYS:
            raise CannotRender(at(target, key, otherwise=where), f"`{key}` in a target is not understood")
    name, namespace, group, version, kind = (
        pattern(text(target.get(key)), at(target, key, otherwise=where))
        for key in ("name", "namespace", "group", "version", "kind")
    )
    labels = label_selector(text(target.get("labelSelector")), at(target, "labelSelector", otherwise=where))
    notes = label_selector(text(target.get("annotationSelector")), at(target, "annotationSelector", otherwise=where))
    return [
        one
        for one in objects
        if (namespace(one.first.place) or namespace(one.id.place))
        and (name(one.first.name) or name(one.id.name))
        and group(one.id.group) and version(one.id.version) and kind(one.id.kind)
        and labels(dig(one.value, "metadata", "labels")) and notes(dig(one.value, "metadata", "annotations"))
    ]  # fmt: skip


def label_selector(asked: str, where: FileOrigin) -> Callable[[Value], bool]:
    """A label selector in its written form. Raises CannotRender for one that is not understood."""
    if len(asked) > _MAX_TEXT:
        raise CannotRender(where, "a selector is too long")
    tests = [_ask(one, where) for one in _split(asked)]
    return lambda labels: all(test(labels if isinstance(labels, Mapping) else {}) for test in tests)


def _split(asked: str) -> Iterator[str]:
    """The requirements of a selector: commas inside parentheses part nothing."""
    depth, start = 0, 0
    for index, sign in enumerate(asked):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            yield asked[start:index]
            start = index + 1
    if asked.strip():
        yield asked[start:]


def _ask(one: str, where: FileOrigin) -> Callable[[Mapping[str, Value]], bool]:
    if one.strip().startswith("!"):
        absent = one.strip()[1:].strip()
        return lambda labels: absent not in labels
    found = _ASKS.match(one)
    if found is None:
        raise CannotRender(where, f"the selector `{one.strip()}` is not understood")
    key, sign, value, word, listed = found.groups()
    if word is not None:
        values = {part.strip() for part in listed.split(",")}
        return lambda labels: (key in labels and text(labels[key]) in values) == (word == "in")
    if sign is None:
        return lambda labels: key in labels
    if sign == "!=":
        return lambda labels: key not in labels or text(labels[key]) != value
    return lambda labels: key in labels and text(labels[key]) == value
