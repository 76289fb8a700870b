"""What a kustomization puts out: resources, generators, components and transformers, in the order of kustomize 5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Unread, UnreadKind, items_of
from scanner.sources.kubernetes.kustomize import generators, specs, transform
from scanner.sources.kubernetes.kustomize.kustomization import LISTING, UNRENDERED, Kustomization
from scanner.sources.kubernetes.kustomize.load import Loaded, Loader
from scanner.sources.kubernetes.kustomize.objects import CannotRender, Obj, at, copied, must_text
from scanner.sources.kubernetes.kustomize.patches import Patcher
from scanner.sources.kubernetes.kustomize.references import fix_references
from scanner.sources.kubernetes.kustomize.replacements import replace_values
from scanner.sources.kubernetes.objects import expanded
from scanner.unknown import Unknown, Value

MAX_OBJECTS = 20_000
MAX_FOLDERS = 2_000
MAX_CHARACTERS = 20_000_000
MAX_IN_ALL = 500_000_000
"""How many characters the kustomizations of a run may read, each file counted as often as it is taken in."""


class Spent(Struct):
    """What the renderings of a run have read so far, in characters."""

    characters: int = 0


_KNOWN = LISTING | frozenset(
    ["namespace", "namePrefix", "nameSuffix", "labels", "commonLabels", "commonAnnotations", "images", "imageTags",
     "replicas", "patches", "patchesStrategicMerge", "patchesJson6902", "configMapGenerator", "secretGenerator",
     "replacements", "components"]
)  # fmt: skip


class Rendering(Struct):
    """What became of one kustomization.

    objects: what it puts out; unread: what of it is not known; used: the files that it takes objects from;
    folders: the kustomizations that it is made of; changes: whether it is more than a list of files; failed: whether
    it could not be rendered, so that the files must be read as they stand.
    """

    top: Kustomization
    objects: list[Obj] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    changes: bool = False
    failed: bool = False


def render(top: Kustomization, every: Mapping[str, Kustomization], loader: Loader, spent: Spent) -> Rendering:
    """Render a kustomization; `every` are those of the run, by folder. Never raises: a failure is an Unread."""
    building = _Building(Rendering(top), every, loader, spent)
    try:
        building.run()
    except CannotRender as error:
        building.fail(error)
    return building.done


class _Building:
    """One rendering."""

    def __init__(self, done: Rendering, every: Mapping[str, Kustomization], loader: Loader, spent: Spent) -> None:
        self._spent = spent
        self.done = done
        self._every = every
        self._loader = loader
        self._open: list[str] = []
        self._settings: list[tuple[FileOrigin, str]] = []
        self._folders = self._read = self._characters = 0

    def run(self) -> None:
        """Render, or raise CannotRender."""
        objects = self._accumulate(self.done.top, [])
        if self.done.changes and self._settings:
            where, key = self._settings[0]
            raise CannotRender(where, f"`{key}` is not understood")
        generators.add_hashes(objects)
        fix_references(objects)
        self.done.objects = [one for one in objects if not transform.local_only(one)]

    def fail(self, error: CannotRender) -> None:
        """Note why the whole could not be rendered."""
        top = self.done.top
        self.done.failed = self.done.changes = True
        cause = f"a kustomize overlay is not rendered: {error.cause}"
        origin = error.origin if isinstance(error.origin, FileOrigin) else top.origin
        self.done.unread = [Unread(origin, cause, "template", error.remedy or _remedy(top))]

    def _soft(self, where: FileOrigin, cause: str, kind: UnreadKind, remedy: str) -> None:
        self.done.unread.append(Unread(where, cause, kind, remedy))

    def _accumulate(self, one: Kustomization, objects: list[Obj]) -> list[Obj]:
        """The objects after a kustomization; a component works on those of who names it."""
        if one.folder in self._open:
            raise CannotRender(one.origin, f"`{one.folder or '.'}` is part of itself")
        self._folders += 1
        if self._folders > MAX_FOLDERS:
            raise CannotRender(one.origin, f"it is made of more than {MAX_FOLDERS} kustomizations")
        self._open.append(one.folder)
        self.done.folders.add(one.folder)
        self._check(one)
        for item, where in one.listed("resources", "bases"):
            self._resource(one, item, where, objects)
        self._generators(one, objects)
        for item, where in one.listed("components"):
            component = self._folder(one, item, where)
            if component is not None:
                if not component.component:
                    raise CannotRender(where, f"`{item}` is no component")
                objects = self._accumulate(component, objects)
        objects = self._transformers(one, objects)
        self._open.pop()
        return objects

    def _check(self, one: Kustomization) -> None:
        """Refuse what is not understood; what only adds objects is left out, and said."""
        if one.problem:
            raise CannotRender(one.origin, one.problem)
        if one is not self.done.top and not set(one.value) - {"apiVersion", "kind", "metadata"}:
            raise CannotRender(one.origin, f"the kustomization in `{one.folder}` is empty")
        for key in ("resources", "bases", "components"):
            for index, item in enumerate(items_of(one.value.get(key))):
                if not isinstance(item, str) or not item:
                    raise CannotRender(
                        at(one.value, key, index, otherwise=one.origin), f"an entry of `{key}` is no text"
                    )
        for key, value in one.value.items():
            if value in (None, "", [], {}) and key in (*_KNOWN, *UNRENDERED, "crds", "openapi", "configurations"):
                continue
            self.done.changes |= key not in LISTING
            if key in UNRENDERED:
                self._soft(one.at(key), f"`{key}` of a kustomization {UNRENDERED[key]}", "template", _remedy(one))
            elif key in ("crds", "openapi", "configurations"):
                self._settings.append((one.at(key), key))
            elif key not in _KNOWN:
                raise CannotRender(one.at(key), f"`{key}` is not understood")
            elif key == "buildMetadata" and "managedByLabel" in items_of(value):
                raise CannotRender(one.at(key), "`managedByLabel` is not understood")

    def _resource(self, one: Kustomization, item: str, where: FileOrigin, objects: list[Obj]) -> None:
        try:
            path = self._loader.path(one.folder, item, where)
        except CannotRender as error:
            self._soft(where, error.cause, "module", error.remedy)
            return
        if not self._loader.is_folder(path):
            found = list(self._from_file(one, item, where, path))
        else:
            base = self._folder(one, item, where)
            if base is None:
                return
            if base.component:
                raise CannotRender(where, f"`{item}` is a component, and listed among resources")
            found = self._accumulate(base, [])
        for new in found:
            now = new.id
            if any(other.id.same(now) for other in objects):
                raise CannotRender(where, f"`{now.kind}/{now.name}` is there twice")
            objects.append(new)

    def _folder(self, one: Kustomization, item: str, where: FileOrigin) -> Kustomization | None:
        """The kustomization in a folder; None where there is none, which is said."""
        try:
            path = self._loader.path(one.folder, item, where)
        except CannotRender as error:
            self._soft(where, error.cause, "module", error.remedy)
            return None
        folder = "" if path == "." else path
        found = self._every.get(folder)
        if found is None:
            raise CannotRender(where, f"there is no kustomization in `{item}`")
        return found

    def _from_file(self, one: Kustomization, item: str, where: FileOrigin, path: str) -> Iterator[Obj]:
        """The objects of a file, as copies."""
        try:
            found = self._loader.documents(one.folder, item, where)
        except CannotRender as error:
            # The file itself is named where it is read; what else there is can be rendered.
            self._soft(where, error.cause, "file", "")
            return
        self.done.used.add(path)
        size = len(self._loader.text(one.folder, item, where)[1])
        self._characters += size
        self._spent.characters += size
        for loaded in found:
            yield from self._objects(loaded, where)

    def _objects(self, loaded: Loaded, where: FileOrigin) -> Iterator[Obj]:
        for value, origin in expanded(copied(loaded.value), loaded.origin):
            if value is None:
                continue
            self._read += 1
            if self._read > MAX_OBJECTS or self._characters > MAX_CHARACTERS or self._spent.characters > MAX_IN_ALL:
                raise CannotRender(where, "it is too large")
            if not isinstance(value, Attrs):
                raise CannotRender(origin, "a resource is no object")
            obj = Obj(value, origin)
            if not obj.id.kind or not obj.id.version or not obj.id.name:
                raise CannotRender(origin, "a resource without `apiVersion`, `kind` or `metadata.name`")
            yield obj

    def _generators(self, one: Kustomization, objects: list[Obj]) -> None:
        for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            listed = one.value.get(key)
            for index, args in enumerate(items_of(listed)):
                where = at(one.value, key, index, otherwise=one.origin)
                common = one.value.get("generatorOptions")
                new, behavior = generators.generate(kind, args, common, self._loader, one.folder, where)
                if isinstance(lost := new.value.get("data"), Unknown):
                    remedy = f"scan the output of `kubectl kustomize {one.folder or '.'}` where it is"
                    self._soft(where, lost.cause, "module", remedy)
                generators.absorb(objects, new, behavior, where)

    def _transformers(self, one: Kustomization, objects: list[Obj]) -> list[Obj]:
        value = one.value
        patcher = Patcher(self._loader, one.folder, lenient=bool(self.done.unread))
        for key, apply in (("patchesStrategicMerge", patcher.strategic), ("patches", patcher.patches)):
            objects = apply(objects, value.get(key), one.at(key))
        if namespace := must_text(value, "namespace", one.origin):
            transform.set_namespace(objects, namespace, one.at("namespace"))
        for key in ("namePrefix", "nameSuffix"):
            if affix := must_text(value, key, one.origin):
                transform.add_affix(objects, affix, suffix=key == "nameSuffix")
        self._labels(one, objects)
        objects = patcher.json_patches(objects, value.get("patchesJson6902"), one.at("patchesJson6902"))
        self._counts_and_images(one, objects)
        replace_values(objects, value.get("replacements"), self._loader, one.folder, one.at("replacements"))
        return objects

    def _labels(self, one: Kustomization, objects: list[Obj]) -> None:
        for label, where in _entries(one, "labels"):
            if label.get("fields"):
                raise CannotRender(at(label, "fields", otherwise=where), "`fields` of a label are not understood")
            transform.set_entries(objects, label.get("pairs"), transform.label_fields(label), where)
        common, notes = one.value.get("commonLabels"), one.value.get("commonAnnotations")
        transform.set_entries(objects, common, specs.COMMON_LABELS, one.at("commonLabels"))
        transform.set_entries(objects, notes, specs.COMMON_ANNOTATIONS, one.at("commonAnnotations"))

    def _counts_and_images(self, one: Kustomization, objects: list[Obj]) -> None:
        for entry, where in _entries(one, "replicas"):
            try:
                transform.set_replicas(objects, entry, where)
            except CannotRender:
                if not self.done.unread:
                    raise
        for key in ("images", "imageTags"):
            for image, where in _entries(one, key):
                transform.set_image(objects, image, where)


def _remedy(one: Kustomization) -> str:
    return f"scan the output of `kubectl kustomize {one.folder or '.'}`"


def _entries(one: Kustomization, key: str) -> Iterator[tuple[Attrs, FileOrigin]]:
    """The mappings in a list of a kustomization. Raises CannotRender for anything else in it."""
    listed: Value = one.value.get(key)
    for index, item in enumerate(items_of(listed)):
        where = at(one.value, key, index, otherwise=one.origin)
        if not isinstance(item, Attrs):
            raise CannotRender(where, f"an entry of `{key}` is no mapping")
        yield item, where
