"""Settings of network plug-ins by which less is enforced than the policies say: of Calico's agent, and of Cilium's.

Facts: the field documentation of `FelixConfiguration` in projectcalico/api; docs.cilium.io "Policy Enforcement
Modes", "Policy Audit Mode", "Per-node configuration".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from scanner.podspec import command_line, containers, environment, pod_templates
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

WORKLOADS = ("cali", "eni", "azv", "gke", "tap", "veth")
"""How the interfaces of pods are named where Calico alone, or the plug-in of a cloud beside it, makes them."""
CALICO = ("projectcalico.org", "crd.projectcalico.org")


def is_true(value: Value) -> bool:
    """Whether a setting is true, as a boolean or as a word."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_false(value: Value) -> bool:
    """Whether a setting is false, as a boolean or as a word."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def _is(*words: str) -> Callable[[Value], bool]:
    return lambda value: str(value).lower() in words


def _no_interface_of_pods(value: Value) -> bool:
    return not any(one.strip().startswith(WORKLOADS) for one in str(value).split(","))


FELIX: Mapping[str, Callable[[Value], bool]] = {
    "chainInsertMode": _is("append"),
    "dropActionOverride": _is("accept", "logandaccept"),
    "workloadSourceSpoofing": _is("any"),
    "interfacePrefix": _no_interface_of_pods,
    "allowVXLANPacketsFromWorkloads": is_true,
    "allowIPIPPacketsFromWorkloads": is_true,
    "useInternalDataplaneDriver": is_false,
    "externalNodesList": lambda value: bool(items_of(value)),
}
"""By field of Calico's agent, the values by which traffic passes its policies, or bears an address not its own.

`defaultEndpointToHostAction` is not one: it is about traffic to the machine itself, where no policy counts.
"""
CILIUM: Mapping[str, Callable[[Value], bool]] = {
    "enable-policy": _is("never"),
    "policy-audit-mode": is_true,
    "enable-k8s-networkpolicy": is_false,
}
"""By option of Cilium's agent, the values by which policies are not enforced at all, or are only told of."""


def weakened(resource: Resource) -> Iterator[str]:
    """Each setting of an agent that leaves policies without effect, or may, by where it stands."""
    if resource.kind == "FelixConfiguration" and resource.group in CALICO:
        yield from _of(resource, dig(resource.attrs, "spec"), FELIX)
    elif resource.kind == "CiliumNodeConfig" and resource.group == "cilium.io":
        yield from _of(resource, dig(resource.attrs, "spec", "defaults"), CILIUM)
    elif resource.kind == "ConfigMap" and resource.name == "cilium-config":
        yield from _of(resource, dig(resource.attrs, "data"), {"policy-audit-mode": is_true})
    elif resource.kind == "DaemonSet" and resource.name in ("calico-node", "canal", "cilium"):
        yield from _of_agent(resource)


def _of(resource: Resource, given: Value, table: Mapping[str, Callable[[Value], bool]]) -> Iterator[str]:
    if isinstance(given, Unknown):
        yield resource.address
        return
    for key, weak in table.items():
        value = dig(given, key)
        if isinstance(value, Unknown) or (value is not None and weak(value)):
            yield f"{resource.address}: {key}"


def _of_agent(resource: Resource) -> Iterator[str]:
    """What the agent itself is started with: its environment goes before every object."""
    options = {f"--{key}": weak for key, weak in CILIUM.items()}
    names = {f"FELIX_{key.upper()}": weak for key, weak in FELIX.items()}
    names |= {f"CILIUM_{key.upper().replace('-', '_')}": weak for key, weak in CILIUM.items()}
    for container in (one for template in pod_templates(resource) for one in containers(template.spec)):
        words = [str(token.value) for token in command_line(container)]
        for word, after in zip(words, [*words[1:], ""], strict=False):
            option, given, value = word.partition("=")
            said = value if given else "true" if after.startswith("-") or not after else after
            if option in options and options[option](said):
                yield f"{resource.address}: {option}"
        for name, fact in environment(container).items():
            if name in names and (isinstance(fact.value, Unknown) or names[name](fact.value)):
                yield f"{resource.address}: {name}"
