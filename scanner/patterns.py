"""Regular expressions that are compiled when they are first used: of the hundreds that there are, a run uses few."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any, cast

_WILD = frozenset("*?[")
_METHODS = tuple(name for name in dir(re.Pattern) if not name.startswith("_"))


class _Compiled:
    """Has the methods of a pattern as its own: to look them up costs as much as in the pattern itself."""


class _Lazy(_Compiled):
    """Stands for a pattern until it is first used."""

    def __init__(self, regex: str, flags: int) -> None:
        self._told = regex, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = re.compile(*self._told)
        self.__dict__.update({name: getattr(made, name) for name in _METHODS})
        object.__setattr__(self, "__class__", _Compiled)
        return getattr(made, name)


def lazy(regex: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern that is compiled at its first use. A fault in it (`re.error`) is raised there.

    To be used for its methods and attributes: the functions of `re` take no such pattern.
    """
    return cast("re.Pattern[str]", _Lazy(regex, flags))


def fits(name: str, glob: str) -> bool:
    """As `fnmatchcase` has it; most globs are a plain name, or have one `*` before it, and need no expression."""
    if _WILD.isdisjoint(glob):
        return name == glob
    if glob[0] == "*" and _WILD.isdisjoint(glob[1:]):
        return name.endswith(glob[1:])
    return fnmatchcase(name, glob)
