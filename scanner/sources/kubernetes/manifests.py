"""Manifests: YAML and JSON files to Resources; whatever else stands in such a file is named, never dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, Reading, Unread, UnreadKind, dig
from scanner.sources.files import Text, read_text
from scanner.sources.kubernetes import foreign
from scanner.sources.kubernetes.assemble import Found, assemble
from scanner.sources.kubernetes.charts import Charts
from scanner.sources.kubernetes.checkouts import Checkouts, Said
from scanner.sources.kubernetes.delivery_files import changing
from scanner.sources.kubernetes.held_objects import open_holders
from scanner.sources.kubernetes.json_text import json_documents, other_json
from scanner.sources.kubernetes.kustomize import Forest, Kustomization, Rendered
from scanner.sources.kubernetes.kustomize.kustomization import is_kustomization, is_named_as_one, named_folders
from scanner.sources.kubernetes.kustomize.load import Loader
from scanner.sources.kubernetes.not_shown import Known, asked, installed, not_shown
from scanner.sources.kubernetes.objects import expanded, looks_like_object, restore_text
from scanner.sources.kubernetes.shallow import held_back
from scanner.sources.units import unit_name
from scanner.unknown import NOT_RENDERED, Unknown
from scanner.yamltext import BadDocument, Document, documents

if TYPE_CHECKING:
    from scanner.sources.kubernetes.helm import ChartEntry

SUFFIXES = (".yaml", ".yml", ".json")
_TEMPLATE_NAME = lazy(r"\.(?:ya?ml|json)\.(?:j2|jinja2?|tpl|tmpl|gotmpl|erb|in|template|envsubst)\Z", re.IGNORECASE)
_KEY = lazy(r"""^[\s-]*["']?(?:apiVersion|kind)["']?\s*:|[{,]\s*["'](?:apiVersion|kind)["']\s*:""", re.MULTILINE)
_TOP_KEY = lazy(r"""^["']?(?:apiVersion|kind)["']?\s*:|\A\s*\{\s*["'](?:apiVersion|kind)["']\s*:""", re.MULTILINE)
_TEMPLATED = lazy(r"^(?!\s*#).*(?:\{\{|\{%|<%)", re.MULTILINE)
_VERSION = lazy(r"(?:[a-z0-9.-]+/)?v\d+(?:(?:alpha|beta)\d+)?\Z")


def read_manifests(
    root: Path,
    files: Sequence[Path],
    unit_of: Callable[[str], str] | None = None,
    charts: Sequence[ChartEntry] = (),
    repositories: Mapping[str, Sequence[Said]] | None = None,
) -> Reading:
    """Read every manifest among `files`, which are absolute or relative to `root`.

    unit_of: the unit that the profile gives a path, "" where it gives none; then the folder decides.
    charts: how charts are installed; one that none of them names is rendered with its default values.
    repositories: by the address of a repository, the folders that the profile says are of its checkout.
    """
    root = root.resolve()
    paths = sorted(_relative(root, path) for path in files)
    reader = _Reader(root, paths, charts, repositories or {})
    for path in paths:
        reader.file(path)
    return reader.finish(unit_of or (lambda _: ""))


def _relative(root: Path, path: Path) -> str:
    return (path.relative_to(root) if path.is_absolute() else path).as_posix()


class _Reader:
    """One run over the files; objects are collected first, since units and scopes depend on all of them."""

    def __init__(
        self,
        root: Path,
        paths: Sequence[str],
        entries: Sequence[ChartEntry],
        repositories: Mapping[str, Sequence[Said]],
    ) -> None:
        self._root = root
        self._paths = paths
        self._charts = Charts(paths)
        self._reading = Reading()
        self._found: list[Found] = []
        self._forest = Forest()
        self._entries = entries
        self._repositories = repositories
        self._loose: list[FileOrigin] = []
        self._loader = Loader(root, paths)
        self._noted: set[tuple[str, str]] = set()
        self._beside: dict[str, str] = {}
        self._taken: set[str] = set()

    def file(self, path: str) -> None:
        """Read one file, if it is of a kind that this reader knows."""
        name = path.rpartition("/")[2].lower()
        if name.endswith(".bicep"):
            self._foreign(FileOrigin(path, 1), foreign.Format("a Bicep file", True))
            return
        if name.endswith((".tf.json", ".tfvars.json")):
            return
        if not (name.endswith((*SUFFIXES, ".template")) or name == "kustomization" or _TEMPLATE_NAME.search(name)):
            return
        of_chart = self._charts.takes(path)
        if of_chart is not None:
            self._reading.passed_over[path] = of_chart
            return
        self._content(path)

    def _content(self, path: str) -> None:
        read = read_text(self._root, Path(path))
        if isinstance(read, Unread):
            self._reading.unread.append(read)
            return
        if path.lower().endswith(".template") or _TEMPLATE_NAME.search(path) or foreign.is_ytt(read.text):
            self._template(path, read)
            return
        self._reading.inputs[path] = read.sha256
        if not path.lower().endswith(".json"):
            self._documents(path, read.text, list(documents(read.text, path)))
        elif foreign.TELLING.search(read.text):
            self._documents(path, read.text, json_documents(read.text, path))
        else:
            self._documents(path, read.text, other_json(read.text, path))

    def _template(self, path: str, read: Text) -> None:
        """Look at a file whose name says that it is a template: of interest only where it makes objects."""
        known = foreign.by_text(read.text)
        if known is not None:
            self._foreign(FileOrigin(path, 1), known)
        elif _TOP_KEY.search(read.text):
            self._unread(FileOrigin(path, 1), "a template needs rendering", "template", "scan what it renders to")
        else:
            return
        self._reading.inputs[path] = read.sha256

    def _documents(self, path: str, text: str, found: Sequence[Document | BadDocument]) -> None:
        """Sort out the documents of one file; it is passed over only where each of them is."""
        mixed = any(isinstance(one, Document) and looks_like_object(one.value) for one in found)
        reasons, lines = [], text.split("\n")
        for one in found:
            if isinstance(one, Document):
                reasons.append(self._good(path, one, mixed))
            else:
                chunk = "\n".join(lines[one.first_line - 1 : one.last_line])
                reasons.append(self._bad(path, chunk, one, mixed))
        if not found:
            named = foreign.by_path(path)
            empty = "it is no manifest" if path.lower().endswith(".json") else "there is nothing in it"
            if text.lstrip().startswith("%"):
                empty = self._unread(FileOrigin(path, 1), "not valid YAML: directives without a document", "file")
            reasons.append(self._foreign(FileOrigin(path, 1), named) if named else empty)
        if all(reasons):
            self._reading.passed_over[path] = reasons[0]

    def _good(self, path: str, one: Document, mixed: bool) -> str:
        """Take a document that parses; the answer is why it is passed over, "" where it is not."""
        value = one.value
        if isinstance(value, Attrs) and is_kustomization(path, value):
            self._forest.add(Kustomization(path, value, one.origin))
            return ""
        if foreign.is_kubeconfig(value):
            return "a kubeconfig"
        if looks_like_object(value):
            if dig(value, "kind") != "CustomResourceDefinition":
                restore_text(value)
            inside = [Found(path, item, origin) for item, origin in expanded(value, one.origin)]
            self._found.extend(inside)
            return "" if inside else "a list without items"
        known = foreign.by_value(value) or foreign.by_path(path)
        if known is not None:
            return self._foreign(one.origin, known)
        if isinstance(version := dig(value, "apiVersion"), str) and _VERSION.match(version):
            return self._unread(one.origin, "an object without `kind`", "document")
        if mixed:
            return self._unread(one.origin, "it is no object and stands among objects", "document")
        if isinstance(value, str) or (value is not None and is_named_as_one(path)):
            return self._unread(one.origin, "plain text, where objects or settings are expected", "file")
        return "it has no `apiVersion` and `kind`"

    def _bad(self, path: str, chunk: str, one: BadDocument, mixed: bool) -> str:
        """Say what became of a document that does not parse, as `_good` does."""
        known = foreign.by_text(chunk) or (None if _TOP_KEY.search(chunk) else foreign.by_path(path))
        if known is not None:
            return self._foreign(one.origin, known)
        if _TEMPLATED.search(chunk):
            if self._charts.add_template(path):
                self._loose.append(one.origin)
                return "a template of a Helm chart"
            return self._unread(one.origin, "a template needs rendering", "template", "scan what it renders to")
        if mixed or _TOP_KEY.search(chunk) or is_named_as_one(path):
            return self._unread(one.origin, one.cause, "document")
        if _KEY.search(chunk) or not one.legible:
            # Nobody can say what it was before it was broken.
            return self._unread(one.origin, one.cause, "file")
        return f"it is no manifest, and {one.cause}"

    def _unread(self, origin: FileOrigin, cause: str, kind: UnreadKind, remedy: str = "") -> str:
        self._reading.unread.append(Unread(origin, cause, kind, remedy))
        return ""

    def _foreign(self, origin: FileOrigin, known: foreign.Format) -> str:
        """Note another tool's format: unread, once a file, where it can deploy things."""
        if not known.deploys:
            return known.words + (f": {known.remedy}" if known.remedy else "")
        cause = f"{known.words} is not scanned"
        if (origin.path, cause) not in self._noted:
            self._noted.add((origin.path, cause))
            self._unread(origin, cause, "foreign", known.remedy)
        return ""

    def finish(self, unit_of: Callable[[str], str]) -> Reading:
        """The reading, once every file was looked at."""
        rendered = self._rendered()
        declaring = {one.path for one in self._found}
        fragments = self._forest.fragments()
        patches = {path: role for path, role in fragments.items() if path in declaring - self._forest.listed()}
        self._reading.passed_over.update(patches)
        away = patches.keys() | rendered.replaced
        self._beside, self._taken = self._forest.beside(), self._forest.named_files() | rendered.replaced
        kept = [self._listed(one) for one in self._found if one.path not in away]
        kept += [
            Found(one.top.path, obj.value, obj.origin, unit_name(self._root, one.top.folder) if apart else "")
            for one in rendered.renderings
            for apart in (one.top.folder in rendered.apart,)
            for obj in one.objects
        ]
        kept += self._chart_objects()
        kept += self._inside(kept)
        assemble(self._root, self._deliveries(kept), unit_of, self._reading)
        self._reading.unread.sort(key=_place)
        return self._reading

    def _deliveries(self, kept: Sequence[Found]) -> Sequence[Found]:
        """Say what is delivered and is not certainly here; the objects, as they are delivered."""
        some = list(asked(((one.value, one.origin) for one in kept), [one.value for one in kept]))
        if not some:
            return kept
        checkouts = Checkouts(self._paths, self._repositories, changing(self._root, self._paths))
        known = Known(checkouts, installed(self._entries, self._root.name))
        told = list(not_shown(some, known))
        self._reading.unread += [one for one in told if isinstance(one, Unread)]
        self._reading.assumptions.update({one: None for one in told if not isinstance(one, Unread)})
        return held_back(kept, some, checkouts, self._paths)

    def _listed(self, one: Found) -> Found:
        """The object, possible where the kustomization in its folder takes its file in nowhere, and no other does."""
        beside = self._beside.get(one.path.rpartition("/")[0])
        if beside is None or one.path in self._taken or one.path == beside:
            return one
        cause = f"`{beside}` does not list `{one.path}`, which lies beside it"
        return replace(one, possible=one.possible or Unknown(cause, NOT_RENDERED, (f"{beside}: resources",)))

    def _inside(self, kept: Sequence[Found]) -> list[Found]:
        """Take out what objects hold, the certain ones first: of two that are alike the first counts."""
        made: list[Found] = []
        for found in open_holders(kept, self._lines):
            if isinstance(found, Unread):
                self._reading.unread.append(found)
            else:
                made.append(found)
        return sorted(made, key=lambda one: one.possible is not None)

    def _lines(self, path: str) -> list[str]:
        """The lines of a file, to find in it what a text in it says."""
        read = read_text(self._root, Path(path))
        return read.text.split("\n") if isinstance(read, Text) else []

    def _chart_objects(self) -> list[Found]:
        """Render the charts; their files are inputs then, and no longer passed over."""
        if not (folders := self._charts.topmost()):
            return []
        from scanner.sources.kubernetes.helm import render_charts

        made = render_charts(self._root, folders, self._entries, self._charts.templates)
        self._reading.unread.extend(made.unread)
        self._reading.inputs.update(made.inputs)
        self._reading.assumptions.update(dict.fromkeys(made.assumptions))
        for path in made.inputs:
            self._reading.passed_over.pop(path, None)
        for origin in self._loose:
            if made.unused(origin.path):
                cause = "a template that its chart does not use needs rendering"
                self._unread(origin, cause, "template", "scan what it renders to")
        return [Found(path, one.value, one.origin, unit, one.possible) for one, path, unit in made.objects]

    def _rendered(self) -> Rendered:
        """Render the kustomizations that are deployed."""
        rendered = self._forest.render(self._loader, named_folders(one.value for one in self._found))
        self._reading.unread.extend(rendered.unread)
        self._reading.passed_over.update(rendered.passed)
        self._reading.inputs.update(self._loader.inputs)
        for path in self._loader.inputs:
            self._reading.passed_over.pop(path, None)
        return rendered


def _place(one: Unread) -> tuple[str, int, int]:
    at = one.origin
    return (at.path, at.line, at.column) if isinstance(at, FileOrigin) else ("", 0, 0)
