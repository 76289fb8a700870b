"""The requests that are asked for in place of all: some that call a model, and one of which nothing is known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from scanner.builders.mesh.attributes import Request
from scanner.builders.mesh.decide import Selected
from scanner.builders.mesh.policies import Atom
from scanner.tables import model_facts

FREE = Request()
"""Any request: what it does not pass, none does."""
_LEAST = "model"
_MOST = 128


def inference(policies: Selected) -> tuple[Request, ...]:
    """Requests that ask a model for an answer, or manage its server, with the hosts and headers that policies name.

    A caller may set both as it likes; a token it need not have.
    """
    hosts, headers = {_LEAST: None}, [{}, dict(_headers(policies))]
    for atom in _atoms(policies):
        if atom.key == "request.host":
            hosts.update({one.replace("*", _LEAST): None for one in atom.values if isinstance(one, str)})
    found = (
        Request(path, "POST", host, sent, None)
        for sent, host, path in product(headers if headers[1] else headers[:1], list(hosts)[:4], _paths())
    )
    return tuple(one for one, _ in zip(found, range(_MOST), strict=False))


def _paths() -> list[str]:
    return [*dict.fromkeys(one.path.replace("*", _LEAST) for one in model_facts("path"))]


def _atoms(policies: Selected) -> Iterator[Atom]:
    for policy, _ in policies:
        for rule in policy.rules:
            for clause in (*rule.sources, *rule.operations, rule.conditions):
                yield from clause


def _headers(policies: Selected) -> Iterator[tuple[str, str]]:
    for atom in _atoms(policies):
        if atom.key.startswith("request.headers[") and atom.values and isinstance(atom.values[0], str):
            yield atom.key[len("request.headers[") : -1], atom.values[0].replace("*", _LEAST)
