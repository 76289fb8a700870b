"""Whether a mesh is installed in a cluster, by its control plane, and what its own settings say."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.draft import World
from scanner.builders.edges import Doubt, doubt_of
from scanner.builders.inventory import text_of
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.mesh.attributes import LOCAL, Trust
from scanner.builders.mesh.patterns import DEFAULT_NORMALISATION, NORMALISATIONS
from scanner.patterns import lazy
from scanner.podspec import containers, pod_templates
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value, unknowns_in
from scanner.yamltext import Document, documents

ROOT = "istio-system"
AKS_ROOT = "aks-istio-system"
_CONTROL_PLANE = lazy(r"(^|/)pilot(-distroless)?([:@]|$)|istiod|proxyv2.*discovery")
_ZTUNNEL = lazy(r"(^|/)ztunnel([:@-]|$)")
_CHARTS = {
    "HelmChart": ("spec", "chart"),
    "HelmRelease": ("spec", "chart", "spec", "chart"),
    "Application": ("spec", "source", "chart"),
    "helm_release": ("chart",),
}
_SINGLE = ("set", "set_list", "set_sensitive")
"""Blocks of a release that set one value each."""
_INJECTOR = "istio-sidecar-injector"


class Sign(Struct, frozen=True):
    """One resource that shows a part of a mesh: "istiod", "ztunnel" or "injector".

    root: the namespace of the control plane, "" where it is not said. settings: of the mesh, None where not shown.
    """

    part: str
    resource: Resource
    root: str | Unknown = ""
    settings: Value = None
    revision: str = ""
    doubt: Doubt | None = None


class Installed(Struct, frozen=True):
    """What is known of the mesh of one cluster.

    control: whether a control plane runs; ztunnel: likewise. signs: addresses that say so. unsure: what would decide.
    revisions: the names by which namespaces may ask for injection. everywhere: whether all namespaces are injected.
    ports: the settings of all sidecars that say which ports they capture.
    """

    control: Match
    ztunnel: Match
    signs: tuple[str, ...]
    unsure: tuple[str, ...]
    root: str | Unknown
    trust: Trust
    normalisation: str | Unknown
    revisions: frozenset[str]
    everywhere: Match
    ports: tuple[Value, ...] = ()

    @property
    def doubt(self) -> Doubt:
        """Why a mesh that is only named closes nothing: what would show that it runs."""
        return Doubt("mesh-unknown", self.unsure or ("the control plane of the mesh",))


def installed(world: World, unit: str, resources: list[Resource]) -> Installed:
    """The mesh of the cluster of `unit`, by signs in the unit and by the managed cluster that it joins."""
    found = [*_signs(resources), *_managed(world, unit)]
    return of_signs(found, [*resources])


def of_signs(found: list[Sign], resources: list[Resource]) -> Installed:
    """What signs and the settings among `resources` say together."""
    sure = [one for one in found if one.doubt is None]
    settings: list[Value] = [one.settings for one in found if one.settings is not None]
    settings += [value for one in resources for value in _config_map(one)]
    control = [one for one in found if one.part in ("istiod", "injector")]
    roots = [one.root for one in control if one.root]
    loose = any(isinstance(one, Unknown) for one in settings)
    namespace = next((one for one in resources if one.kind == "Namespace" and one.name == ROOT), None)
    unsure = {name for one in found if one.doubt for name in one.doubt.decided_by}
    if namespace is not None and not control:
        unsure.add(f"what runs in {namespace.address}")
    return Installed(
        _sure(control),
        _sure([one for one in found if one.part == "ztunnel"]),
        tuple(sorted({one.resource.address for one in sure})),
        tuple(sorted(unsure)),
        _setting(settings, "rootNamespace", next(iter(roots), ROOT)),
        _trust(settings, shown=bool(settings or control), loose=loose),
        _normalisation(settings),
        frozenset(one.revision or "default" for one in sure if one.part in ("istiod", "injector")),
        _everywhere(settings),
        tuple(value for one in settings if (value := dig(one, "global", "proxy")) is not None),
    )


def _sure(found: list[Sign]) -> Match:
    if any(one.doubt is None for one in found):
        return Match.YES
    return Match.MAYBE if found else Match.NO


def _setting(settings: list[Value], key: str, default: str | Unknown) -> str | Unknown:
    """A text of the mesh's settings; not known where two settings differ."""
    found = {value for one in settings if isinstance(value := dig(_mesh(one), key), str) and value}
    unknown = next((value for one in settings if isinstance(value := dig(_mesh(one), key), Unknown)), None)
    if unknown is not None or len(found) > 1:
        return unknown or Unknown(f"`{key}` of the mesh is set twice", decided_by=(f"meshConfig.{key}",))
    return next(iter(found), default)


def _mesh(values: Value) -> Value:
    """The settings of the mesh inside the values of a chart, or themselves."""
    inner = dig(values, "meshConfig")
    return values if inner is None else inner


def _trust(settings: list[Value], *, shown: bool, loose: bool) -> Trust:
    domain = _setting(settings, "trustDomain", "")
    aliases: list[str] = []
    for one in settings:
        listed = items_of(dig(_mesh(one), "trustDomainAliases"))
        loose = loose or any(True for _ in unknowns_in(listed))
        aliases += [alias for alias in listed if isinstance(alias, str)]
    given = next((value for one in settings if isinstance(value := dig(one, "global", "trustDomain"), str)), LOCAL)
    if isinstance(domain, Unknown):
        return Trust(LOCAL, tuple(aliases), sure=False)
    return Trust(domain or given, tuple(sorted(set(aliases))), sure=shown and not loose)


def _normalisation(settings: list[Value]) -> str | Unknown:
    inner = [dig(_mesh(one), "pathNormalization") for one in settings]
    found = _setting(inner, "normalization", DEFAULT_NORMALISATION)
    if isinstance(found, Unknown) or found in NORMALISATIONS:
        return found
    return DEFAULT_NORMALISATION


def _everywhere(settings: list[Value]) -> Match:
    """Whether namespaces without a word of their own are injected; they are not by default."""
    found = [dig(one, "sidecarInjectorWebhook", "enableNamespacesByDefault") for one in settings]
    if any(one is True for one in found):
        return Match.YES
    return Match.MAYBE if any(isinstance(one, Unknown) for one in found) else Match.NO


def _signs(resources: list[Resource]) -> Iterator[Sign]:
    for one in resources:
        possible = doubt_of(one.possible)
        for sign in _of(one):
            yield sign if possible is None else Sign(sign.part, one, sign.root, sign.settings, sign.revision, possible)


def _of(one: Resource) -> Iterator[Sign]:
    revision = text_of(one, "metadata", "labels", "istio.io/rev")
    if one.kind in ("Deployment", "DaemonSet") and one.group == "apps":
        images = [each.image.value for template in pod_templates(one) for each in containers(template.spec)]
        for part, pattern, name in (("istiod", _CONTROL_PLANE, "istiod"), ("ztunnel", _ZTUNNEL, "ztunnel")):
            if any(isinstance(image, str) and pattern.search(image) for image in images):
                yield Sign(part, one, one.namespace, None, revision)
            elif one.name.startswith(name) and any(isinstance(image, Unknown) for image in images):
                yield Sign(part, one, one.namespace, None, revision, Doubt("value-unknown", (f"{one.address}: image",)))
    elif one.kind == "MutatingWebhookConfiguration" and one.name.startswith(_INJECTOR):
        root = dig(one.attrs, "webhooks", 0, "clientConfig", "service", "namespace")
        yield Sign("injector", one, root if isinstance(root, str) else "", None, revision)
    elif one.kind in _CHARTS:
        yield from _chart(one)
    elif one.group == "install.istio.io" and one.kind == "IstioOperator":
        yield from _operated(one, dig(one.attrs, "spec"), "istio-system")
    elif one.group == "sailoperator.io" and one.kind in ("Istio", "IstioRevision"):
        yield from _operated(one, dig(one.attrs, "spec"), text_of(one, "spec", "namespace"))
    elif one.group == "sailoperator.io" and one.kind == "ZTunnel":
        yield Sign("ztunnel", one)
    elif one.group == "maistra.io" and one.kind == "ServiceMeshControlPlane":
        doubt = Doubt("policy-engine-unmodelled", (one.address,))
        yield Sign("istiod", one, one.namespace, dig(one.attrs, "spec"), "", doubt)


def _operated(one: Resource, spec: Value, root: str) -> Iterator[Sign]:
    if isinstance(spec, Unknown):
        yield Sign("istiod", one, root, spec, "", doubt_of(spec))
        return
    values = dig(spec, "values")
    revision = dig(spec, "revision")
    named = revision if isinstance(revision, str) else one.name if one.kind == "Istio" else ""
    own = dig(values, "global", "istioNamespace")
    where = own if isinstance(own, str) else root
    yield Sign("istiod", one, where or ROOT, spec, "" if named == "default" else named)
    if values is not None:
        yield Sign("istiod", one, where or ROOT, values, "" if named == "default" else named)
    if dig(spec, "profile") == "ambient" or dig(values, "profile") == "ambient":
        yield Sign("ztunnel", one, where)


def _chart(one: Resource) -> Iterator[Sign]:
    chart = text_of(one, *_CHARTS[one.kind]).rpartition("/")[2]
    part = {"istiod": "istiod", "ztunnel": "ztunnel", "istio-discovery": "istiod"}.get(chart)
    if part is None:
        return
    target = dig(one.attrs, "namespace") if one.kind == "helm_release" else dig(one.attrs, "spec", "targetNamespace")
    target = target or dig(one.attrs, "spec", "destination", "namespace") or one.namespace
    values = list(_values(one)) or [None]
    revision = next((each for value in values if isinstance(each := dig(value, "revision"), str)), "")
    for value in values:
        root = target if isinstance(target, str | Unknown) else ""
        yield Sign(part, one, root, value, "" if revision == "default" else revision)


def _values(one: Resource) -> Iterator[Value]:
    """The values that a release gives its chart."""
    written = [dig(one.attrs, "spec", "values"), dig(one.attrs, "spec", "source", "helm", "valuesObject")]
    texts = [dig(one.attrs, "spec", "source", "helm", "values"), dig(one.attrs, "spec", "valuesContent")]
    single = items_of(dig(one.attrs, "spec", "source", "helm", "parameters"))
    if one.kind == "helm_release":
        written, texts = [], [*items_of(one.attrs.get("values"))]
        single = [item for key in _SINGLE for item in items_of(one.attrs.get(key))]
    for source in ("valuesFrom", "valueFiles"):
        if dig(one.attrs, "spec", source) or dig(one.attrs, "spec", "source", "helm", source):
            yield Unknown(f"the values of `{one.address}` stand elsewhere", decided_by=(f"{one.address}: {source}",))
    yield from (_nested(dig(item, "name"), dig(item, "value"), one) for item in single)
    yield from (value for value in written if value is not None)
    for text in texts:
        if isinstance(text, Unknown):
            yield text if text.document is None else text.document
        elif isinstance(text, str):
            yield from (each.value for each in documents(text, one.address) if isinstance(each, Document))


def _nested(name: Value, value: Value, one: Resource) -> Value:
    """One value by its dotted path, as a document; not known where the path is not."""
    if not isinstance(name, str):
        return Unknown(f"a value of `{one.address}` is not known", decided_by=(one.address,))
    made: Value = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    for key in reversed(name.split(".")):
        made = {key: made}
    return made


def _config_map(one: Resource) -> Iterator[Value]:
    if one.kind == "ConfigMap" and (one.name == "istio" or one.name.startswith("istio-")):
        text = dig(one.attrs, "data", "mesh")
        if isinstance(text, Unknown):
            yield text
        elif isinstance(text, str):
            yield from (each.value for each in documents(text, one.address) if isinstance(each, Document))


def _managed(world: World, unit: str) -> Iterator[Sign]:
    """The mesh that a cloud runs in its own clusters."""
    joined = {entry.cluster for entry in world.profile.units if entry.name == unit and entry.cluster}
    units = {one.unit for one in world.inventory.all if one.address in joined or one.id in joined} - {unit}
    for one in world.inventory.of("helm_release"):
        if one.unit in units:
            yield from _chart(one)
    for one in world.inventory.of("azurerm_kubernetes_cluster"):
        if one.unit == unit or one.address in joined or one.id in joined:
            for profile in items_of(one.attrs.get("service_mesh_profile")):
                mode = dig(profile, "mode")
                doubt = doubt_of(mode) if isinstance(mode, Unknown) else doubt_of(one.possible)
                if isinstance(mode, Unknown) or mode == "Istio":
                    for revision in items_of(dig(profile, "revisions")) or [""]:
                        named = revision if isinstance(revision, str) else ""
                        yield Sign("istiod", one, AKS_ROOT, None, named, doubt)
    for one in world.inventory.of("google_gke_hub_feature_membership"):
        managed = any(dig(each, "management") == "MANAGEMENT_AUTOMATIC" for each in items_of(one.attrs.get("mesh")))
        if one.unit in {unit, *units} and managed:
            yield Sign("istiod", one, ROOT, None, "", doubt_of(one.possible))
    for one in world.inventory.of("google_gke_hub_feature"):
        if one.unit in {unit, *units} and one.attrs.get("name") == "servicemesh":
            # The feature belongs to a fleet: which of its clusters the mesh manages is said elsewhere.
            yield Sign("istiod", one, ROOT, None, "", Doubt("mesh-unknown", (f"the members of {one.address}",)))


def of_resources(resources: list[Resource]) -> Installed:
    """The mesh as the objects of one cluster alone show it."""
    return of_signs([*_signs(resources)], resources)
