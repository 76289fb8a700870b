"""Kubernetes objects that are models: what each custom resource serves, and how workloads are judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from scanner import tables
from scanner.builders.blocks import Found, at, reach
from scanner.builders.draft import World
from scanner.builders.recognise import reference
from scanner.builders.recognise.containers import Container, Lookup, containers_of, is_kubernetes
from scanner.builders.recognise.served import beside, own_model
from scanner.builders.recognise.signals import Verdict, verdict
from scanner.graph.facts import ModelReference
from scanner.graph.model import Role
from scanner.model_words import image_fact
from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, Resource, dig, mark
from scanner.table_rows import ModelFact
from scanner.unknown import Unknown, Value
from scanner.yamltext import TextError, load_one

NO_REFERENCE = ("spec.selector", "spec.serveConfigV2", "spec.predictor.model.modelFormat.name", "inference.template")
"""Paths of the table that lead to no model's name: they are read in other ways, or say something else."""
OLLAMA = "ollama.ayaka.io"
"""The operator whose `image` is the name of a model in the library of Ollama."""
NEVER = frozenset({"CustomResourceDefinition", "PodTemplate", "ConfigMap", "Secret"})
_FILE = lazy(r"--(?:config|extra[-_]llm[-_]api[-_]options)(?:$|=)")
_IMAGE = lazy(r"image(\.repository)?$")


def model_row(resource: Resource) -> ModelFact | None:
    """The row of the model table that an object's group and kind have."""
    if not is_kubernetes(resource):
        return None
    rows = tables.model_facts("crd")
    return next((row for row in rows if row.group == resource.group and resource.kind in row.kinds), None)


def lookup_in(world: World, resource: Resource) -> Lookup:
    """A look-up in the ConfigMaps (`Secret/NAME`: the Secrets) of the object's own unit and namespace.

    Key "" is the whole `data`.
    """

    def look(name: str, key: str) -> Value:
        kind, slash, rest = name.rpartition("/")
        holder = world.inventory.at(resource.unit, f"{resource.namespace}/{kind or 'ConfigMap'}/{rest}")
        if holder is None:
            return None
        data = _secret(holder) if kind == "Secret" else dig(holder.attrs, "data")
        return dig(data, key) if key else data

    return look


def _secret(holder: Resource) -> Value:
    """The keys of a Secret; its values are nobody's business here."""
    made = Attrs()
    for field in ("data", "stringData"):
        held = dig(holder.attrs, field)
        for key in held if isinstance(held, Mapping) else ():
            where = mark(held, key) or holder.origin
            place = where if isinstance(where, FileOrigin) else None
            cause, decided = f"`{key}` comes from the Secret `{holder.name}`", (f"Secret/{holder.name}",)
            made[key] = Unknown(cause, decided_by=decided, origin=place, secret=True)
            made.marks[key] = where
    return made or None


def object_containers(world: World, resource: Resource) -> Sequence[Container]:
    """The containers of an object, with the values of its ConfigMaps and the arguments of its files put in."""
    bare = containers_of(resource)
    if not bare:
        return bare
    filled = any(dig(one.body, key) for one in bare for key in ("env", "environment", "envFrom"))
    named = any(_FILE.match(word.text) for one in bare for word in one.words)
    if not filled and not named:
        return bare
    lookup = lookup_in(world, resource)
    found = containers_of(resource, lookup)
    if not named:
        return found
    from scanner.builders.recognise.config_files import with_files

    return tuple(with_files(one, lookup) for one in found)


def object_verdict(world: World, resource: Resource) -> Verdict | None:
    """The role that an object seems to have."""
    row = model_row(resource)
    role = row.role if row else ""
    if resource.kind in NEVER or role not in ("", "model", "workload", "job"):
        return None  # what serves by a template is judged where it stands
    if row is not None and role == "model" and not _only_tunes(resource):
        return Verdict(Role.MODEL, row.because)
    return verdict(object_containers(world, resource), resource.kind)


def _only_tunes(resource: Resource) -> bool:
    """A KAITO workspace without `inference` tunes a model, and serves none."""
    return resource.kind == "Workspace" and resource.attrs.get("inference") is None


def object_references(world: World, resource: Resource) -> list[ModelReference]:
    """What a model object serves: by the paths of its kind, then by its containers."""
    row = model_row(resource)
    found = list(_by_paths(world, resource, row)) if row is not None else []
    running = [one for one in object_containers(world, resource) if not one.init]
    # Beside a server, what carries the model's name fetches, converts or watches it.
    for container in [one for one in running if _serves(one)] or running:
        listed = own_model(container)
        told = {one.reference for one in found}
        known = [one for one in listed if not isinstance(one.reference, Unknown) and one.reference not in told]
        if known or (not found and _serves(container)):
            found.extend(known or listed)
        found.extend(beside(container, listed))
    if not found:
        cause = f"nothing written in `{resource.address}` says which model it serves"
        found = [
            _fact(reference.Reference(Unknown(cause, decided_by=(resource.address,))), Found(None, resource.origin))
        ]
    return list({(one.reference, one.digest, one.adapter): one for one in reversed(found)}.values())[::-1]


def _serves(container: Container) -> bool:
    return verdict([container]) is not None


def _by_paths(world: World, resource: Resource, row: ModelFact) -> Iterator[ModelReference]:
    for path in row.model_paths:
        if path in NO_REFERENCE:
            continue
        if path == "spec.model.name" and dig(resource.attrs, "spec", "model", "uri") is not None:
            continue  # beside a URI, the name is the alias that callers use
        for found in at(resource, path.replace("[]", "")):
            if _IMAGE.search(path) and resource.group != OLLAMA:
                yield from _by_image(found)
            elif path.endswith("nimCache.name"):
                yield from _cached(world, resource, found)
            elif isinstance(found.value, (str, Unknown)):
                yield replace(_fact(_named(world, resource, path, found), found), adapter="adapters" in path)
    if resource.kind == "RayService":
        yield from _ray(resource)


def _by_image(found: Found) -> Iterator[ModelReference]:
    row = image_fact(f"{found.text}:")
    if row is not None and row.server == "nim":
        yield _fact(reference.nim(found.text), found)


def _named(world: World, resource: Resource, path: str, found: Found) -> reference.Reference:
    if resource.group == "kaito.sh":
        return reference.of(found.value, path, "kaito")
    if resource.group == OLLAMA:
        return reference.of(found.value, path, "ollama")
    if resource.group == "ome.io" and path == "spec.model.name":
        return _base_model(world, resource, found)
    if path == "spec.predictor.model.storage.path":
        cause = f"`{path}` is relative to a storage secret, which is not shown"
        return reference.Reference(Unknown(cause, decided_by=(path,)))
    return reference.of(found.value, path)


def _base_model(world: World, resource: Resource, found: Found) -> reference.Reference:
    for address in (f"{resource.namespace}/BaseModel/{found.text}", f"ClusterBaseModel/{found.text}"):
        holder = world.inventory.at(resource.unit, address)
        if holder is not None:
            return reference.of(
                dig(holder.attrs, "spec", "storage", "storageUri"), f"{address} spec.storage.storageUri"
            )
    cause = f"the base model `{found.text}` is not in the inputs"
    return reference.Reference(Unknown(cause, decided_by=(f"ClusterBaseModel/{found.text}",)))


def _cached(world: World, resource: Resource, found: Found) -> Iterator[ModelReference]:
    cache = world.inventory.at(resource.unit, f"{resource.namespace}/NIMCache/{found.text}")
    if cache is None:
        return
    for puller in at(cache, "spec.source.ngc.modelPuller"):
        if puller.text.startswith("nvcr.io/nim/"):
            yield _fact(reference.nim(puller.text), puller)
    for name in at(cache, "spec.source.hf.modelName"):
        yield _fact(reference.of(name.value, "spec.source.hf.modelName"), name)


def _ray(resource: Resource) -> Iterator[ModelReference]:
    """The model ids inside `serveConfigV2`, itself a YAML text."""
    for written in at(resource, "spec.serveConfigV2"):
        try:
            document = load_one(written.text, "serveConfigV2").value if isinstance(written.value, str) else None
        except TextError:
            document = None
        for path in ("model_loading_config.model_source", "model_loading_config.model_id"):
            named = [*reach(document, f"applications.args.llm_configs.{path}")]
            for one in named:
                yield _fact(reference.of(one.value, path), Found(one.value, written.origin))
            if named:
                return


def _fact(found: reference.Reference, where: Found) -> ModelReference:
    name: str | Unknown = found.name
    if where.possible is not None and not isinstance(name, Unknown):
        name = where.possible
    return ModelReference(
        origin=where.origin, because="the object names the model here", reference=name, digest=found.digest
    )
