"""The syntax of the files of one run: each text is parsed once, and kept for later runs where there is a cache."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.sources.terraform.budget import deep_recursion
from scanner.sources.terraform.cache import SyntaxCache
from scanner.sources.terraform.read_json import parse_json
from scanner.sources.terraform.readers import parse_file
from scanner.sources.terraform.syntax import Body, SyntaxFault

Syntax = tuple[Body, tuple[SyntaxFault, ...]]


class Parsed:
    """A module that is called often is asked for often, and the roots are found before they are read.

    cross_check: every text is read by both readers, and nothing is taken from the cache.
    """

    def __init__(self, cross_check: bool = False, cache: SyntaxCache | None = None) -> None:
        self._cross_check = cross_check
        self._cache = None if cross_check else cache
        self._found: dict[tuple[str, str], Syntax] = {}
        # What a file says, and its sha256: the roots are found in the same text that they are read from.
        self.texts: dict[Path, tuple[str, str]] = {}
        self._real: dict[str, str] = {}

    def real(self, folder: str) -> str:
        """A folder, its symbolic links followed, as it was when it was first asked for."""
        found = self._real.get(folder)
        if found is None:
            found = self._real[folder] = os.path.realpath(folder)
        return found

    def of(self, text: str, name: str) -> Syntax:
        """The syntax of a file's text, and where it is not valid. A file that nests too deeply is a fault."""
        key = (name, text)
        if key not in self._found:
            self._found[key] = self._read(text, name)
        return self._found[key]

    def _read(self, text: str, name: str) -> Syntax:
        # Files of values are small, and where secrets stand: no copy is made of them.
        if self._cache is None or name.endswith((".json", ".tfvars")):
            return _syntax(text, name, self._cross_check)
        kept = self._cache.get(text, name)
        if kept is not None:
            return kept, ()
        body, faults = _syntax(text, name, False)
        if body.complete and not faults:
            self._cache.put(text, name, body)
        return body, faults


def _syntax(text: str, name: str, cross_check: bool) -> Syntax:
    nothing = Body({}, (), complete=False)
    try:
        if name.endswith(".json"):
            return parse_json(text, name, name.endswith(".tfvars.json")), ()
        with deep_recursion():
            body, faults = parse_file(text, name, cross_check)
    except SyntaxFault as fault:
        return nothing, (fault,)
    except RecursionError:
        return nothing, (SyntaxFault(1, 1, "nested too deeply to be read"),)
    if not faults:
        return body, ()
    # A file of values says what it says as a whole.
    kept = () if name.endswith(".tfvars") else body.blocks
    return Body({}, kept, complete=False), tuple(faults)
