"""What Terraform files declare of AWS, as an inventory would tell it: other addresses, another unit, names known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from scanner.both_sides import both_sides, judge_both
from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.judge import Judgement, judge
from scanner.lock import Pins
from scanner.origin import ApiOrigin
from scanner.profile import Profile
from scanner.profile_file import load_profile
from scanner.resource import Attrs, Provider, Resource
from scanner.sides.readdress import Readdress
from scanner.sources.read import ReadRequest, read_all
from tests.changed import replace
from tests.harness import AS_OF

UNIT, ACCOUNT, REGION = "aws-us-gov", "111122223333", "us-gov-west-1"


def read(folder: Path) -> tuple[list[Resource], Profile]:
    profile = load_profile(folder / "tether.yaml", "tether.yaml")
    reading = read_all(ReadRequest(root=folder, paths=(folder,), units=profile.units, profile_dir=folder))
    assert not reading.unread
    return list(reading.resources), profile


def recorded(resources: Sequence[Resource], account: str = ACCOUNT, unit: str = UNIT) -> list[Resource]:
    """The things of AWS among what was read, as if an account had been asked."""
    some = [one for one in resources if one.kind.startswith("aws_")]
    made: list[Resource] = []
    for place in sorted({one.unit for one in some}):
        mine = [one for one in some if one.unit == place]
        move = Readdress(unit, {one.address: f"arn:{account}:{place}/{one.address}" for one in mine})
        made += [_told(move(one), account) for one in mine]
    return made


def _told(one: Resource, account: str) -> Resource:
    own = one.attrs.get("region") or (one.provider.attrs.get("region") if one.provider else None)
    region = own if isinstance(own, str) else REGION
    scope = (("account", account), ("partition", UNIT), ("region", region))
    at = ApiOrigin("aws", "test:Describe", scope, one.address, "2026-11-01T00:00:00Z")
    told = Attrs({"allowed_account_ids": [account], "region": region})
    provider = Provider("aws", "hashicorp/aws", f"provider.aws.{account}/{region}", told, at)
    attrs = Attrs(one.attrs, {key: at.within(key) for key in one.attrs})
    return replace(one, source="bundle", origin=at, provider=provider, attrs=attrs, calls=(), action="", aliases=())


def judged(declared: Sequence[Resource], live: Sequence[Resource], profile: Profile, rule: str) -> Judgement:
    """What one rule says of files beside a bundle."""
    pins = Pins(profile=profile, lock=None, expected="", as_of=date.fromisoformat(AS_OF), rules={}, tables={})
    sides = both_sides([*declared, *live], profile, pins)
    wanted = [one for one in rules() if one.id == rule]
    if sides is None:  # the two tell of different accounts
        return judge(build([*declared, *live], profile, pins).graph, profile, wanted, [], ["declared", "recorded"])
    return judge_both(sides, wanted, [], ["declared", "recorded"])


def verdict(said: Judgement) -> Verdict:
    (result,) = said.rules
    assert not result.crashed, result.note
    return result.verdict
