"""Every object that holds others, opened: by kind, with what decides whether its objects are in the same cluster.

Facts: the CRDs of crossplane-contrib/provider-kubernetes (Object, ProviderConfig; `InjectedIdentity` is the provider's
own cluster; `Observe` alone writes nothing), of open-cluster-management-io/api (ManifestWork), of karmada-io/karmada
(Work), of rancher/fleet (Bundle; `fleet-local` is the cluster itself) and of kubernetes-sigs/cluster-api
(ClusterResourceSet: each value of the ConfigMaps and Secrets that it names is applied).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from scanner.resource import Attrs, Unread, dig, items_of
from scanner.sources.kubernetes.inside.capsule import resource, tenant
from scanner.sources.kubernetes.inside.compositions import application, composition
from scanner.sources.kubernetes.inside.held import Holder, Inner, each, text, texts, unpacked, values
from scanner.sources.kubernetes.inside.others import Lines, Others, doubt
from scanner.sources.kubernetes.inside.template import template
from scanner.unknown import Unknown

DEEPEST = 5
PROCESSED = frozenset({"Template", "TemplateInstance", "Composition"})
"""Kinds whose objects are in the lists of a cluster once somebody has them made."""


Way = Callable[[Holder, Others], Iterator[Inner | Unread]]


def holders(found: Iterable[Holder]) -> list[Holder]:
    """Those that may hold other objects."""
    return [one for one in found if (one.group, one.kind) in WAYS]


def opened(
    every: Sequence[Holder], lines: Lines = lambda _: (), *, live: bool = False
) -> Iterator[tuple[Holder, Inner | Unread]]:
    """What every holder holds, and what its objects hold in turn, with the outermost holder.

    live: the objects are those of a cluster, so that a Template in it makes nothing before somebody has it processed,
    and what a holder of the cluster itself has made is in the lists, whether it can be opened or not.
    """
    chosen = [one for one in holders(every) if not live or one.kind not in PROCESSED]
    if not chosen:
        return
    others = Others(every, lines, live)
    for outer in chosen:
        waiting = [(outer, 0)]
        while waiting:
            holder, depth = waiting.pop()
            shown = live and holder.possible is None and doubt(holder, others) is None
            for one in WAYS[holder.group, holder.kind](holder, others):
                if isinstance(one, Inner):
                    one = replace(one, possible=holder.possible or one.possible)
                    value = one.value
                    inner = Holder(outer.path, value, one.origin, one.possible) if isinstance(value, Attrs) else None
                    if inner is not None and depth < DEEPEST and holders([inner]):
                        waiting.append((inner, depth + 1))
                elif shown:
                    continue
                yield outer, one


def _crossplane(holder: Holder, others: Others) -> Iterator[Inner | Unread]:
    """The manifest of an Object; its name is the Object's where none is written."""
    spec = holder.value.get("spec")
    policies = items_of(dig(spec, "managementPolicies")) or items_of(dig(spec, "managementPolicy"))
    if policies and all(one == "Observe" for one in policies):
        return
    possible = doubt(holder, others)
    manifest = dig(spec, "forProvider", "manifest")
    where = holder.place("spec", "forProvider", "manifest")
    if isinstance(manifest, Attrs):
        metadata = dig(manifest, "metadata")
        named = Attrs(metadata, metadata.marks) if isinstance(metadata, Attrs) else Attrs()
        named.setdefault("name", holder.name)
        if holder.namespace:
            named.setdefault("namespace", holder.namespace)
        manifest = Attrs({**manifest, "metadata": named}, manifest.marks)
    if manifest is not None:
        yield from values(holder, iter([(manifest, where)]), possible, "write the manifest out")
    if any(dig(one, "patchesFrom") is not None for one in items_of(dig(spec, "references"))):
        yield holder.unread(holder.place("spec", "references"), "values are copied into it", "write the manifest out")


def _work(holder: Holder, others: Others) -> Iterator[Inner | Unread]:
    """The manifests of a ManifestWork, or of a Work of Karmada, for the cluster that its namespace names."""
    manifests = each(holder, "spec", "workload", "manifests")
    yield from values(holder, manifests, doubt(holder, others), "write the manifests out")


def _works(holder: Holder, others: Others) -> Iterator[Inner | Unread]:
    """The manifests of a ManifestWorkReplicaSet, for the clusters that its placements select."""
    path = ("spec", "manifestWorkTemplate", "workload", "manifests")
    yield from values(holder, each(holder, *path), doubt(holder, others), "write the manifests out")


def _template(holder: Holder, _: Others) -> Iterator[Inner | Unread]:
    yield from template(holder)


def _instance(holder: Holder, _: Others) -> Iterator[Inner | Unread]:
    """The Template that a TemplateInstance has processed; its values may stand in a Secret."""
    cause = f"what is made of the template in `{holder.address}` is not known"
    listed = ((value, holder.place("spec", "template")) for value in (dig(holder.value, "spec", "template"),) if value)
    yield from values(holder, listed, Unknown(cause, decided_by=(holder.address,)), "scan the output of `oc process`")
    if dig(holder.value, "spec", "secret") is not None:
        where = holder.place("spec", "secret")
        yield holder.unread(where, "its parameters stand in a Secret", "scan the output of `oc process`")


def _composition(holder: Holder, _: Others) -> Iterator[Inner | Unread]:
    yield from composition(holder)


def _application(holder: Holder, others: Others) -> Iterator[Inner | Unread]:
    yield from application(holder, doubt(holder, others))


def _tenant(holder: Holder, others: Others) -> Iterator[Inner | Unread]:
    yield from tenant(holder, others.spaces())


def _tenant_resource(holder: Holder, others: Others) -> Iterator[Inner | Unread]:
    yield from resource(holder, others.spaces())


def _bundle(holder: Holder, others: Others) -> Iterator[Inner | Unread]:
    """The files of a Fleet Bundle; a chart or a kustomization among them needs rendering."""
    possible = doubt(holder, others)
    remedy = "scan what `fleet` renders of it"
    names = {text(dig(one, "name")).rpartition("/")[2] for one, _ in each(holder, "spec", "resources")}
    if names & {"Chart.yaml", "kustomization.yaml", "kustomization.yml"} or dig(holder.value, "spec", "helm", "chart"):
        yield holder.unread(holder.place("spec"), "it needs rendering", remedy)
        return
    for index, (one, _) in enumerate(each(holder, "spec", "resources")):
        name, content = text(dig(one, "name")), dig(one, "content")
        where = holder.place("spec", "resources", index, "content")
        written = unpacked(content, text(dig(one, "encoding"))) if isinstance(content, str) else None
        if name.rpartition("/")[2] == "fleet.yaml" or (name and not name.endswith((".yaml", ".yml", ".json"))):
            continue
        if written is None:
            yield holder.unread(where, f"the content of `{name or '*'}` cannot be read", remedy)
        else:
            yield from texts(holder, written, where, possible, remedy, others.lines(holder.path))


def _resource_set(holder: Holder, others: Others) -> Iterator[Inner | Unread]:
    """The ConfigMaps and Secrets that a ClusterResourceSet applies to the clusters that it selects."""
    possible = doubt(holder, others)
    for one, where in each(holder, "spec", "resources"):
        kind, name = text(dig(one, "kind")), text(dig(one, "name"))
        remedy = f"give the {kind or 'object'} `{name}`"
        named = [each for each in others.of("", kind) if (each.name, each.namespace) == (name, holder.namespace)]
        if not named:
            yield holder.unread(where, f"the {kind or 'object'} `{name or '*'}` is not in the inputs", remedy)
        for source in named:
            yield from _data(source, possible, remedy, others)


def _data(source: Holder, possible: Unknown | None, remedy: str, others: Others) -> Iterator[Inner | Unread]:
    for part in ("data", "stringData"):
        held = source.value.get(part)
        packed = "base64" if (source.kind, part) == ("Secret", "data") else ""
        for key, value in held.items() if isinstance(held, Attrs) else ():
            where = source.place(part, key)
            written = unpacked(value, packed) if isinstance(value, str) else None
            if written is None:
                yield source.unread(where, f"`{key}` cannot be read", remedy)
            else:
                yield from texts(source, written, where, possible, remedy, others.lines(source.path))
        if isinstance(held, Unknown):
            yield source.unread(source.place(part), held.cause, remedy)


WAYS: dict[tuple[str, str], Way] = {
    ("kubernetes.crossplane.io", "Object"): _crossplane,
    ("kubernetes.m.crossplane.io", "Object"): _crossplane,
    ("work.open-cluster-management.io", "ManifestWork"): _work,
    ("work.open-cluster-management.io", "ManifestWorkReplicaSet"): _works,
    ("work.karmada.io", "Work"): _work,
    ("template.openshift.io", "Template"): _template,
    ("", "Template"): _template,
    ("template.openshift.io", "TemplateInstance"): _instance,
    ("apiextensions.crossplane.io", "Composition"): _composition,
    ("core.oam.dev", "Application"): _application,
    ("capsule.clastix.io", "Tenant"): _tenant,
    ("capsule.clastix.io", "TenantResource"): _tenant_resource,
    ("capsule.clastix.io", "GlobalTenantResource"): _tenant_resource,
    ("fleet.cattle.io", "Bundle"): _bundle,
    ("addons.cluster.x-k8s.io", "ClusterResourceSet"): _resource_set,
}
"""By group and kind: how its objects are taken out."""
