"""What a right over the Kubernetes API can touch: the stack and the models in manifests, and what their pods read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from scanner.builders.draft import World
from scanner.builders.k8s_identity import DEFAULT
from scanner.graph.model import STACK, Role
from scanner.podspec import pod_templates
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value, unknowns_in

OF_ACCOUNT = "kubernetes.io/service-account-token"
ACCOUNT = "kubernetes.io/service-account.name"
ANYWHERE = "?"


class Names(Struct, eq=False):
    """Names that a pod refers to; `vague` where part of them is not known."""

    known: set[str] = field(default_factory=set)
    vague: bool = False

    def add(self, value: Value) -> None:
        """Note one more name."""
        if isinstance(value, str):
            self.known.add(value)
        self.vague = self.vague or isinstance(value, Unknown)


class Target(Struct, frozen=True, eq=False):
    """A member of the stack, or a model, that manifests declare.

    plural: of its kind, as roles write it. configmaps, secrets, accounts, classes: what its pods read and run as.
    claims: the claims for devices, or the templates of such, that its pods name.
    placed: whether its namespace is known.
    """

    id: str
    unit: str
    namespace: str
    name: str
    group: str
    kind: str
    plural: str
    stack: bool
    model: bool
    configmaps: Names
    secrets: Names
    accounts: Names
    placed: bool = True
    classes: Names = field(default_factory=Names)
    claims: Names = field(default_factory=Names)


def plural(kind: str) -> str:
    """The name of the resource of a kind, as the convention of the API makes it."""
    word = kind.lower()
    if word.endswith(("s", "x", "ch")):
        return word if word == "endpoints" else f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") and not word.endswith(("ay", "ey")) else f"{word}s"


class Cluster(Struct, eq=False):
    """The objects of one unit that rights are held against.

    targets: by namespace, all of them under `*`, those of a namespace that is not known under ANYWHERE.
    objects: (plural, name) of every object, kinds: their plurals, by namespace ("" for objects of the cluster).
    """

    unit: str
    targets: dict[str, list[Target]] = field(default_factory=dict)
    objects: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    kinds: dict[str, set[str]] = field(default_factory=dict)

    def within(self, namespace: str) -> Sequence[Target]:
        """The targets of a namespace, or all of them for `*`."""
        found = self.targets.get(namespace, ())
        vague = self.targets.get(ANYWHERE, ())
        return [*found, *vague] if vague and namespace != "*" else found

    def holds(self, namespace: str, plurals: frozenset[str], name: str = "") -> bool:
        """Whether an object of one of these kinds (and of this name) is declared there."""
        if not name:
            return not plurals.isdisjoint(self.kinds.get(namespace, ()))
        listed = self.objects.get(namespace, ())
        return any((kind, name) in listed for kind in plurals)


def clusters(world: World) -> dict[str, Cluster]:
    """Every unit that has manifests, with its targets and the names of its objects."""
    found: dict[str, Cluster] = {}
    tokens = _tokens(world)
    for resource in world.inventory.objects:
        if resource.data:
            continue
        cluster = found.setdefault(resource.unit, Cluster(resource.unit))
        kind = plural(resource.kind)
        cluster.objects.setdefault(resource.namespace, set()).add((kind, resource.name))
        cluster.kinds.setdefault(resource.namespace, set()).add(kind)
        roles = world.nodes[resource.id].roles
        if roles & {*STACK, Role.MODEL}:
            target = _target(resource, bool(roles & STACK), Role.MODEL in roles, tokens)
            for scope in (target.namespace if target.placed else ANYWHERE, "*"):
                cluster.targets.setdefault(scope, []).append(target)
    return found


def _tokens(world: World) -> dict[tuple[str, str, str], set[str]]:
    """(unit, namespace, service account) -> the Secrets that hold a token of it."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for secret in world.inventory.of("Secret"):
        account = dig(secret.attrs, "metadata", "annotations", ACCOUNT)
        if secret.attrs.get("type") == OF_ACCOUNT and isinstance(account, str):
            found.setdefault((secret.unit, secret.namespace, account), set()).add(secret.name)
    return found


def _target(resource: Resource, stack: bool, model: bool, tokens: dict[tuple[str, str, str], set[str]]) -> Target:
    configmaps, secrets, accounts, classes, claims = (Names() for _ in range(5))
    namespace = resource.namespace or DEFAULT
    for template in pod_templates(resource):
        spec = template.spec
        account = dig(spec, "serviceAccountName") or dig(spec, "serviceAccount") or DEFAULT
        accounts.add(account)
        classes.add(dig(spec, "runtimeClassName"))
        for claim in items_of(dig(spec, "resourceClaims")):
            claims.add(dig(claim, "resourceClaimName") or dig(claim, "resourceClaimTemplateName"))
        if isinstance(account, str):
            secrets.known.update(tokens.get((resource.unit, namespace, account), ()))
        if isinstance(spec, Unknown):
            configmaps.vague = secrets.vague = True
        for kind, name in _references(spec):
            (configmaps if kind == "configmap" else secrets).add(name)
    return Target(
        resource.id, resource.unit, namespace, resource.name, resource.group, resource.kind, plural(resource.kind),
        stack, model, configmaps, secrets, accounts,
        not isinstance(dig(resource.attrs, "metadata", "namespace"), Unknown), classes, claims,
    )  # fmt: skip


def _references(spec: Value) -> Iterator[tuple[str, Value]]:
    """The ConfigMaps and Secrets that a pod reads; what is not known there may be either."""
    for key in ("containers", "initContainers"):
        for container in items_of(dig(spec, key)):
            for source in items_of(dig(container, "envFrom")):
                yield from _pair(source, "configMapRef", "secretRef", "name")
            for entry in items_of(dig(container, "env")):
                yield from _pair(dig(entry, "valueFrom"), "configMapKeyRef", "secretKeyRef", "name")
    for volume in items_of(dig(spec, "volumes")):
        yield from _volume(volume)
        for source in items_of(dig(volume, "projected", "sources")):
            yield from _pair(source, "configMap", "secret", "name")
    for entry in items_of(dig(spec, "imagePullSecrets")):
        yield "secret", dig(entry, "name")


def _volume(volume: Value) -> Iterator[tuple[str, Value]]:
    yield "configmap", dig(volume, "configMap", "name")
    yield "secret", dig(volume, "secret", "secretName")
    yield "secret", dig(volume, "csi", "nodePublishSecretRef", "name")


def _pair(source: Value, configmap: str, secret: str, name: str) -> Iterator[tuple[str, Value]]:
    unknown = next(unknowns_in(source), None) if isinstance(source, Unknown) else None
    yield "configmap", unknown or dig(source, configmap, name)
    yield "secret", unknown or dig(source, secret, name)
