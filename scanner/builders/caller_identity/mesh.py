"""Whether a mesh asks who calls a gateway: the two objects of Istio."""

from __future__ import annotations

from msgspec.structs import replace

from scanner.builders.draft import World
from scanner.builders.k8s_network.pods import Workload
from scanner.builders.k8s_policy.labels import EVERY, Match
from scanner.builders.k8s_policy.model import Pod
from scanner.builders.mesh.attributes import ANYTHING, Call, Request
from scanner.builders.mesh.authorizer import Authorizer
from scanner.builders.mesh.decide import Selected, Verdict, decide
from scanner.builders.mesh.installed import installed
from scanner.builders.mesh.places import templates
from scanner.builders.mesh.policies import refs, selector, within
from scanner.builders.mesh.probes import inference
from scanner.graph.facts_access import CallerIdentity
from scanner.graph.model import Role
from scanner.podspec import PodTemplate, pod_templates
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown

ISTIO = "security.istio.io"
_SOME_PORT = 8443


def build_mesh_identity(world: World) -> None:
    """A fact for each gateway that a RequestAuthentication selects: alone it lets pass who brings no token."""
    meshes: dict[str, Authorizer] = {}
    for node in world.with_role(Role.GATEWAY):
        resource = world.inventory.by_id.get(node.id)
        if resource is None or not resource.is_manifest:
            continue
        for one in world.inventory.of("RequestAuthentication", unit=resource.unit):
            if one.group != ISTIO:
                continue
            mesh = meshes.setdefault(resource.unit, _mesh(world, resource.unit))
            for pod, _ in templates(Workload(resource.address, resource.kind, resource, (resource,), _own(resource))):
                if _selects(one, pod, mesh) is not Match.NO:
                    world.add_fact(node.id, _required(one, pod, mesh))


def _mesh(world: World, unit: str) -> Authorizer:
    resources = [one for one in world.inventory.all if one.unit == unit and one.is_manifest]
    return Authorizer.of(resources, installed(world, unit, resources))


def _own(resource: Resource) -> tuple[tuple[Resource, PodTemplate], ...]:
    return tuple((resource, template) for template in pod_templates(resource))


def _selects(one: Resource, pod: Pod, mesh: Authorizer) -> Match:
    """Whether a RequestAuthentication speaks of a pod: by its selector, in its namespace or from that of the mesh."""
    spec = dig(one.attrs, "spec")
    if refs(spec):
        return Match.NO
    return min(within(one.namespace, pod.namespace, mesh.mesh.root), (selector(spec) or EVERY).match(pod.labels))


def _required(one: Resource, pod: Pod, mesh: Authorizer) -> CallerIdentity:
    """Whether a call without a token is turned away, whoever makes it and whatever it asks for."""
    policies = mesh.selected(pod.namespace, pod.labels)
    found = _without_token(policies, mesh)
    policy = found.policy
    if found.match is Match.YES or policy is None:
        because = f"`{one.address}` reads a token where there is one: no AuthorizationPolicy demands it"
        return CallerIdentity(origin=mark(one.attrs, "metadata", "name") or one.origin, because=because, asked=False)
    if found.match is Match.NO:
        because = f"`{one.address}` reads the token, and `{policy.address}` demands one"
        return CallerIdentity(origin=policy.origin, because=because, asked=one.possible or True)
    because = f"whether `{policy.address}` demands a token of every call is not known"
    unknown = Unknown(because, decided_by=(policy.address,))
    return CallerIdentity(origin=policy.origin, because=because, asked=unknown)


def _without_token(policies: Selected, mesh: Authorizer) -> Verdict:
    call = Call(ANYTHING, _SOME_PORT, Request(claims=None), trust=mesh.trust)
    found = decide(policies, call)
    for request in inference(policies) if found.match is Match.MAYBE else ():
        sure = decide(policies, replace(call, request=request))
        if sure.match is Match.YES:
            return sure
    return found
