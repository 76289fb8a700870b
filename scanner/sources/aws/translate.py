"""Answers to Resources, row by row of the table; each is what Terraform's provider would write of the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from scanner.origin import ApiOrigin
from scanner.resource import Attrs, Provider, Resource, SourceName, Unread
from scanner.sources.aws.answers import ALWAYS, Answer, answers
from scanner.sources.aws.brings import told_by
from scanner.sources.aws.estate import Estate, why
from scanner.sources.aws.operations import ACCOUNT, context_of, items_of
from scanner.sources.aws.paths import Here, is_told, path_of
from scanner.sources.aws.shape import attributes, shape
from scanner.sources.aws.snake import arguments
from scanner.sources.bundle import Call
from scanner.sources.kubernetes.live_marks import marked
from scanner.unknown import Unknown

SHOWN = 3


class Translation(Struct):
    """What the answers of an estate come to: Resources by address, and answers that are not as they should be."""

    estate: Estate
    unit: str
    source: SourceName
    resources: dict[str, Resource] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    providers: dict[tuple[str, str], Provider] = field(default_factory=dict)

    def add(
        self,
        call: Call,
        kind: str,
        address: str,
        made: dict[str, Any],
        *,
        name: str = "",
        region: str = "",
        owner: str = "",
        possible: Unknown | None = None,
        data: bool = False,
    ) -> None:
        """Add a Resource; of two with one address the first counts, or the one of which everything is known.

        region, owner: where it stands and whose it is, where that is not as the call says.
        """
        origin = call.origin(address)
        attrs = marked(made, origin)
        where = region or dict(call.scope)["region"]
        before = self.resources.get(address)
        if isinstance(attrs, Attrs) and (before is None or (_vague(before.attrs) and not _vague(attrs))):
            self.resources[address] = Resource(
                address=address,
                unit=self.unit,
                kind=kind,
                name=name or address.rpartition("/")[2].rpartition(":")[2],
                attrs=attrs,
                origin=origin,
                source=self.source,
                possible=possible,
                data=data,
                provider=self.provider(call, where, owner),
            )

    def thin(self, call: Call, kind: str) -> None:
        """Say once that what things of a kind are set to is not translated."""
        scope = dict(call.scope)
        cause = f"account {scope['account']} has `{kind}` in {scope['region']}: what it is set to is not looked at"
        remedy = "declare it in the files that are scanned beside the bundle"
        one = Unread(call.origin(kind), cause, "call", remedy, frozenset({kind}))
        if one not in self.unread:
            self.unread.append(one)

    def provider(self, call: Call, region: str, owner: str = "") -> Provider:
        """The provider configuration that a Terraform root would make things of this account and region with."""
        account = owner or dict(call.scope)["account"]
        key = (account, region)
        if key not in self.providers:
            attrs: dict[str, Any] = {"allowed_account_ids": [account]}
            if region != ACCOUNT:
                attrs["region"] = region
            origin = ApiOrigin("aws", "account", call.scope, f"{account}/{region}", call.at)
            made = marked(attrs, origin)
            address = f"provider.aws.{account}/{region}"
            self.providers[key] = Provider(
                "aws", "hashicorp/aws", address, made if isinstance(made, Attrs) else Attrs(), origin
            )
        return self.providers[key]


def _vague(attrs: Attrs) -> bool:
    return any(isinstance(value, Unknown) and value.ref is None for value in attrs.values())


def translate(into: Translation) -> None:
    """Every answer that a row knows what to make of, and what stands in for those that are lost."""
    for operation, rows in answers().items():
        for call in into.estate.answered(operation):
            for row in rows:
                _answer(into, call, row)
    for operation, (items, told) in ALWAYS.items():
        for call in into.estate.answered(operation):
            for number, page in enumerate(call.pages):
                for here in items_of(page, items, Here(page, {})):
                    _always(into, call, here, told, f"pages[{number}].{items}".removesuffix("."))
    for call in into.estate.lost:
        for row in answers().get(call.operation, ()):
            if row.lost:
                _stand_in(into, call, row)


def _answer(into: Translation, call: Call, row: Answer) -> None:
    context = context_of(call)
    for number, page in enumerate(call.pages):
        where = f"pages[{number}]"
        if not isinstance(page, dict):
            _malformed(into, call, where, "is no object")
            continue
        if not _well_formed(into, call, page, row.items.partition(">")[0], where):
            continue
        for here in items_of(page, row.items, Here(page, context, into.estate.lookup)):
            _item(into, call, row, here, where)


def _item(into: Translation, call: Call, row: Answer, here: Here, where: str) -> None:
    if not isinstance(here.item, dict | str):
        _malformed(into, call, f"{where}.{row.items}", "holds what is no object")
        return
    _always(into, call, here, row.told, f"{where}.{row.items}".removesuffix("."))
    if row.where is not None and not shape(row.where, here):
        return
    owner = _owner(call, here)
    whose = Here(here.item, {**here.context, "account": owner}, here.lookup) if owner else here
    address = shape(f"={row.address}", whose)
    if not isinstance(address, str):
        _malformed(into, call, f"{where}.{row.items}", "has one without what it is known by")
        return
    name = shape(f"={row.name}", here) if row.name else ""
    region = shape(row.region, here) if row.region is not None else ""
    if row.thin:
        into.thin(call, row.kind)
    base = path_of(row.like, here) if row.like else {}
    made = {**arguments(base, row.rename), **attributes(row.attrs, here)}
    into.add(
        call, row.kind, address, made, name=name if isinstance(name, str) else "",
        region=region if isinstance(region, str) else "", owner=owner, data=row.data,
    )  # fmt: skip


def _always(into: Translation, call: Call, here: Here, told: Sequence[str], where: str) -> None:
    """Note what AWS always tells of an item, and its answer does not."""
    for path in told:
        if not is_told(here.item, path):
            _malformed(into, call, where, f"has one without `{path}`, which AWS always tells")


def _owner(call: Call, here: Here) -> str:
    """The account of a thing of EC2 where it is shared with the one that was asked; "" for its own."""
    if not call.operation.startswith("ec2:"):
        return ""
    for holder in (here.item, here.context.get("up")):
        owner = holder.get("OwnerId") if isinstance(holder, dict) else None
        if isinstance(owner, str) and owner.isdecimal() and owner != here.context.get("account"):
            return owner
    return ""


def _well_formed(into: Translation, call: Call, page: dict[str, Any], path: str, where: str) -> bool:
    """Whether the first step of a path of items leads to what it should: a list where one is meant."""
    head = path.split(".", maxsplit=1)[0]
    name = head.partition("[")[0]
    value = page.get(name) if name else None
    wanted: type = list if "[" in head else dict
    if value is None or "." not in path and "[" not in head or isinstance(value, wanted):
        return True
    _malformed(into, call, f"{where}.{name}", f"is no {'list' if wanted is list else 'object'}")
    return False


def _malformed(into: Translation, call: Call, where: str, what: str) -> None:
    scope = dict(call.scope)
    cause = f"the answer to `{call.operation}` in {scope['account']}/{scope['region']} is malformed: `{where}` {what}"
    one = Unread(call.origin(where), cause, "call", "collect it again", told_by({call.operation}))
    if one not in into.unread[-SHOWN:]:
        into.unread.append(one)


def _stand_in(into: Translation, call: Call, row: Answer) -> None:
    """Something that may exist, of which nothing is known but what the question itself tells."""
    unknown = why(call)
    here = Here(unknown, context_of(call))
    address = shape(f"={row.lost}", here)
    if isinstance(address, str):
        made = {**attributes(row.attrs, here), **attributes(row.lost_attrs, here)}
        into.add(call, row.kind, address, made, possible=unknown)
