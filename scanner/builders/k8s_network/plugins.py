"""Network plug-ins by what shows them, and which policies each enforces: by kind, version and settings.

Facts: docs.cilium.io "Policy Enforcement Modes" and the Helm reference; docs.tigera.io release notes (admin policies
from v3.29 to v3.31, baseline ones from v3.30, ClusterNetworkPolicy from v3.32 in their place); antrea.io
"AdminNetworkPolicy API Support" (a feature gate, off by default); docs.openshift.com "Network policy APIs";
cloud.google.com "Control cluster-wide communication using network policies" (of Cilium's own the clusterwide alone).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from scanner.builders.inventory import text_of
from scanner.patterns import lazy
from scanner.podspec import command_line, containers, pod_templates
from scanner.resource import Encoded, Resource, dig, items_of
from scanner.unknown import Unknown, Value
from scanner.yamltext import TextError, load_one

PLAIN = frozenset({"NetworkPolicy"})
CILIUM = PLAIN | {"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}
CALICO = PLAIN | {"calico"}
"""`calico` stands for all kinds of Calico's own API."""
ADMIN = frozenset({"AdminNetworkPolicy", "BaselineAdminNetworkPolicy"})
_AGENTS = {
    "cilium": "cilium",
    "calico-node": "calico",
    "canal": "calico",
    "antrea-agent": "antrea",
    "kube-router": "kube-router",
    "ovnkube-node": "ovn",
    "weave-net": "weave",
    "kube-network-policies": "kube-network-policies",
}
"""The DaemonSet of each plug-in, and the word that its image bears: a workload of that name alone enforces nothing."""
_CHART_NAMES = {
    "cilium": "cilium",
    "rke2-cilium": "cilium",
    "calico": "calico",
    "rke2-calico": "calico",
    "rke2-canal": "calico",
    "tigera-operator": "calico",
    "antrea": "antrea",
    "kube-router": "kube-router",
}
_CHARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "helm_release": (("chart",), ("version",)),
    "HelmChart": (("spec", "chart"), ("spec", "version")),
    "HelmRelease": (("spec", "chart", "spec", "chart"), ("spec", "chart", "spec", "version")),
    "Application": (("spec", "source", "chart"), ("spec", "source", "targetRevision")),
}
"""By kind, where a release of a chart says which chart and which version."""
_VALUES = {
    "helm_release": (("values",), ("set",)),
    "HelmChart": (("spec", "valuesContent"), ("spec", "set")),
    "HelmRelease": (("spec", "values"), ("spec", "valuesFrom")),
    "Application": (("spec", "source", "helm"),),
}
_MODE = lazy(r"""policyEnforcementMode["']?\s*[:=]\s*["']?(\w+)""")
_AUDIT = lazy(r"""policyAuditMode["']?\s*[:=]\s*["']?true""", re.IGNORECASE)
_CNI_VERSION = lazy(r"v?(\d+)\.(\d+)\.")
_VERSION = lazy(r"v?3\.(\d+)\.")


class Sign(Struct, frozen=True):
    """A plug-in, and the kinds of policies that it enforces."""

    plugin: str
    enforces: frozenset[str] = PLAIN


def _too_old(version: Value) -> bool:
    """Whether a version of the VPC plug-in is before 1.14, the first that enforces network policies (EKS guide)."""
    found = _CNI_VERSION.match(version) if isinstance(version, str) else None
    return found is not None and (int(found[1]), int(found[2])) < (1, 14)


def terraform_signs(resource: Resource) -> Iterator[Sign | Unknown]:
    """The plug-in that a Terraform resource shows, or the setting that is not known."""
    attrs = resource.attrs
    if resource.kind == "aws_eks_addon" and attrs.get("addon_name") == "vpc-cni":
        if not _too_old(attrs.get("addon_version")):
            yield from _told(resource, attrs.get("configuration_values"))
        if isinstance(version := attrs.get("addon_version"), Unknown):
            yield version
    elif resource.kind == "azurerm_kubernetes_cluster":
        for profile in items_of(attrs.get("network_profile")):
            yield from _azure(dig(profile, "network_policy"), dig(profile, "network_data_plane"))
    elif resource.kind == "google_container_cluster":
        yield from _google(attrs)
    elif resource.kind == "helm_release":
        yield from _chart(resource)


def _told(resource: Resource, settings: Value) -> Iterator[Sign | Unknown]:
    """The VPC plug-in by the settings of its add-on; those that keep its agent from machines, or stop it, cast a doubt.

    Source: the chart `aws-vpc-cni` of aws/eks-charts, whose values the add-on takes.
    """
    told = setting(settings, "enableNetworkPolicy")
    agent, env = setting(settings, "nodeAgent"), setting(settings, "env")
    mode = dig(env, "NETWORK_POLICY_ENFORCING_MODE")
    where = {"nodeAgent.enabled": dig(agent, "enabled")}
    where |= {key: setting(settings, key) for key in ("nodeSelector", "affinity")}
    stops = [
        key for key, value in where.items() if value is not None and not (key == "nodeAgent.enabled" and true(value))
    ]
    if mode is not None and mode not in ("standard", "strict"):
        stops.append("env.NETWORK_POLICY_ENFORCING_MODE")
    if stops and not isinstance(told, Unknown) and true(told):
        cause = f"`{stops[0]}` may keep the agent that enforces policies from running"
        yield Unknown(cause, decided_by=(f"{resource.address}: {stops[0]}",))
    else:
        yield from _if_true(told, Sign("vpc-cni"))


def _azure(policy: Value, plane: Value) -> Iterator[Sign | Unknown]:
    if policy == "cilium" or (plane == "cilium" and not isinstance(policy, Unknown)):
        yield Sign("azure-cilium", CILIUM)
    elif policy == "calico":
        yield Sign("azure-calico", CALICO)
    elif policy == "azure":
        yield Sign("azure-azure")
    else:
        yield from (one for one in (policy, plane) if isinstance(one, Unknown))


def _google(attrs: Mapping[str, Value]) -> Iterator[Sign | Unknown]:
    path, pilot = attrs.get("datapath_provider"), attrs.get("enable_autopilot")
    yield from _if_true(path if isinstance(path, Unknown) else path == "ADVANCED_DATAPATH", Sign("gke"))
    if path == "ADVANCED_DATAPATH" or true(pilot):
        wide = Sign("gke", PLAIN | {"CiliumClusterwideNetworkPolicy"})
        yield from _if_true(attrs.get("enable_cilium_clusterwide_network_policy"), wide)
    for value in (*(dig(one, "enabled") for one in items_of(attrs.get("network_policy"))), pilot):
        yield from _if_true(value, Sign("gke"))


def _if_true(value: Value, sign: Sign) -> Iterator[Sign | Unknown]:
    """The plug-in where the setting that switches it on is true; the setting where it is not known."""
    if isinstance(value, Unknown):
        yield value
    elif true(value):
        yield sign


def object_signs(resource: Resource) -> Iterator[Sign | Unknown]:
    """The plug-in that an object of the cluster shows, or the setting that is not known."""
    if resource.kind == "DaemonSet" and resource.name in _AGENTS:
        yield from _agent(resource, _AGENTS[resource.name])
    elif resource.kind == "DaemonSet" and resource.name == "aws-node":
        if argument(resource, "--enable-network-policy=true"):
            yield Sign("vpc-cni")
    elif resource.kind in _CHARTS:
        yield from _chart(resource)
    elif resource.kind == "ConfigMap" and resource.name == "amazon-vpc-cni":
        yield from _if_true(dig(resource.attrs, "data", "enable-network-policy-controller"), Sign("vpc-cni"))
    elif resource.kind == "ConfigMap" and resource.name == "antrea-config":
        text = dig(resource.attrs, "data", "antrea-controller.conf")
        if isinstance(text, str) and re.search(r"^\s*AdminNetworkPolicy:\s*true", text, re.MULTILINE):
            yield Sign("antrea-gate", ADMIN)
    elif resource.kind == "Installation" and resource.group == "operator.tigera.io":
        yield Sign("calico", CALICO)
    elif resource.kind == "Network" and text_of(resource, "spec", "networkType") == "OVNKubernetes":
        yield Sign("ovn", PLAIN | ADMIN)


def _chart(resource: Resource) -> Iterator[Sign | Unknown]:
    """The plug-in that a release of a chart installs; nothing for certain where its values may switch it off."""
    chart, version = _CHARTS[resource.kind]
    name = _CHART_NAMES.get(text_of(resource, *chart).rpartition("/")[2])
    if name is None:
        return
    if name == "cilium":
        modes = list(_modes(dig(resource.attrs, *path) for path in _VALUES[resource.kind]))
        unknown = next((one for one in modes if isinstance(one, Unknown)), None)
        if "never" in modes or unknown is not None:
            yield from () if unknown is None else (unknown,)
            return
    yield _sign(name, text_of(resource, *version))


def _modes(values: Iterable[Value]) -> Iterator[str | Unknown]:
    """Every `policyEnforcementMode` in some values; what is not known may hold another."""
    for value in values:
        if isinstance(value, Unknown):
            yield from (value,) if value.document is None else _modes((value.document,))
        elif isinstance(value, Encoded):
            yield from _modes((value.document,))
        elif isinstance(value, str):
            yield from (found[1] for found in _MODE.finditer(value))
            yield from ("never" for _ in _AUDIT.finditer(value))
        elif isinstance(value, Mapping):
            if dig(value, "name") == "policyEnforcementMode":
                mode = value.get("value")
                yield mode if isinstance(mode, Unknown) else str(mode)
            audits = value.get(
                "policyAuditMode", value.get("value") if dig(value, "name") == "policyAuditMode" else None
            )
            if audits is not None:
                yield audits if isinstance(audits, Unknown) else "never" if true(audits) else "default"
            for key, one in value.items():
                if key == "policyEnforcementMode" and not isinstance(one, Unknown):
                    yield str(one)
                elif key == "policyEnforcementMode" or key in ("values", "valuesObject", "parameters"):
                    yield from _modes((one,))
        else:
            yield from _modes(items_of(value)) if value is not None and not isinstance(value, int | float) else ()


def _sign(plugin: str, version: str) -> Sign:
    found = _VERSION.match(version)
    minor = int(found[1]) if found else 0
    if plugin == "calico":
        admin = {"AdminNetworkPolicy"} if 29 <= minor < 32 else {"ClusterNetworkPolicy"} if minor >= 32 else set()
        return Sign(plugin, CALICO | admin | ({"BaselineAdminNetworkPolicy"} if 30 <= minor < 32 else set()))
    return Sign(plugin, {"cilium": CILIUM, "ovn": PLAIN | ADMIN}.get(plugin, PLAIN))


def _agent(resource: Resource, word: str) -> Iterator[Sign | Unknown]:
    """The plug-in whose agent a DaemonSet runs, by the image of any of its containers."""
    images = [one.image.value for template in pod_templates(resource) for one in containers(template.spec)]
    known = next((image for image in images if isinstance(image, str) and word in image), None)
    if known is None:
        yield from (image for image in images if isinstance(image, Unknown))
        return
    sign = _sign(word, known.rpartition(":")[2])
    if word == "kube-network-policies":
        flags = {"--admin-network-policy=true": "AdminNetworkPolicy"}
        flags["--baseline-admin-network-policy=true"] = "BaselineAdminNetworkPolicy"
        more = {kind for flag, kind in flags.items() if argument(resource, flag)}
        sign = Sign(word, PLAIN | more)
    yield sign


def argument(resource: Resource, wanted: str) -> bool:
    """Whether a container of the resource is started with exactly this argument."""
    every = (one for template in pod_templates(resource) for one in containers(template.spec))
    return any(token.value == wanted for one in every for token in command_line(one))


def switched_off(settings: Resource) -> Iterator[tuple[frozenset[str], Unknown | None]]:
    """What the agent of Cilium is told not to enforce, by the settings that it reads; what is not known may be so."""
    if settings.name != "cilium-config":
        return
    data = dig(settings.attrs, "data")
    if isinstance(data, Unknown):
        yield CILIUM, data
    mode = dig(data, "enable-policy")
    if mode == "never" or isinstance(mode, Unknown):
        yield CILIUM, mode if isinstance(mode, Unknown) else None
    for key, kind in (
        ("enable-k8s-networkpolicy", "NetworkPolicy"),
        ("enable-cilium-network-policy", "CiliumNetworkPolicy"),
        ("enable-cilium-clusterwide-network-policy", "CiliumClusterwideNetworkPolicy"),
    ):
        value = dig(data, key)
        if isinstance(value, Unknown) or (value is not None and not true(value)):
            yield frozenset({kind}), value if isinstance(value, Unknown) else None


def setting(value: Value, key: str) -> Value:
    """A key of an encoded document, also where only the document inside is known."""
    if isinstance(value, Unknown | Encoded):
        whole = value if isinstance(value, Unknown) else None
        return whole if value.document is None else dig(value.document, key)
    if not isinstance(value, str):
        return dig(value, key)
    try:
        document: Value = json.loads(value)
    except ValueError:
        try:
            document = load_one(value, "").value  # YAML is allowed as well
        except TextError:
            return None
    return dig(document, key)


def true(value: Value) -> bool:
    """Whether a setting is true, as a boolean or as a word."""
    return value is True or (isinstance(value, str) and value.lower() == "true")
