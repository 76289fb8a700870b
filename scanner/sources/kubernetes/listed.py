"""Which kinds are asked of an API server: every kind that a builder or a table of the rules looks at, and no other."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables

_IAM = (
    "Group GroupPolicy GroupPolicyAttachment Policy Role RolePolicy RolePolicyAttachment User UserPolicy "
    "UserPolicyAttachment"
)
LISTED: dict[str, frozenset[str]] = {
    group: frozenset(kinds.split())
    for group, kinds in {
        "": "ConfigMap Endpoints Namespace Node PersistentVolume PersistentVolumeClaim Pod ReplicationController "
        "ResourceQuota Secret Service ServiceAccount",
        "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
        "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
        "ValidatingWebhookConfiguration",
        "addons.cluster.x-k8s.io": "ClusterResourceSet HelmChartProxy",
        "agentgateway.dev": "AgentgatewayBackend AgentgatewayModel AgentgatewayParameters AgentgatewayPolicy",
        "aigateway.envoyproxy.io": "AIGatewayRoute AIServiceBackend BackendSecurityPolicy GatewayConfig MCPRoute "
        "QuotaPolicy",
        "apiregistration.k8s.io": "APIService",
        "akri.sh": "Configuration Instance",
        "anywhere.eks.amazonaws.com": "AWSDatacenterConfig CloudStackDatacenterConfig CloudStackMachineConfig Cluster "
        "DockerDatacenterConfig NutanixDatacenterConfig NutanixMachineConfig SnowDatacenterConfig SnowIPPool "
        "SnowMachineConfig TinkerbellDatacenterConfig TinkerbellMachineConfig TinkerbellTemplateConfig "
        "VSphereDatacenterConfig VSphereMachineConfig",
        "apps": "DaemonSet Deployment ReplicaSet StatefulSet",
        "apps.kruise.io": "SidecarSet",
        "apps.kubeedge.io": "EdgeApplication NodeGroup",
        "apps.nvidia.com": "NIMBuild NIMCache NIMPipeline NIMService NemoCustomizer NemoGuardrail",
        "apps.open-cluster-management.io": "Subscription",
        "apps.openshift.io": "DeploymentConfig",
        "apps.openyurt.io": "NodeBucket NodePool YurtAppDaemon YurtAppSet YurtStaticSet",
        "apps.superedge.io": "EDeployment",
        "argoproj.io": "AppProject Application ApplicationSet CronWorkflow Rollout Workflow WorkflowTemplate",
        "autopilot.k0sproject.io": "ControlNode Plan",
        "autoscaling": "HorizontalPodAutoscaler",
        "baremetal.cluster.gke.io": "Cluster NodePool",
        "batch": "CronJob Job",
        "capsule.clastix.io": "GlobalTenantResource Tenant TenantResource",
        "cilium.io": "CiliumCIDRGroup CiliumClusterwideEnvoyConfig CiliumClusterwideNetworkPolicy CiliumEnvoyConfig "
        "CiliumLocalRedirectPolicy CiliumNetworkPolicy CiliumNodeConfig",
        "cluster.gdc.goog": "Cluster",
        "cluster.open-cluster-management.io": "ManagedCluster Placement",
        "cluster.x-k8s.io": "Cluster",
        "clusterconfig.azure.com": "ExtensionConfig FluxConfig",
        "config.gatekeeper.sh": "Config",
        "config.openshift.io": "Network",
        "configuration.konghq.com": "KongClusterPlugin KongConsumer KongPlugin",
        "connectivity.iotoperations.azure.com": "*",
        "constraints.gatekeeper.sh": "*",
        "core.oam.dev": "Application",
        "crd.antrea.io": "ClusterNetworkPolicy NetworkPolicy TrafficControl",
        "crd.projectcalico.org": "FelixConfiguration GlobalNetworkPolicy GlobalNetworkSet HostEndpoint NetworkPolicy "
        "NetworkSet PacketCapture StagedGlobalNetworkPolicy StagedKubernetesNetworkPolicy StagedNetworkPolicy Tier",
        "devices.kubeedge.io": "Device DeviceModel DeviceStatus",
        "discovery.k8s.io": "EndpointSlice",
        "eks.aws.crossplane.io": "PodIdentityAssociation",
        "eks.aws.m.upbound.io": "PodIdentityAssociation",
        "eks.aws.upbound.io": "PodIdentityAssociation",
        "eks.services.k8s.aws": "PodIdentityAssociation",
        "elbv2.k8s.aws": "TargetGroupBinding",
        "elemental.cattle.io": "MachineInventory MachineRegistration",
        "extensions.istio.io": "TrafficExtension WasmPlugin",
        "fleet.cattle.io": "Bundle ClusterGroup GitRepo",
        "flightctl.io": "Device Fleet",
        "gateway.envoyproxy.io": "Backend BackendTrafficPolicy ClientTrafficPolicy EnvoyExtensionPolicy "
        "EnvoyPatchPolicy EnvoyProxy SecurityPolicy",
        "gateway.networking.k8s.io": "GRPCRoute Gateway GatewayClass HTTPRoute ReferenceGrant TCPRoute TLSRoute "
        "UDPRoute",
        "helm.cattle.io": "HelmChart HelmChartConfig",
        "helm.toolkit.fluxcd.io": "HelmRelease",
        "iam.aws.crossplane.io": _IAM,
        "iam.aws.m.upbound.io": _IAM,
        "iam.aws.upbound.io": _IAM,
        "iam.services.k8s.aws": _IAM,
        "inference.networking.k8s.io": "InferencePool",
        "inference.networking.x-k8s.io": "InferenceModel InferenceObjective InferencePool InferencePoolImport",
        "infrastructure.cluster.x-k8s.io": "*",
        "http.keda.sh": "HTTPScaledObject",
        "install.istio.io": "IstioOperator",
        "iot.openyurt.io": "Device DeviceProfile DeviceService PlatformAdmin",
        "iotoperations.azure.com": "*",
        "k8s.ovn.org": "EgressFirewall",
        "kaito.sh": "InferenceSet ModelMirror MultiRoleInference RAGEngine Workspace",
        "karpenter.sh": "NodeClaim NodePool",
        "keda.sh": "ScaledJob ScaledObject",
        "kubernetes.crossplane.io": "Object ProviderConfig",
        "kubernetes.m.crossplane.io": "ClusterProviderConfig Object ProviderConfig",
        "kubeai.org": "Model",
        "kubeflow.org": "MPIJob PyTorchJob TFJob XGBoostJob",
        "kubevirt.io": "VirtualMachine VirtualMachineInstance VirtualMachineInstanceReplicaSet",
        "kustomize.toolkit.fluxcd.io": "Kustomization",
        "kyverno.io": "CleanupPolicy ClusterCleanupPolicy ClusterPolicy Policy PolicyException",
        "leaderworkerset.x-k8s.io": "LeaderWorkerSet",
        "linkerd.io": "ServiceProfile",
        "llm-d.ai": "InferenceModelRewrite InferenceObjective",
        "machinelearning.seldon.io": "SeldonDeployment",
        "management.cattle.io": "ClusterRoleTemplateBinding GlobalRole GlobalRoleBinding "
        "PodSecurityAdmissionConfigurationTemplate ProjectRoleTemplateBinding RoleTemplate",
        "metal.sidero.dev": "Server ServerClass",
        "metal3.io": "BareMetalHost",
        "ml.sigstore.dev": "ModelValidation",
        "mlops.seldon.io": "Experiment Model Pipeline Server",
        "model.aibrix.ai": "ModelAdapter ModelClaim",
        "multicluster.x-k8s.io": "ServiceExport",
        "net.gke.io": "ServiceExport",
        "network.openyurt.io": "PoolService",
        "mutations.gatekeeper.sh": "Assign AssignImage ModifySet",
        "networking.gke.io": "FQDNNetworkPolicy",
        "networking.istio.io": "DestinationRule EnvoyFilter Gateway ProxyConfig ServiceEntry Sidecar VirtualService "
        "WorkloadEntry WorkloadGroup",
        "networking.k8s.aws": "ApplicationNetworkPolicy ClusterNetworkPolicy PolicyEndpoint",
        "networking.k8s.io": "Ingress IngressClass NetworkPolicy",
        "nvidia.com": "DynamoComponentDeployment DynamoGraphDeployment DynamoModel",
        "ome.io": "BaseModel ClusterBaseModel ClusterServingRuntime FineTunedWeight InferenceService ServingRuntime",
        "ollama.ayaka.io": "Model",
        "onprem.cluster.gke.io": "*",
        "operations.kubeedge.io": "ConfigUpdateJob ImagePrePullJob NodeUpgradeJob",
        "operator.openshift.io": "Network",
        "operator.tigera.io": "Installation",
        "orchestration.aibrix.ai": "KVCache PodSet RayClusterFleet RayClusterReplicaSet RoleSet StormService",
        "policies.kyverno.io": "DeletingPolicy GeneratingPolicy ImageValidatingPolicy MutatingPolicy "
        "NamespacedDeletingPolicy NamespacedGeneratingPolicy NamespacedImageValidatingPolicy NamespacedMutatingPolicy "
        "NamespacedValidatingPolicy PolicyException ValidatingPolicy",
        "pool.kubevirt.io": "VirtualMachinePool",
        "policy.kubeedge.io": "ServiceAccountAccess",
        "policy.linkerd.io": "HTTPRoute",
        "node.k8s.io": "RuntimeClass",
        "policy.networking.k8s.io": "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy",
        "policy.sigstore.dev": "ClusterImagePolicy TrustRoot",
        "production-stack.vllm.ai": "CacheServer LoraAdapter VLLMRouter VLLMRuntime",
        "projectcontour.io": "HTTPProxy",
        "projectcalico.org": "FelixConfiguration GlobalNetworkPolicy GlobalNetworkSet HostEndpoint NetworkPolicy "
        "NetworkSet PacketCapture StagedGlobalNetworkPolicy StagedKubernetesNetworkPolicy StagedNetworkPolicy Tier",
        "raven.openyurt.io": "Gateway",
        "ray.io": "RayCluster RayCronJob RayJob RayService",
        "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding Role RoleBinding",
        "reliablesyncs.kubeedge.io": "ClusterObjectSync ObjectSync",
        "route.openshift.io": "Route",
        "rules.kubeedge.io": "Rule RuleEndpoint",
        "sailoperator.io": "Istio",
        "security.istio.io": "AuthorizationPolicy PeerAuthentication RequestAuthentication",
        "sedna.io": "*",
        "serving.knative.dev": "Configuration DomainMapping Revision Route Service",
        "serving.kserve.io": "ClusterServingRuntime InferenceGraph InferenceService LLMInferenceService "
        "LLMInferenceServiceConfig LocalModelCache LocalModelNamespaceCache LocalModelNode LocalModelNodeGroup "
        "Predictor ServingRuntime TrainedModel",
        "serving.kubeflow.org": "InferenceService",
        "site.superedge.io": "NodeGroup NodeUnit",
        "source.toolkit.fluxcd.io": "Bucket GitRepository HelmChart HelmRepository OCIRepository",
        "split.smi-spec.io": "TrafficSplit",
        "superedge.io": "DeploymentGrid ServiceGrid StatefulSetGrid",
        "templates.gatekeeper.sh": "ConstraintTemplate",
        "tinkerbell.org": "Hardware Template Workflow",
        "topology.tanzu.vmware.com": "AvailabilityZone",
        "traefik.io": "TraefikService",
        "trainer.kubeflow.org": "ClusterTrainingRuntime TrainJob TrainingRuntime",
        "trustyai.opendatahub.io": "GuardrailsOrchestrator NemoGuardrails",
        "user.openshift.io": "Group",
        "vmoperator.vmware.com": "VirtualMachine VirtualMachineClass VirtualMachineImage",
        "vmware.cluster.gke.io": "*",
        "vmware.infrastructure.cluster.x-k8s.io": "*",
        "vpcresources.k8s.aws": "SecurityGroupPolicy",
        "work.karmada.io": "Work",
        "work.open-cluster-management.io": "ManifestWork ManifestWorkReplicaSet",
    }.items()
}
"""By API group: its kinds, `*` where every kind of the group matters. A test holds it against tables and builders."""

NAME_ONLY = frozenset({("", "Secret")})
"""Kinds of which only metadata is asked: their values are no business of a scan."""

NATIVE = frozenset(
    {
        "", "apps", "batch", "policy", "autoscaling", "networking.k8s.io", "rbac.authorization.k8s.io",
        "storage.k8s.io", "apiextensions.k8s.io", "admissionregistration.k8s.io", "apiregistration.k8s.io",
        "scheduling.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "node.k8s.io", "certificates.k8s.io",
        "authentication.k8s.io", "authorization.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io",
        "resource.k8s.io", "internal.apiserver.k8s.io", "storagemigration.k8s.io",
    }
)  # fmt: skip
"""The groups that come with Kubernetes: of these, a kind that is not in the table opens nothing."""
INERT_GROUPS = frozenset({"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"})
"""Groups of measures, whose servers are often away."""

_PLURALS = {
    "Endpoints": "endpoints",
    "NemoGuardrails": "nemoguardrails",
    "AgentgatewayParameters": "agentgatewayparameters",
    "Hardware": "hardware",
}


def listed(group: str, kind: str) -> bool:
    """Whether some rule looks at objects of this kind."""
    kinds = LISTED.get(group, frozenset())
    return kind in kinds or "*" in kinds


def wanted(group: str, kind: str) -> bool:
    """Whether a live scan asks for a kind that is served: some rule looks at it, or no table knows what it does.

    A custom kind that nobody knows may run pods or lead to a model, as it may in a file.
    """
    if listed(group, kind):
        return True
    return group not in NATIVE and group not in INERT_GROUPS and not tables.is_inert(kind, group)


def plural(kind: str) -> str:
    """The resource name of a kind, as kube conventions make it; what a server serves is asked of the server."""
    if kind == "*" or kind in _PLURALS:
        return _PLURALS.get(kind, kind)
    name = kind.lower()
    if name.endswith("y") and name[-2:-1] not in ("a", "e", "i", "o", "u"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def permissions() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each API group with the resource names that a scan lists in it, both sorted."""
    for group, kinds in sorted(LISTED.items()):
        yield group, ("*",) if "*" in kinds else tuple(sorted(plural(kind) for kind in kinds))
