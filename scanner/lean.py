"""What of AWS need not be asked: calls that tell more of a thing to which nothing leads. One answer for all that ask.

Whoever collects asks it before a call is left out, and whoever reads a bundle asks it again, of its own profile and of
all that it reads: what was left out, and would count now, is unread. A thing counts unless it is proven not to:

- It has no role, no fact and no edge but the one to where it stands, in the graph of all that was read; of a function
  and a user what they lead to is looked at in place of the edges, of a snapshot what it was made from.
- Neither the profile nor, of a bucket, a key or a repository, anything but policies of identities speaks of it, by its
  name or by a pattern; nor does a file or a cluster, of whatever it is.
- What its answer would add to the graph then hangs on it alone: edges out of it to whom it lets in or is copied to, or
  into it from who may call it. A way needs both.
- Some of what may be added counts without such a thing: the rest of this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from msgspec import Struct

from scanner.builders.admitted_accounts import KINDS as ADMITTED
from scanner.builders.blocks import strings
from scanner.builders.unmodelled import CORE
from scanner.graph.facts import Fact, Placement
from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Plane, Role
from scanner.patterns import lazy
from scanner.profile import Profile
from scanner.resource import Reading, Resource
from scanner.sources.aws.operations import ACCOUNT, operations
from scanner.sources.bundle.call import Key
from scanner.unknown import refs_in

RECORDED = ("bundle", "live")
REPLICATION, FILTERS = "s3:GetBucketReplication", "logs:DescribeSubscriptionFilters"
STREAMS = frozenset({"aws_kinesis_stream", "aws_kinesis_firehose_delivery_stream"})
"""What a subscription of a log group can lead to, beside functions that let CloudWatch Logs in (its User Guide)."""
SPOKEN_OF = {"aws_s3_bucket": "aws_s3_", "aws_kms_key": "aws_kms_", "aws_ecr_repository": "aws_ecr_"}
"""Kinds of which it counts that anything speaks of one, and what the kinds begin with that are only about them."""
POLICIES = ("aws_iam_", "aws_organizations_", "aws_ssoadmin_")
"""What the kinds begin with that say what identities may do: to whatever else, with no say in what that is."""
SEALED = ("aws_ebs_", "aws_ami")
"""Further kinds that name keys by which nobody goes: a volume is no store, and who copies a snapshot is asked of it."""
THEMSELVES = frozenset({"aws_s3_directory_bucket"})
"""Kinds that speak of nothing but themselves."""
AHEAD = frozenset({"aws_lambda_function", "aws_iam_user"})
HELD = frozenset({Plane.SUPPLY, Plane.CONTROL})
BEHIND = frozenset({"aws_ebs_snapshot"})
NAMED_BY_ACCOUNT = frozenset(
    {"aws_lambda_function", "aws_cloudwatch_log_group", "aws_ecr_repository", "aws_iam_user"}
)  # fmt: skip
"""Kinds of which two accounts may have one of the same name: the others are called as nothing else in a partition."""
WORD = lazy(r"[A-Za-z0-9._-]+")
PATTERN = lazy(r"[A-Za-z0-9._*?-]*[*?][A-Za-z0-9._*?-]*")
LEAST = 3
"""Letters that a pattern has at the least, to speak of anything."""


def may_leave(profile: Profile, rules: Sequence[object]) -> bool:
    """Whether anything may be left out at all: not where rules of the user's own may look at whatever there is.

    Whom a policy lets in counts wherever it stands once the agreement excludes an account or an organisation.
    """
    excluded = any(entry.partition(":")[0] in ADMITTED for entry in profile.tenants_excluded)
    return not (rules or profile.contracts or excluded)


def led_to(graphs: Sequence[Graph], reading: Reading, profile: Profile) -> frozenset[Key]:
    """The calls among `reading.left` whose answers may count, by what is known; graphs: of each view that is judged."""
    about = _Subjects.of(reading)
    names = {name for one in about.found.values() if one is not None for name in _names(one)}
    spoken = _spoken(reading.resources, names, about.found.values())
    said = _said(profile, names)
    takes_logs = any(map(_lets_logs_in, reading.resources)) or any(
        one.kind in STREAMS and one.roles & CORE for graph in graphs for one in graph.nodes.values()
    )
    # Where a copy goes counts by itself where the profile says in which places anything may be, or no store is known.
    stores = all(graph.with_role(Role.STORE) for graph in graphs) or profile.has("models.stores")
    copies = bool(profile.places) or not stores
    known: dict[str, bool] = {}
    found = set()
    for call in reading.left:
        one = about.found[call.key]
        there = [graph for graph in graphs if one is not None and one.id in graph.nodes]
        if one is None or not there:
            found.add(call.key)
            continue
        if one.id not in known:
            own = _names(one)
            known[one.id] = bool(own & (spoken[one.kind] | said)) or _matches(profile, one)
            known[one.id] = known[one.id] or any(_counts(graph, one) for graph in there)
        more = (call.operation == FILTERS and takes_logs) or (call.operation == REPLICATION and copies)
        if known[one.id] or more:
            found.add(call.key)
    return frozenset(found)


def _lets_logs_in(one: Resource) -> bool:
    """Whether a policy of a function, of which those that count are known, lets CloudWatch Logs call it, or may."""
    who = one.attrs.get("principal") if one.kind == "aws_lambda_permission" else ""
    return not isinstance(who, str) or "logs" in who or "*" in who


class _Subjects(Struct):
    """By call, the thing that it would have told more of; None where that is not to be found."""

    found: dict[Key, Resource | None]

    @classmethod
    def of(cls, reading: Reading) -> _Subjects:
        """Those of all that was left out."""
        rows = operations()
        wanted = {(row.about, row.called) for row in rows.values() if row.about}
        index: dict[tuple[str, str, str], list[Resource]] = {}
        for one in reading.resources:
            for kind, key in wanted:
                value = one.attrs.get(key) if one.kind == kind and one.source in RECORDED else None
                if isinstance(value, str):
                    index.setdefault((kind, value, _account(one) if kind in NAMED_BY_ACCOUNT else ""), []).append(one)
        made: dict[Key, Resource | None] = {}
        for call in reading.left:
            scope = dict(call.scope)
            told = [value for value in call.parameters.values() if isinstance(value, str)]
            row = rows[call.operation]
            some = [
                one
                for name in told
                for one in index.get((row.about, name, scope["account"] if row.about in NAMED_BY_ACCOUNT else ""), ())
                if scope["region"] in (ACCOUNT, _region(one))
            ]
            made[call.key] = some[0] if len(some) == 1 else None
        return cls(made)


def _account(one: Resource) -> str:
    return "" if one.provider is None else one.provider.address.partition("/")[0].rpartition(".")[2]


def _region(one: Resource) -> str:
    return "" if one.provider is None else one.provider.address.partition("/")[2]


def _names(one: Resource) -> frozenset[str]:
    """What a thing is called, each as one word: the last piece of what has several."""
    every = [one.attrs.get(key) for key in ("arn", "id", "name", "bucket", "key_id", "function_name")]
    words = [WORD.findall(value) for value in every if isinstance(value, str) and value]
    return frozenset(found[-1] for found in words if found)


def _said(profile: Profile, names: Iterable[str]) -> frozenset[str]:
    """The names that the profile has in any text."""
    wanted = set(names)
    return frozenset(word for text in _texts(msgspec.to_builtins(profile)) for word in _words(text) if word in wanted)


def _matches(profile: Profile, one: Resource) -> bool:
    """Whether a pattern of the profile is one of the thing, wherever it stands in the file."""
    called = (one.address, f"{one.unit}:{one.address}", *_names(one))
    patterns = {text for text in _texts(msgspec.to_builtins(profile)) if "*" in text}
    tests = [re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL) for text in patterns]
    return any(test.fullmatch(name) for test in tests for name in called)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key not in ("origin", "origins", "path", "sha256"):
                yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _words(text: str) -> Iterator[str]:
    """The words of a text, and the bucket in front of the host of one."""
    for word in WORD.findall(text):
        yield word
        if ".s3" in word:
            yield word.partition(".s3")[0]


def _spoken(
    resources: Iterable[Resource], names: set[str], subjects: Iterable[Resource | None]
) -> dict[str, frozenset[str]]:
    """By kind of a thing, the names that anything says which has a say in what such a thing is."""
    aliases = _aliases(resources)
    kinds = {one.kind for one in subjects if one is not None}
    found: dict[str, set[str]] = {kind: set() for kind in kinds}
    wanted = {*names, *aliases}
    for one in resources:
        of = [kind for kind in kinds if _speaks(one, kind)]
        if not of:
            continue
        words: set[str] = set()
        texts = [str(each.value) if isinstance(each.value, str) else each.text for each in strings(one.attrs)]
        for text in (*texts, *(ref.address for ref in refs_in(one.attrs))):
            words |= {word for word in _words(text) if word in wanted}
            patterns = [each for each in PATTERN.findall(text) if len(each.strip("*?.-_")) >= LEAST]
            words |= {name for each in patterns for name in wanted if fnmatchcase(name, each)}
        words |= {key for word in words for key in aliases.get(word, ())}
        for kind in of:
            found[kind] |= words
    return {kind: frozenset(words) for kind, words in found.items()}


def _speaks(one: Resource, kind: str) -> bool:
    """Whether it counts what a resource says of a thing of this kind: always where a file or a cluster says it."""
    if one.source not in RECORDED or one.is_manifest:
        return True
    if kind not in SPOKEN_OF or one.kind.startswith(POLICIES):
        return False
    if kind == "aws_kms_key" and one.kind.startswith(SEALED):
        return False
    own = SPOKEN_OF[kind]
    return not one.kind.startswith(own) or (kind != "aws_kms_key" and one.kind not in _parts(kind))


def _parts(kind: str) -> frozenset[str]:
    """The kinds that a thing and what is left out of it make: each names its own, and nothing by that."""
    rows = [row for row in operations().values() if row.about == kind]
    from scanner.sources.aws.answers import answers

    return frozenset({kind, *THEMSELVES, *(answer.kind for row in rows for answer in answers().get(row.id, ()))})


def _aliases(resources: Iterable[Resource]) -> dict[str, list[str]]:
    """By the last word of an alias of a key, the keys that it stands for."""
    found: dict[str, list[str]] = {}
    for one in resources:
        if one.kind == "aws_kms_alias":
            name, key = one.attrs.get("name"), one.attrs.get("target_key_id")
            texts = [key] if isinstance(key, str) else [ref.address for ref in refs_in(key)]
            for text in (text for text in texts if isinstance(name, str) and WORD.findall(name)):
                found.setdefault(WORD.findall(str(name))[-1], []).extend(WORD.findall(text)[-1:])
    return found


def _counts(graph: Graph, one: Resource) -> bool:
    """Whether a thing counts by a role, a fact or an edge of its own, or of what it leads to or comes from."""
    if one.kind in AHEAD:
        into = any(edge.plane is not Plane.PLACEMENT for edge in graph.into(one.id))
        return into or _met(graph, one.id, graph.out_of, lambda edge: edge.target, HELD)
    if one.kind in BEHIND:
        edges = (*graph.into(one.id), *graph.out_of(one.id))
        touched = any(edge.plane not in (Plane.PLACEMENT, Plane.SUPPLY) for edge in edges)
        return touched or _met(graph, one.id, graph.into, lambda edge: edge.source, frozenset(), Placement)
    return _met(graph, one.id, lambda _: (), lambda edge: edge.target, frozenset(Plane) - {Plane.PLACEMENT})


def _met(
    graph: Graph,
    start: str,
    edges: Callable[[str], Iterable[Edge]],
    end: Callable[[Edge], str],
    planes: frozenset[Plane],
    idle: type[Fact] | tuple[()] = (),
) -> bool:
    """Whether anything on the ways from a node, itself included, has a role, a fact, or an edge of some planes.

    planes: those in which an edge counts in either direction: what is read leads from the store to who reads it. idle:
    facts of this type do not count: where a disk stands says nothing of who may copy a snapshot of it.
    """
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        node = graph.nodes[here]
        facts = [fact for fact in node.facts if not isinstance(fact, idle)]
        if node.roles or facts or any(each.plane in planes for each in (*graph.into(here), *graph.out_of(here))):
            return True
        for edge in edges(here):
            there = end(edge)
            if edge.plane is not Plane.PLACEMENT and there not in seen:
                seen.add(there)
                waiting.append(there)
    return False
