"""Which kinds of object have a namespace, and which documents look like objects and are settings of a program."""

from __future__ import annotations

from collections.abc import Iterable

CLUSTER_SCOPED: dict[str, frozenset[str]] = {
    group: frozenset(kinds.split())
    for group, kinds in {
        "": "Namespace Node PersistentVolume ComponentStatus",
        "apps.kruise.io": "SidecarSet",
        "admissionregistration.k8s.io": "MutatingWebhookConfiguration ValidatingWebhookConfiguration "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy "
        "MutatingAdmissionPolicyBinding",
        "apiextensions.k8s.io": "CustomResourceDefinition",
        "apiregistration.k8s.io": "APIService",
        "authentication.k8s.io": "TokenReview SelfSubjectReview",
        "authorization.k8s.io": "SubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview",
        "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
        "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
        "gateway.networking.k8s.io": "GatewayClass",
        "networking.k8s.io": "IngressClass IPAddress ServiceCIDR",
        "node.k8s.io": "RuntimeClass",
        "policy": "PodSecurityPolicy",
        "policy.networking.k8s.io": "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy",
        "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
        "resource.k8s.io": "DeviceClass ResourceSlice DeviceTaintRule",
        "scheduling.k8s.io": "PriorityClass",
        "snapshot.storage.k8s.io": "VolumeSnapshotClass VolumeSnapshotContent",
        "storage.k8s.io": "StorageClass VolumeAttachment CSIDriver CSINode VolumeAttributesClass",
        "user.openshift.io": "Group User Identity UserIdentityMapping",
        # Custom resources that matter to placement, reach or control; read in their CRDs.
        "apiextensions.crossplane.io": "Composition CompositeResourceDefinition",
        "apps.kubeedge.io": "NodeGroup",
        "apps.openyurt.io": "NodePool NodeBucket",
        "capsule.clastix.io": "Tenant GlobalTenantResource",
        "cert-manager.io": "ClusterIssuer",
        "cilium.io": "CiliumClusterwideNetworkPolicy CiliumClusterwideEnvoyConfig CiliumNode CiliumCIDRGroup",
        "cluster.open-cluster-management.io": "ManagedCluster ManagedClusterSet",
        "crd.projectcalico.org": "GlobalNetworkPolicy GlobalNetworkSet HostEndpoint Tier IPPool FelixConfiguration",
        "eks.amazonaws.com": "NodeClass",
        "external-secrets.io": "ClusterSecretStore ClusterExternalSecret",
        "karpenter.azure.com": "AKSNodeClass",
        "karpenter.k8s.aws": "EC2NodeClass",
        "karpenter.sh": "NodePool NodeClaim",
        "kubernetes.crossplane.io": "Object ObservedObjectCollection ProviderConfig",
        "kueue.x-k8s.io": "ClusterQueue ResourceFlavor AdmissionCheck Cohort Topology",
        "kyverno.io": "ClusterPolicy ClusterCleanupPolicy",
        "machineconfiguration.openshift.io": "MachineConfig MachineConfigPool KubeletConfig",
        "management.cattle.io": "GlobalRole GlobalRoleBinding RoleTemplate",
        "nfd.k8s-sigs.io": "NodeFeatureRule",
        "nvidia.com": "ClusterPolicy NVIDIADriver",
        "ome.io": "ClusterBaseModel ClusterServingRuntime",
        "operations.kubeedge.io": "ImagePrePullJob NodeUpgradeJob ConfigUpdateJob",
        "pkg.crossplane.io": "Provider Configuration Function",
        "policy.sigstore.dev": "ClusterImagePolicy TrustRoot",
        "projectcalico.org": "GlobalNetworkPolicy GlobalNetworkSet HostEndpoint Tier IPPool FelixConfiguration",
        "security.openshift.io": "SecurityContextConstraints",
        "serving.kserve.io": "ClusterServingRuntime ClusterStorageContainer LocalModelCache LocalModelNode "
        "LocalModelNodeGroup",
        "site.superedge.io": "NodeUnit NodeGroup",
        "templates.gatekeeper.sh": "ConstraintTemplate",
        "trainer.kubeflow.org": "ClusterTrainingRuntime",
    }.items()
}

_ALL_CLUSTER_SCOPED = frozenset(["constraints.gatekeeper.sh"])

BUILT_IN_GROUPS = frozenset(["", "apps", "autoscaling", "batch", "extensions", "policy"])


def may_be_settings(group: str) -> bool:
    """Whether documents of `group` can be a program's settings (of kubeadm, kind, nodeadm, Envoy Gateway).

    Those have `apiVersion` and `kind` and no metadata; no object of a cluster can do without.
    """
    return group not in BUILT_IN_GROUPS and (
        not group.endswith(".k8s.io")
        or group.endswith((".config.k8s.io", "kubeadm.k8s.io", "apiserver.k8s.io", "audit.k8s.io"))
    )


def cluster_scoped(group: str, kind: str, declared: Iterable[tuple[str, str]] = ()) -> bool:
    """Whether objects of a kind have no namespace; `declared` are (group, kind) that CRDs in the input say so of."""
    return kind in CLUSTER_SCOPED.get(group, ()) or group in _ALL_CLUSTER_SCOPED or (group, kind) in declared
