"""Print the least role that a live scan needs: to list the kinds that the rules look at, and nothing else."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from scanner.commands.arguments import add_live, lives_of

NAME = "tether-scan"
EPILOG = """Bind the role to whoever scans:

  tether permissions --kubernetes | kubectl apply -f -
  kubectl create clusterrolebinding tether-scan --clusterrole=tether-scan --serviceaccount=NAMESPACE:NAME

It may list and do nothing more. `list` on Secrets lets its holder read their values, for Kubernetes has no finer
verb: a scan asks for their names alone. Without it, leave `secrets` out: what they could open is then not proven.

With --live kubernetes, the cluster is asked which kinds it serves, and those that no table knows are added: one of
them may run pods or lead to a model."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--kubernetes", action="store_true", required=True, help="a ClusterRole, as YAML")
    add_live(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="say more; a traceback for a fault")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Print the role."""
    from scanner.commands.output import emit
    from scanner.sources.kubernetes.listed import permissions

    found = {group: set(resources) for group, resources in permissions()}
    for live in lives_of(options):
        from scanner.sources.recorded import served

        for group, resource in served(live):
            if "*" not in found.setdefault(group, set()):
                found[group].add(resource)
    emit(role(found))
    return 0


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
