"""The escalations of BishopFox/iam-vulnerable as paths to a model: what is found, missed and invented.

    python benchmarks/iam_vulnerable.py CHECKOUT

CHECKOUT is a checkout of https://github.com/BishopFox/iam-vulnerable; its configuration is read from a copy to which a
guardrail of Bedrock is added, so that the account has models to reach. A role or user counts as found where a chain of
"become" edges, none or more, ends with an "invoke" edge on the models of Bedrock. Those of the files called `fp*` are
the harmless ones; those of `privesc*` and `fn*` escalate. Asserts nothing.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scanner.builders.aws_identity.build import build_aws_identity
from scanner.builders.aws_models.build import build_aws_models
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.recognise.build import build_roles
from scanner.graph.model import Edge
from scanner.profile import Profile
from scanner.sources.read import ReadRequest, read_all

GUARDRAIL = 'resource "aws_bedrock_guardrail" "added" {\n  name = "added"\n}\n'
ATTACKER = re.compile(r'resource\s+"(aws_iam_role|aws_iam_user)"\s+"([^"]+)"')
MODELS = "bedrock/models"
TARGETS = frozenset({"privesc-high-priv-service-role", "privesc-AssumeRole-ending-role"})
"""Roles that are the prize, not the way."""


WITHOUT_RIGHTS = frozenset({"privesc-permissive-role-trust", "privesc-AssumeRole-start-user"})
"""No policy is attached to these, and nobody's trust policy names them: they can do nothing, a chain to them or not."""


def attackers(checkout: Path) -> Iterator[tuple[str, bool]]:
    """(address in its module, whether it escalates) for every role and user of the free modules."""
    for path in sorted(checkout.glob("modules/free-resources/*/*.tf")):
        for kind, name in ATTACKER.findall(path.read_text()):
            if name not in TARGETS:
                yield f"{kind}.{name}", not path.name.startswith("fp") and name not in WITHOUT_RIGHTS


def edges(checkout: Path) -> list[Edge]:
    """The edges of the identity plane over the checkout and its models."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "iam-vulnerable"
        shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git"))
        for module in copy.glob("modules/free-resources/*"):
            (module / "added.tf").write_text(GUARDRAIL)
        reading = read_all(ReadRequest(root=copy, paths=(copy,), units=(), profile_dir=copy))
        world = World(Inventory(reading.resources), Profile())
        for step in (build_roles, build_aws_models, build_aws_identity):
            step(world)
        return list(world.freeze().edges)


def reaching(found: list[Edge]) -> dict[str, bool]:
    """Address of every node from which a model is reached -> whether nothing on the way is only possible."""
    sure: dict[str, bool] = {}
    for certain in (True, False):
        usable = [one for one in found if one.plane == "identity" and (not certain or one.state == "open")]
        ends = {one.source for one in usable if one.verb == "invoke" and one.target.endswith(MODELS)}
        more = True
        while more:
            added = {one.source for one in usable if one.verb == "become" and one.target in ends} - ends
            ends |= added
            more = bool(added)
        for node in ends:
            sure.setdefault(node, certain)
    return sure


def main(arguments: list[str]) -> int:
    """Print a line for each role and user, and the three counts."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    checkout = Path(arguments[0])
    sure = reaching(edges(checkout))
    counts = {"found": 0, "missed": 0, "invented": 0, "left": 0}
    for address, escalates in attackers(checkout):
        node = next((one for one in sure if one.endswith(address)), None)
        word = {(True, True): "found", (True, False): "missed", (False, True): "invented"}.get(
            (escalates, node is not None), "left"
        )
        counts[word] += 1
        how = "" if node is None else " certainly" if sure[node] else " possibly"
        print(f"{word:<9}{address}{how}")
    print(", ".join(f"{word} {number}" for word, number in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
