"""Who may have an operator's identity beside the operators of the profile, and what joins a cluster as a machine."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from scanner.graph.model import Node

MACHINES = frozenset({"aws_eks_node_group", "aws_instance", "aws_launch_template", "aws_launch_configuration"})
"""What joins a cluster by the role of its machines."""
PEOPLE = ("external/saml/", "external/oidc/")
"""People who sign in: who of them is an operator is kept by their issuer."""
ACCOUNT = "external/aws-account/"
OF_THE_ACCOUNTS = "nobody but the operators can become an operator of the accounts"
OF_THE_MACHINES = "nobody but the operators can join a machine to a cluster"
"""The goals of the certificates that say so."""
PARTITIONS = ("aws", "aws-us-gov", "aws-cn")


def is_machine(node: Node) -> bool:
    """Whether a node is a machine of a cluster, or makes some."""
    return node.kind in MACHINES


def signs_in(operators: Iterable[str], node: Node) -> bool:
    """Whether somebody outside signs in as an operator, or is one whom the profile names by the ARN."""
    if node.address.startswith(PEOPLE):
        return True
    if not node.address.startswith(ACCOUNT):
        return False
    account, _, name = node.address.removeprefix(ACCOUNT).partition("/")
    arns = [f"arn:{part}:iam::{account}:{name or 'root'}" for part in PARTITIONS]
    return any(fnmatchcase(arn, entry) for arn in arns for entry in operators)
