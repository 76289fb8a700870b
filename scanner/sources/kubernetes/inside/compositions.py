"""What Crossplane composes and KubeVela deploys: objects that are written out, and what functions and types fill in.

Facts: crossplane/crossplane `apis/apiextensions/v1` (Composition: `resources[].base` with patches, or a `pipeline` of
functions; function-patch-and-transform has `resources[].base` as well) and its documentation: a composition makes
nothing before somebody asks for what it composes. kubevela/kubevela `apis/core.oam.dev/v1beta1` (Application: a
component of the type `k8s-objects` holds objects, any other is filled in by a definition; `topology` names clusters).
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.resource import Attrs, Unread, dig, items_of
from scanner.sources.kubernetes.inside.held import Holder, Inner, each, text, values
from scanner.unknown import NOT_RENDERED, Unknown, Value

COMPOSED = "scan the output of `crossplane render`"
DEPLOYED = "scan the output of `vela dry-run`"


def composition(holder: Holder) -> Iterator[Inner | Unread]:
    """The resources of a Composition as far as they are written, and by name what fills them in or makes more."""
    cause = f"whether what `{holder.address}` composes is asked for, and with which values, is not known"
    possible = Unknown(cause, NOT_RENDERED, (holder.address,))
    yield from _bases(holder, ("spec", "resources"), possible)
    for index, (step, where) in enumerate(each(holder, "spec", "pipeline")):
        name = text(dig(step, "functionRef", "name")) or "*"
        # What a function does is in its image, whatever it is called; what is written for it to start from is shown.
        yield from _bases(holder, ("spec", "pipeline", index, "input", "resources"), possible)
        yield holder.unread(where, f"the function `{name}` makes it", COMPOSED)
    spec = holder.value.get("spec")
    if isinstance(spec, Unknown) or not (dig(spec, "resources") or dig(spec, "pipeline")):
        yield holder.unread(holder.place("spec"), "neither `resources` nor `pipeline` is known", COMPOSED)


def _bases(holder: Holder, path: tuple[str | int, ...], possible: Unknown) -> Iterator[Inner | Unread]:
    patched: list[str] = []
    for index, (one, _) in enumerate(each(holder, *path)):
        base: Value = dig(one, "base")
        if base is None or items_of(dig(one, "patches")):
            patched.append(text(dig(one, "name")) or str(index))
        if base is not None:
            where = holder.place(*path, index, "base")
            yield from values(holder, iter([(base, where)]), possible, COMPOSED)
    if patched:
        shown = ", ".join(f"`{name}`" for name in patched[:3]) + (" and more" if len(patched) > 3 else "")
        yield holder.unread(holder.place(*path), f"patches fill in {shown}", COMPOSED)


def application(holder: Holder, possible: Unknown | None) -> Iterator[Inner | Unread]:
    """The objects of an Application of KubeVela, and by name the components that a definition fills in."""
    listed = list(each(holder, "spec", "components"))
    for index, (one, where) in enumerate(listed):
        name, kind = text(dig(one, "name")) or "*", text(dig(one, "type")) or "*"
        place = ("spec", "components", index, "properties", "objects")
        if kind != "k8s-objects" or dig(one, "properties", "objects") is None:
            yield holder.unread(where, f"the component `{name}` of the type `{kind}`", DEPLOYED)
            continue
        found = ((_in(value, holder.namespace), origin) for value, origin in each(holder, *place))
        yield from values(holder, found, possible, DEPLOYED)
        if dig(one, "traits") or dig(one, "properties", "urls"):
            yield holder.unread(where, f"the traits of the component `{name}`", DEPLOYED)
    if not listed:
        yield holder.unread(holder.place("spec"), "its components are not known", DEPLOYED)
    if dig(holder.value, "spec", "workflow") is not None:
        yield holder.unread(holder.place("spec", "workflow"), "the steps of its workflow", DEPLOYED)


def _in(value: Value, namespace: str) -> Value:
    """An object in the namespace of its Application, where it names none."""
    metadata = value.get("metadata") if isinstance(value, Attrs) else None
    if not isinstance(value, Attrs) or not isinstance(metadata, Attrs) or "namespace" in metadata or not namespace:
        return value
    return Attrs({**value, "metadata": Attrs({**metadata, "namespace": namespace}, metadata.marks)}, value.marks)
