"""Roles at scale: the identity plane of AWS over roles by the ten thousand, and the curve of time and memory.

    python benchmarks/iam_scale.py [ROLES ...]

By default 2500 5000 10000 20000, each size in a process of its own. Every role has a policy of its own kind of work;
of a hundred one calls Bedrock, one passes roles to Lambda, one gives policies to users, one trusts its whole account
and one may assume roles. Reads nothing from disk, asserts nothing.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

from scanner.builders.aws_identity.build import build_aws_identity
from scanner.builders.aws_models.build import build_aws_models
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.recognise.build import build_roles
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Resource

HERE = FileOrigin("main.tf", 1)
ACCOUNT = "111122223333"
WORK = (
    ["bedrock:InvokeModel"],
    ["iam:PassRole", "lambda:CreateFunction"],
    ["iam:AttachUserPolicy"],
    ["sts:AssumeRole"],
)


def thing(address: str, **attrs: object) -> Resource:
    """One resource of a configuration."""
    kind, _, name = address.partition(".")
    return Resource(address, "main", kind, name, Attrs(attrs), HERE, "terraform")  # type: ignore[arg-type]


def document(**statement: object) -> str:
    """A policy of one Allow statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def role(number: int) -> list[Resource]:
    """A role and its policy."""
    name, turn = f"r{number}", number % 100
    actions = WORK[turn] if turn < len(WORK) else ["s3:GetObject", "logs:PutLogEvents", "dynamodb:*"]
    trusted = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"} if turn == 10 else {"Service": "lambda.amazonaws.com"}
    trust = document(Action="sts:AssumeRole", Principal=trusted)
    scope = "*" if turn < len(WORK) else f"arn:aws:s3:::bucket-{number}/*"
    return [
        thing(f"aws_iam_role.{name}", name=name, assume_role_policy=trust),
        thing(f"aws_iam_role_policy.{name}", role=name, policy=document(Action=actions, Resource=scope)),
    ]


def measured(roles: int) -> str:
    """A line of the curve."""
    resources = [one for number in range(roles) for one in role(number)]
    world = World(Inventory(resources), Profile())
    start = time.process_time()
    for step in (build_roles, build_aws_models, build_aws_identity):
        step(world)
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return f"{roles:>8} roles {len(world.edges):>8} edges {seconds:8.1f} s {memory:>6} MiB"


def main(arguments: list[str]) -> int:
    """Print the curve, each size from a process of its own."""
    if arguments[:1] == ["--one"]:
        print(measured(int(arguments[1])))
        return 0
    for roles in arguments or ["2500", "5000", "10000", "20000"]:
        subprocess.run([sys.executable, __file__, "--one", roles], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
