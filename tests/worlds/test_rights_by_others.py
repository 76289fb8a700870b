"""Rights that other objects give than role bindings, and rights over what few think of; many holders in one scan."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.harness import FIXTURES, run_scan

RULES = {
    "all": 'rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]',
    "pods": 'rules: [{apiGroups: [""], resources: [pods], verbs: [create]}]',
    "reads": 'rules: [{apiGroups: [""], resources: [pods, services], verbs: [get, list, watch]}]',
}
READS_IT = "read-only"


def made(kind: str, name: str, rest: str, namespace: str = "", version: str = "management.cattle.io/v3") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{where}}}\n{rest}\n"


def cluster(user: str, role: str, of: str = "local") -> str:
    rest = f"clusterName: {of}\nroleTemplateName: {role}\nuserName: {user}"
    return made("ClusterRoleTemplateBinding", user, rest, of)


def everywhere(user: str, role: str) -> str:
    return made("GlobalRoleBinding", user, f"globalRoleName: {role}\nuserName: {user}")


def bound(user: str, group: str, resource: str, verbs: str) -> str:
    """A ClusterRole over one resource, and its binding to a user."""
    rules = f'rules: [{{apiGroups: ["{group}"], resources: [{resource}], verbs: [{verbs}]}}]'
    rbac = "rbac.authorization.k8s.io"
    given = f"roleRef: {{apiGroup: {rbac}, kind: ClusterRole, name: {user}}}\nsubjects: [{{kind: User, name: {user}}}]"
    return "---\n".join(
        (made("ClusterRole", user, rules, version=f"{rbac}/v1"),
         made("ClusterRoleBinding", user, given, version=f"{rbac}/v1"))
    )  # fmt: skip


ROLES = [
    made("RoleTemplate", "everything", RULES["all"]),
    made("RoleTemplate", "inherits", "roleTemplateNames: [round]"),
    made("RoleTemplate", "round", "roleTemplateNames: [inherits, maker]"),
    made("RoleTemplate", "maker", RULES["pods"]),
    made("RoleTemplate", "looks", RULES["reads"]),
    made("RoleTemplate", READS_IT, RULES["all"]),
    made("RoleTemplate", "lookers", "roleTemplateNames: [looks, view]"),
    made("RoleTemplate", "outside", "external: true"),
    made("RoleTemplate", "cluster-admin", "external: true\n" + RULES["reads"]),
    made("GlobalRole", "root", RULES["all"]),
    made("GlobalRole", "of-safety", "namespacedRules:\n  safety: " + RULES["pods"].removeprefix("rules: ")),
    made("GlobalRole", "of-tenant", "namespacedRules:\n  tenant-a: " + RULES["pods"].removeprefix("rules: ")),
    made("GlobalRole", "heir", "inheritedClusterRoles: [everything]"),
    made("GlobalRole", "poor-heir", RULES["reads"] + "\ninheritedClusterRoles: [looks]"),
]
HAS = {
    "u-all": (cluster("u-all", "everything"), "violated"),
    "u-heir": (cluster("u-heir", "inherits"), "violated"),
    "u-admin": (cluster("u-admin", "cluster-admin"), "violated"),
    "u-named": (cluster("u-named", READS_IT), "violated"),
    "u-far": (cluster("u-far", "everything", "c-m-abc"), "unproven"),
    "u-outside": (cluster("u-outside", "outside"), "unproven"),
    "u-unseen": (cluster("u-unseen", "nobody-shows-it"), "unproven"),
    "u-root": (everywhere("u-root", "root"), "violated"),
    "u-space": (everywhere("u-space", "of-safety"), "violated"),
    "u-inherits": (everywhere("u-inherits", "heir"), "unproven"),
    "u-builtin": (everywhere("u-builtin", "admin"), "unproven"),
    "binder": (bound("binder", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", "delete"), "violated"),  # noqa: E501
    "runner": (bound("runner", "node.k8s.io", "runtimeclasses", "create, patch"), "unproven"),
    "claimer": (bound("claimer", "resource.k8s.io", "resourceclaimtemplates", "update"), "unproven"),
    "classer": (bound("classer", "resource.k8s.io", "deviceclasses", "patch"), "unproven"),
}  # fmt: skip
"""By user: what gives it a right over the stack, and what follows."""
HAS_NOT = {
    "v-looks": cluster("v-looks", "looks"),
    "v-lookers": cluster("v-lookers", "lookers"),
    "v-space": everywhere("v-space", "of-tenant"),
    "v-poor": everywhere("v-poor", "poor-heir"),
    "v-user": everywhere("v-user", "user"),
    "v-reader": bound("v-reader", "node.k8s.io", "runtimeclasses", "get, list"),
    "v-orders": bound("v-orders", "scheduling.k8s.io", "priorityclasses", "create, patch"),
    "v-device": bound("v-device", "resource.k8s.io", "deviceclasses", "get"),
}
PODS = "      serviceAccountName: gateway\n"
DEVICES = "      runtimeClassName: nvidia\n      resourceClaims: [{name: d, resourceClaimTemplateName: gpu}]\n"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    world = tmp_path_factory.mktemp("world") / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    safety = world / "k8s" / "safety.yaml"
    text = safety.read_text()
    assert PODS in text
    safety.write_text(text.replace(PODS, PODS + DEVICES, 1))
    bindings = [*(text for text, _ in HAS.values()), *HAS_NOT.values()]
    (world / "k8s" / "x.yaml").write_text("---\n".join([*ROLES, *bindings]))
    return run_scan(world)


def told(report: dict[str, Any], user: str) -> set[str]:
    """The verdicts of the findings whose way starts with a user."""
    return {
        one["verdict"]
        for one in report["findings"]
        if any(hop["address"] == f"User/{user}" for hop in one["hops"]) or f"`User/{user}`" in one["message"]
    }


@pytest.mark.parametrize("user", sorted(HAS))
def test_who_holds_a_right_over_the_stack_is_told(report: dict[str, Any], user: str) -> None:
    wanted = HAS[user][1]
    found = told(report, user)
    assert wanted in found, found
    assert wanted == "violated" or "violated" not in found, found


@pytest.mark.parametrize("user", sorted(HAS_NOT))
def test_who_holds_none_is_not(report: dict[str, Any], user: str) -> None:
    assert not told(report, user)
