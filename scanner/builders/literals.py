"""Strings that give a place away wherever they stand: ARNs, ids, commands, inputs of modules that are not on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from scanner import tables
from scanner.builders.blocks import POSSIBLE, Found, at, strings
from scanner.builders.draft import World
from scanner.builders.opaque.build import carriers_of, told_as_opaque
from scanner.builders.placement.conditions import Outcome, present
from scanner.builders.placement.meets import Meetings
from scanner.builders.placement.places import SIGNALS, add_capacity, add_place
from scanner.builders.recognise.containers import containers_of, is_kubernetes
from scanner.builders.recognise.machines import decoded
from scanner.graph.facts import Capacity, Placement
from scanner.needles import Sieve
from scanner.origin import FileOrigin, Origin
from scanner.resource import Resource
from scanner.table_rows import PlaceFact
from scanner.unknown import PLAIN, Unknown, Value

ENCODED = frozenset({"user_data", "user_data_base64", "custom_data", "UserData"})
"""Arguments whose text is base64, as a rule."""
SPEAKS_OF_OTHERS = frozenset({"CustomResourceDefinition"})
"""Kinds whose texts describe things, and do none."""
TOLD = ("bundle", "live")
PARTS = frozenset(
    {
        "aws_s3_bucket_public_access_block", "aws_s3_bucket_policy", "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_versioning", "aws_s3_bucket_replication_configuration", "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_acl", "aws_lambda_permission",
        "aws_lambda_function_url", "aws_lambda_alias", "aws_kms_grant", "aws_cloudwatch_log_subscription_filter",
        "aws_snapshot_create_volume_permission", "aws_ecr_repository_policy", "aws_iam_access_key",
    }
)  # fmt: skip
"""Parts of things in an account that was read, which say who may come to them: whatever they name is listed itself.

None can lead out of the cloud: a bucket is replicated to buckets in a region (Amazon S3 User Guide, "Replicating
objects within and across Regions"), a log group to a function or a stream (CloudWatch Logs User Guide,
"Subscriptions").
"""
_NOTHING = frozenset[str]()
POLICY_OF = frozenset({"aws_kms_key"})
"""Things whose policy is an argument of theirs there."""


def build_literals(world: World) -> None:
    """A fact on each node one of whose strings is an ARN, an id or a command of the table; one a row."""
    meetings = Meetings(world)
    telling = _Telling()
    for resource in world.inventory.all:
        if resource.kind in SPEAKS_OF_OTHERS or (resource.kind in PARTS and resource.source in TOLD):
            continue
        if resource.kind == "module":
            _module(world, resource)
        carriers = carriers_of(resource)
        carried = frozenset(key for carrier in carriers for key in carrier.keys) if carriers else _NOTHING
        plain = not carried and not is_kubernetes(resource) and resource.attrs.keys().isdisjoint(ENCODED)
        if plain and not telling.trips(resource.attrs):
            continue
        seen: set[str] = set()
        for key, found in _texts(resource, carried):
            for row in telling.rows(found.text):
                if row.id in seen or (key in carried and told_as_opaque(row.place)):
                    continue
                if row.signal != "medium" or resource in meetings:
                    seen.add(row.id)
                    outcome = Outcome(found.possible or True, found.origin or resource.origin)
                    _add(world, resource, row, row.because, outcome)


class _Telling:
    """Which rows a text trips; most texts of a deployment stand in it many times, and trip none."""

    def __init__(self) -> None:
        rows = [row for fact in ("id", "command") for row in tables.literals(fact) if row.signal in SIGNALS]
        self._sieve = Sieve([(row.regex, row) for row in rows])
        self._known: dict[str, tuple[PlaceFact, ...]] = {}

    def rows(self, text: str) -> tuple[PlaceFact, ...]:
        """The rows whose pattern is found in `text`."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = tuple(self._sieve.found(text))
        return found

    def trips(self, value: Value) -> bool:
        """Whether any string that `strings` would find trips a row: in most resources none does."""
        waiting, new = [value], list[str]()
        while waiting:
            one = waiting.pop()
            here: Iterable[Value] = ()
            # The abstract classes last: to ask them costs more than the rest.
            if isinstance(one, list):
                here = one
            elif isinstance(one, Unknown):
                if one.pieces or one.options or one.document is not None or one.known is not None:
                    here = (one.text() if one.pieces else None, one.document, one.known, *one.options)
            elif isinstance(one, str):
                here = (str(one),)
            elif isinstance(one, (dict, Mapping)):
                here = one.values() if POSSIBLE not in one else [one[key] for key in one if key != POSSIBLE]
            elif isinstance(one, Sequence):
                here = one
            for item in here:
                if type(item) is str:
                    found = self._known.get(item)
                    if found:
                        return True
                    if found is None:
                        new.append(item)
                elif type(item) not in PLAIN:
                    waiting.append(item)
        if new and self._sieve.rules_out(*new):
            self._known.update(dict.fromkeys(new, ()))
            return False
        return any(map(self.rows, new))


def _texts(resource: Resource, carried: frozenset[str]) -> Iterator[tuple[str, Found]]:
    """Every string, with the top-level argument that it stands in."""
    silent = {POSSIBLE, "policy"} if resource.kind in POLICY_OF and resource.source in TOLD else {POSSIBLE}
    for key, value in resource.attrs.items():
        for found in strings(value, resource.attrs.marks.get(key) or resource.origin) if key not in silent else ():
            yield key, found
            plain = decoded(found.text) if key in ENCODED or key in carried else found.text
            if plain != found.text:
                yield key, Found(plain, found.origin, found.possible)
    for container in containers_of(resource) if is_kubernetes(resource) else ():
        if container.words:  # a command written word by word is one command all the same
            yield "spec", Found(container.command_line, container.words[0].origin)


def _add(world: World, resource: Resource, row: PlaceFact, because: str, outcome: Outcome) -> None:
    if _told(world, resource, row.place, outcome.origin):
        return
    if row.place == "hybrid-compute":
        add_capacity(world, resource.id, row.place, because, outcome)
    else:
        add_place(world, resource.id, row.place, row.signal, because, outcome)


def _told(world: World, resource: Resource, place: str, origin: Origin) -> bool:
    """Whether something says the same of the same line already: a row of the tables, or another literal."""
    for fact in world.nodes[resource.id].facts:
        if isinstance(fact, (Placement, Capacity)):
            perhaps = fact.perhaps if isinstance(fact, Placement) else ""
            if place in (fact.place_class, perhaps) and _line(fact.origin) == _line(origin):
                return True
    return False


def _line(origin: Origin | None) -> object:
    return (origin.path, origin.line) if isinstance(origin, FileOrigin) else origin


def _module(world: World, resource: Resource) -> None:
    """A call of a module that is not on disk: its inputs are all that can be judged."""
    source = resource.attrs.get("source")
    name = source.removeprefix("registry.terraform.io/") if isinstance(source, str) else ""
    for row in tables.literals("module"):
        if row.module != name or (resource.default_of and "*" not in row.inputs):
            continue  # what a contract tells of, its own resources show
        outcome = _called(resource, row)
        if outcome.holds is not False:
            _add(world, resource, row, row.because, outcome)


def _called(resource: Resource, row: PlaceFact) -> Outcome:
    if "*" in row.inputs:
        return Outcome(True, resource.origin)
    doubt: Outcome | None = None
    tests = [(path, None) for path in row.inputs] + list(row.values.items())
    for path, wanted in tests:
        for found in at(resource, path):
            answer = found.unknown or (present(found.value) if wanted is None else fnmatchcase(found.text, str(wanted)))
            if answer is True:
                return Outcome(True, found.origin or resource.origin)
            if isinstance(answer, Unknown):
                doubt = doubt or Outcome(answer, found.origin or resource.origin)
    return doubt or Outcome(False, resource.origin)
