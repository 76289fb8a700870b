"""Namespaces that the cluster itself runs in: who runs code, reads tokens or writes settings there holds far more.

What runs there is seldom among the inputs. So a right there is a possible way to whatever the strongest account of that
namespace may do; where the inputs hold what runs in one, its accounts are followed one by one instead.

Sources: kubernetes.io, RBAC Good Practices and Authenticating with Bootstrap Tokens; Amazon EKS User Guide, IAM
principals in the cluster and network policies; documentation of CoreDNS, Cilium, Istio, Argo CD and Kyverno.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.aws_policy.match import Truth
from scanner.builders.blocks import Found, first
from scanner.builders.control.built_in import READ, built_in
from scanner.builders.control.clouds import CLUSTERS
from scanner.builders.control.grants import Grant
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.draft import World
from scanner.podspec import pod_templates
from scanner.resource import Resource
from scanner.unknown import Unknown

CORE = "kube-system"
SYSTEMS = {
    CORE: "controllers of the cluster run there",
    "istio-system": "the control plane of the mesh runs there",
    **dict.fromkeys(("calico-system", "tigera-operator", "cilium", "antrea-system"), "the network plug-in runs there"),
    **dict.fromkeys(("gatekeeper-system", "kyverno", "cosign-system"), "the policy engine runs there"),
    **dict.fromkeys(("argocd", "argo-cd", "openshift-gitops", "flux-system", "fleet-system", "cattle-fleet-system", "cattle-system", "crossplane-system", "upbound-system", "ack-system", "cnrm-system", "kro-system", "open-cluster-management", "open-cluster-management-agent"), "what applies objects to the cluster runs there"),  # noqa: E501
    **dict.fromkeys(("cert-manager", "external-secrets", "karpenter", "keda", "gpu-operator", "openshift-operators", "olm", "operators"), "controllers with rights over the whole cluster run there"),  # noqa: E501
}  # fmt: skip
"""Namespace -> what is known to run in one of that name."""
EDIT = ("create", "update", "patch")
REMOVE = ("delete", "deletecollection")
_WORKLOADS = (
    ("apps", ("deployments", "daemonsets", "statefulsets", "replicasets")), ("batch", ("jobs", "cronjobs")),
    ("", ("pods", "replicationcontrollers")),
)  # fmt: skip
_RUNS = (
    *((group, one, EDIT) for group, kinds in _WORKLOADS for one in kinds),
    ("", "pods/exec", ("create", "get")), ("", "pods/attach", ("create", "get")),
    ("", "pods/ephemeralcontainers", ("update", "patch")), ("", "serviceaccounts/token", ("create",)),
    ("", "serviceaccounts", ("impersonate",)),
)  # fmt: skip
_READS = (("", "secrets", (*READ, "create")),)
_STOPS = (
    *((group, one, REMOVE) for group, kinds in _WORKLOADS[:1] for one in kinds),
    *(("apps", f"{one}/scale", ("update", "patch")) for one in ("deployments", "statefulsets")),
)  # fmt: skip
NETWORK = Grant(("networking.k8s.io",), ("networkpolicies",), ("delete",), (), None, "")
ADMISSION = Grant(("admissionregistration.k8s.io",), ("validatingwebhookconfigurations",), ("delete",), (), None, "")
INJECTION = Grant(("admissionregistration.k8s.io",), ("mutatingwebhookconfigurations",), ("patch",), (), None, "")
NAMES = Grant(("",), ("services",), ("patch",), (), None, "")
ALL = tuple(built_in("cluster-admin") or ())
AWS_AUTH = "aws-auth"
SETTINGS: dict[tuple[str, str], tuple[tuple[Grant, ...], str]] = {
    (CORE, AWS_AUTH): (ALL, "says who is in which group of the cluster"),
    **{(CORE, name): (ALL, "says how machines join the cluster") for name in ("kubelet-config", "kubeadm-config")},
    **{(CORE, name): ((NAMES,), "says where names lead") for name in ("coredns", "coredns-custom", "node-local-dns", "kube-dns")},  # noqa: E501
    **{(CORE, name): ((NETWORK,), "holds the settings of the network plug-in") for name in ("amazon-vpc-cni", "cilium-config", "calico-config", "antrea-config")},  # noqa: E501
    **{(CORE, name): ((NAMES,), "says how machines lead traffic to Services") for name in ("kube-proxy", "kube-proxy-config")},  # noqa: E501
    ("cilium", "cilium-config"): ((NETWORK,), "holds the settings of the network plug-in"),
    **{("istio-system", name): ((INJECTION,), "says what the mesh adds to pods") for name in ("istio", "istio-sidecar-injector")},  # noqa: E501
    **{("argocd", name): (ALL, "says what Argo CD does for whom") for name in ("argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm")},  # noqa: E501
    ("kyverno", "kyverno"): ((ADMISSION,), "says what Kyverno leaves out"),
}  # fmt: skip
"""(namespace, ConfigMap) -> what writing it comes to, and what it says."""


class Ground(Struct, eq=False):
    """What the inputs hold of system namespaces.

    told: (unit, namespace) where the inputs hold both what runs there and what its accounts may do in the cluster; of
    `kube-system` they never hold all.
    aws_auth: unit -> whether its cluster goes by the ConfigMap `aws-auth`; possible where no cluster is declared.
    """

    told: set[tuple[str, str]] = field(default_factory=set)
    aws_auth: dict[str, Truth] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World, rights: Iterable[Right] = ()) -> Ground:
        """Read from the inventory, and from the rights that bindings give."""
        made = cls()
        running = {(one.unit, one.namespace) for one in world.inventory.all if _runs_for_certain(one)}
        for right in rights if running else ():
            node = world.nodes[right.subject]
            if node.kind == "ServiceAccount" and right.namespace == CLUSTER_WIDE and right.doubt is None:
                made.told |= running & {(right.unit, node.namespace)}
        for one in world.inventory.of(*CLUSTERS):
            mode = first(one, "access_config.authentication_mode")
            made.aws_auth[one.unit] = max(made.aws_auth.get(one.unit, Truth.NO), _goes_by_map(one, mode))
        return made


def _runs_for_certain(one: Resource) -> bool:
    if one.namespace not in SYSTEMS or one.namespace == CORE or one.possible is not None or not one.is_manifest:
        return False
    return next(iter(pod_templates(one)), None) is not None


def _goes_by_map(cluster: Resource, mode: Found | None) -> Truth:
    """Amazon EKS: the mode `API` alone leaves the ConfigMap out; where none is set, `CONFIG_MAP` is the default."""
    if cluster.kind != "aws_eks_cluster":
        return Truth.NO
    if mode is None:
        return Truth.YES
    if mode.unknown is not None:
        return Truth.POSSIBLE
    return Truth.NO if mode.value == "API" else Truth.YES


def system_rights(right: Right, ground: Ground) -> Iterator[Right]:
    """What a right in a system namespace comes to in the whole cluster."""
    if right.namespace in SYSTEMS:
        yield from _accounts(right, ground)
    if right.namespace == CLUSTER_WIDE and ("*" in right.grant.verbs and "*" in right.grant.resources):
        return
    if _asked(right, (("", "configmaps", ("update", "patch")),)):
        yield from _settings(right, ground)


def _asked(right: Right, rows: Iterable[tuple[str, str, tuple[str, ...]]]) -> bool:
    return any(right.grant.permits(group, kind, verb) is not Truth.NO for group, kind, verbs in rows for verb in verbs)


def _accounts(right: Right, ground: Ground) -> Iterator[Right]:
    """Who runs there, or reads a token of who does, may be a controller; who stops it may switch guards off."""
    if (right.unit, right.namespace) in ground.told:
        return
    runs = SYSTEMS[right.namespace]
    where = f"{right.namespace}: its service accounts"
    cause = f"what the service accounts of `{right.namespace}` may do is not known: {runs}"
    doubt = Unknown(cause, decided_by=(where,))
    if _asked(right, _RUNS) or (not right.grant.names and _asked(right, _READS)):
        how = f"it may act as a service account of `{right.namespace}`"
        yield from _given(right, ALL, doubt, how)
    elif _asked(right, _STOPS):
        cause = f"which guards run in `{right.namespace}` is not known: {runs}"
        doubt = Unknown(cause, decided_by=(f"{right.namespace}: its workloads",))
        yield from _given(right, (NETWORK, ADMISSION), doubt, f"it may stop what runs in `{right.namespace}`")


def _settings(right: Right, ground: Ground) -> Iterator[Right]:
    """The ConfigMaps by which the cluster, its network or its mesh go."""
    told: set[tuple[int, bool]] = set()
    for (namespace, name), (grants, says) in SETTINGS.items():
        named = right.grant.named(name)
        if right.namespace not in (CLUSTER_WIDE, namespace) or named is Truth.NO:
            continue
        truth = Truth.POSSIBLE
        if name == AWS_AUTH:
            truth = ground.aws_auth.get(right.unit, Truth.POSSIBLE)
        if truth is Truth.NO:
            continue
        doubt = None
        if min(truth, named, right.grant.permits("", "configmaps", "patch")) is not Truth.YES:
            cause = f"whether the cluster goes by the ConfigMap `{name}` is not known"
            doubt = Unknown(cause, decided_by=(f"{namespace}/ConfigMap/{name}",))
        comes_to = (id(grants[0]), doubt is None)
        if comes_to in told:
            continue
        told.add(comes_to)
        yield from _given(right, grants, doubt, f"it may write the ConfigMap `{name}`, which {says}")


def _given(right: Right, grants: Iterable[Grant], doubt: Unknown | None, how: str) -> Iterator[Right]:
    for grant in grants:
        told = replace(grant, origin=right.grant.origin, role=right.grant.role)
        yield replace(
            right, namespace=CLUSTER_WIDE, grant=told, doubt=right.doubt or right.grant.unknown or doubt, how=how
        )
