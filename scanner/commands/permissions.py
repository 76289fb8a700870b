"""Print the least role that a live scan needs: to read what the rules look at, and nothing else."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING

from scanner.commands.arguments import add_judged, add_live, lives_of
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.rule import Rule

NAME = "tether-scan"
MAX_POLICY = 6144
EPILOG = """Bind the role to whoever scans:

  tether permissions --kubernetes | kubectl apply -f -
  kubectl create clusterrolebinding tether-scan --clusterrole=tether-scan --serviceaccount=NAMESPACE:NAME

It may list and do nothing more. `list` on Secrets lets its holder read their values, for Kubernetes has no finer
verb: a scan asks for their names alone. Without it, leave `secrets` out: what they could open is then not proven.

With --live kubernetes, the cluster is asked which kinds it serves, and those that no table knows are added: one of
them may run pods or lead to a model.

--aws prints managed policies for the role that scans AWS, every action of them a read. They are the same for every
profile and every --rules. With --judge they are what those rules need, for a scan with the same --judge; most rules
search ways over everything, and need everything (docs/live-aws.md). No rule needs a part of a cluster:

  tether permissions --aws | split -l 1 - tether-scan-
  aws iam create-policy --policy-name tether-scan-1 --policy-document file://tether-scan-aa"""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--kubernetes", action="store_true", help="a ClusterRole, as YAML")
    which.add_argument("--aws", action="store_true", help="IAM policies, as JSON, one a line")
    add_live(parser)
    add_judged(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="say more; a traceback for a fault")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Print the role."""
    lives = lives_of(options)
    if any((live.name == "aws") or options.aws for live in lives):
        raise UsageError("--live goes with --kubernetes, and asks a cluster: what AWS is asked is the same everywhere")
    from scanner.choice import needs_clusters, operations_for

    some = _chosen(options)
    if options.aws:
        return _print_policies(None if some is None else operations_for(some))
    if some is not None and not needs_clusters(some):
        raise UsageError("none of the rules that --judge names looks at a cluster: no ClusterRole is needed")
    from scanner.commands.output import emit
    from scanner.sources.kubernetes.listed import permissions

    found = {group: set(resources) for group, resources in permissions()}
    for live in lives:
        from scanner.sources.recorded import served

        for group, resource in served(live):
            if "*" not in found.setdefault(group, set()):
                found[group].add(resource)
    emit(role(found))
    return 0


def _chosen(options: Namespace) -> tuple[Rule, ...] | None:
    from scanner.catalogue import rules
    from scanner.choice import chosen

    return chosen(options.judge, rules(())) if options.judge else None


def _print_policies(some: frozenset[str] | None) -> int:
    from scanner.commands.output import emit
    from scanner.tables import aws_operations

    actions = {one for row in aws_operations() if some is None or row.id in some for one in (row.action, *row.also)}
    emit("".join(f"{one}\n" for one in policies(actions)))
    return 0


def policies(actions: Iterable[str]) -> list[str]:
    """IAM policies that allow the actions, each as short as a managed policy may be: 6,144 characters.

    Source: IAM User Guide, "IAM and AWS STS quotas". Lists and descriptions take no resource but `*`.
    """
    import json

    found: list[list[str]] = [[]]
    size = 0
    for action in sorted(actions):
        if size + len(action) + 3 > MAX_POLICY - 200:
            found.append([])
            size = 0
        found[-1].append(action)
        size += len(action) + 3
    return [
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Sid": "TetherReads", "Effect": "Allow", "Action": some, "Resource": "*"}],
            },
            separators=(",", ":"),
        )
        for some in found
    ]


def role(found: dict[str, set[str]]) -> str:
    """The ClusterRole as YAML; every name is quoted, for those of a server may be anything."""
    import json

    lines = [
        "apiVersion: rbac.authorization.k8s.io/v1",
        "kind: ClusterRole",
        "metadata:",
        f"  name: {NAME}",
        "rules:",
    ]

    def listed(names: Iterable[str]) -> str:
        return ", ".join(json.dumps(name) for name in sorted(names))

    for group, resources in sorted(found.items()):
        lines += [
            f"  - apiGroups: [{json.dumps(group)}]",
            f"    resources: [{listed(resources)}]",
            '    verbs: ["list"]',
        ]
    return "\n".join(lines) + "\n"
