"""Who answers a mutating webhook rewrites every pod that it is asked about, those of models and of the stack included.

Who answers a validating one turns pods or their guards away: it counts where a tenant answers, or may answer. One on
the machine of the API server itself is of the platform.

Source: Kubernetes, "Dynamic Admission Control": the patch in an answer may change any field of the object.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.admission.answering import answerer
from scanner.builders.admission.rules import conditions, first_gap, matched
from scanner.builders.admission.subjects import Subject, picks, subjects
from scanner.builders.admission.verifier import Answer
from scanner.builders.draft import World
from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.labels import labels_of
from scanner.graph.model import STACK, Edge, Node, Plane, State
from scanner.origin import Origin
from scanner.podspec import pod_templates
from scanner.resource import Attrs, Resource, dig, items_of, mark
from scanner.unknown import Value

WEBHOOKS, VALIDATING = "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"
REWRITES = "answers the mutating webhook `{}`, and may change the pods that it is shown"
DENIES = "answers the validating webhook `{}`, and may turn away what it is shown: pods, or what guards them"
GUARDS = frozenset({
    "*", "networkpolicies", "namespaces", "services", "endpoints", "endpointslices", "ingresses", "httproutes",
    "gateways", "rolebindings", "clusterrolebindings", "roles", "clusterroles", "authorizationpolicies",
    "peerauthentications", "ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies", "globalnetworkpolicies",
    "adminnetworkpolicies",
})  # fmt: skip
"""Resources by which models and the stack are guarded or reached."""
OF_THE_CLUSTER = frozenset({
    "clusterroles", "clusterrolebindings", "ciliumclusterwidenetworkpolicies", "globalnetworkpolicies",
    "adminnetworkpolicies",
})  # fmt: skip
"""Those that are in no namespace."""
ANSWERS = "Webhook"
"""The kind of the node for whoever answers a webhook, where no workload of the inputs is seen to."""


def build_mutating_webhooks(world: World) -> None:
    """Add "write" edges from whoever answers a webhook to the members of the stack whose pods it is shown."""
    mine = [one for one in subjects(world) if world.nodes[one.node_id].roles & STACK]
    for hooks in world.inventory.of(WEBHOOKS):
        shown = [one for one in mine if one.unit == hooks.unit]
        for index, hook in enumerate(items_of(hooks.attrs.get("webhooks")) if shown else ()):
            _hook(world, hooks, hook, index, shown)
    tenants = _tenants(world) if mine else frozenset()
    for hooks in world.inventory.of(VALIDATING) if tenants else ():
        shown = [one for one in mine if one.unit == hooks.unit]
        for index, hook in enumerate(items_of(hooks.attrs.get("webhooks")) if shown else ()):
            where = answerer(hook)
            if where is None or where.namespace is None or where.namespace in tenants:
                _hook(world, hooks, hook, index, shown)


def _tenants(world: World) -> frozenset[str]:
    """The namespaces of the tenants that the profile names."""
    named = (*world.profile.tenants_agreed, *world.profile.tenants_excluded)
    return frozenset(one.partition(":")[2] for one in named if one.startswith("namespace:"))


def _hook(world: World, hooks: Resource, hook: Value, index: int, shown: list[Subject]) -> None:
    if (where := answerer(hook)) is not None and where.local:
        return
    here = mark(hooks.attrs, "webhooks", index, "clientConfig") or mark(hooks.attrs, "webhooks", index) or hooks.origin
    called = dig(hook, "name")
    name = called if isinstance(called, str) else hooks.name
    targets: dict[str, Answer] = {}
    for subject in shown:
        unless = conditions(dig(hook, "matchConditions"), name, here)
        asked = first_gap(matched(hook, "rules", subject, name, here), unless)
        if asked.truth is not False:
            before = targets.get(subject.node_id)
            if before is None or asked.truth is True:
                targets[subject.node_id] = asked
    for subject in (one for one in shown if _shows_guards(hooks, hook, one)):
        unsure = Doubt("condition-unevaluable", (f"what `{name}` does to the guards of {subject.resource.address}",))
        targets.setdefault(subject.node_id, Answer(unsure, "", here))
    for source, doubt in _answering(world, hooks, hook) if targets else ():
        for target, asked in targets.items():
            if source != target:
                because = (REWRITES if hooks.kind == WEBHOOKS else DENIES).format(name)
                _edge(world, source, target, because, here, doubt or asked.truth)


def _shows_guards(hooks: Resource, hook: Value, subject: Subject) -> bool:
    """Whether it is shown what guards the subject or leads to it; a selector of namespaces says nothing of a cluster's.

    One that turns away whatever is in namespaces of its own is of no matter to others.
    """
    inside = picks(dig(hook, "namespaceSelector"), subject.space, "") is not False
    for rule in items_of(dig(hook, "rules")):
        for one in items_of(dig(rule, "resources")):
            name = one.partition("/")[0] if isinstance(one, str) else ""
            if not name or (name in GUARDS and (inside or hooks.kind == WEBHOOKS or name in OF_THE_CLUSTER)):
                return True
    return False


def _edge(world: World, source: str, target: str, because: str, here: Origin | None, truth: object) -> None:
    doubt = truth if isinstance(truth, Doubt) else None
    world.add_edge(
        Edge(
            source=source,
            target=target,
            plane=Plane.CONTROL,
            verb="write",
            because=f"it {because}",
            origin=here,
            state=State.OPEN if doubt is None else State.POSSIBLE,
            reason="" if doubt is None else doubt.reason,
            decided_by=() if doubt is None else doubt.decided_by,
            cut=True,
        )
    )


def _answering(world: World, hooks: Resource, hook: Value) -> Iterator[tuple[str, Doubt | None]]:
    """The workloads behind the webhook's Service; whoever is meant, where none is in the inputs or it is a URL."""
    where = answerer(hook)
    found = False
    for one in world.inventory.of("Service", unit=hooks.unit) if where is not None and where.name else ():
        if where is not None and (one.namespace, one.name) == (where.namespace, where.name):
            for node_id, doubt in _behind(world, one) if isinstance(one.attrs, Attrs) else ():
                found = True
                yield node_id, doubt or where.doubt
    if not found:
        name = where.name if where is not None else ""
        shown = f"{where.namespace or '*'}/Service/{name}" if where is not None and name else f"the URL of {hooks.name}"
        address = f"webhook/{shown}"
        node = Node(
            id=f"{hooks.unit}:{address}",
            kind=ANSWERS,
            address=address,
            name=name,
            origin=hooks.origin,
            actor=True,
        )
        yield world.ensure(node).id, Doubt("selector-target-not-in-input", (f"who answers for {shown}",))


def _behind(world: World, service: Resource) -> Iterator[tuple[str, Doubt | None]]:
    selector = dig(service.attrs, "spec", "selector")
    if selector is None:
        return
    for one in world.inventory.all:
        if one.unit != service.unit or one.namespace != service.namespace or not one.kind[:1].isupper():
            continue
        for template in pod_templates(one):
            picked = picks(Attrs({"matchLabels": selector}), labels_of(template.labels), f"{one.address}: labels")
            if picked is not False:
                yield one.id, picked if isinstance(picked, Doubt) else None
