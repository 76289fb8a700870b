"""Every source in one reading: files are walked once, then each reader takes what is its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from scanner.errors import UsageError
from scanner.profile import ChartRelease, Unit
from scanner.resource import Reading
from scanner.sources.files import FileSet, run_root, walk
from scanner.sources.terraform import Parsed, SyntaxCache, TerraformOptions, find_roots, read_root
from scanner.sources.units import live_units, unit_name

if TYPE_CHECKING:
    from scanner.sources.kubernetes.checkouts import Said
    from scanner.sources.kubernetes.helm import ChartEntry
    from scanner.sources.kubernetes.not_shown import Known
    from scanner.sources.recorded import Lean
    from scanner.sources.terraform.config import Config

_TERRAFORM = (".tf", ".tofu", ".tfvars", ".tf.json", ".tofu.json", ".tfvars.json")
_OTHERS = (
    ".jsonnet", ".cue", ".pkl", "pklproject", ".dhall", ".ncl", ".k", "cdk8s.yaml", "cdk8s.yml", "cdktf.json", ".nomad",
    ".nomad.json", ".hcl", ".tm", ".container", ".kube", ".pod", "sst.config.ts", "sst.config.js", "sst.config.mjs",
    "serverless.ts", "serverless.js", "fly.toml", "dockerrun.aws.json", "acornfile", ".tftest.json", ".tofutest.json",
)  # fmt: skip
"""The ends of the names of files of other tools (`generators`), which is loaded only where there is one."""
_HOLDERS = (
    *("kubernetes_", "kubectl_", "helm_", "argocd_", "flux_", "google_gke_hub_feature"),
    *("azurerm_kubernetes_flux_configuration", "azurerm_arc_kubernetes_flux_configuration"),
)
"""Types of Terraform resources that may carry objects of Kubernetes, or have them delivered."""

__all__ = ["Live", "ReadRequest", "read_all", "run_root"]


class AwsAsked(Struct, frozen=True):
    """How AWS is asked. profile: of the CLI's settings. regions: () for all that are on. accounts: numbers, () for the
    own one. organisation: all accounts of it in place of a list. role, external_id: of the role that is assumed in each
    account but the own one; session_policy: narrowed to what a scan asks. share: of the published rates. deadline: s, 0
    for none. workers: places asked at once. executor: of a cluster that asks in its place. operations: None for all.
    """

    profile: str = ""
    regions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    role: str = ""
    external_id: str = ""
    organisation: bool = False
    session_policy: bool = True
    share: float = 0.5
    deadline: float = 0.0
    workers: int = 16
    executor: str = ""
    operations: frozenset[str] | None = None

    def asks(self, operation: str) -> bool:
        """Whether a read is made."""
        return self.operations is None or operation in self.operations


class Live(Struct, frozen=True):
    """An API to ask. context, kubeconfig and cluster are those of the command line, "" and None for none given."""

    name: str
    context: str = ""
    kubeconfig: Path | None = None
    cluster: str = ""
    aws: AwsAsked = AwsAsked()


class ReadRequest(Struct, frozen=True):
    """What to read. root: what origins are relative to; profile_dir: what the folders of `units` are relative to."""

    root: Path
    paths: Sequence[Path]
    units: Sequence[Unit] = ()
    charts: Sequence[ChartRelease] = ()
    profile_dir: Path = Path()
    var_files: tuple[Path, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    workspace: str = ""
    cross_check: bool = False
    cache: Path | None = None
    plans: tuple[Path, ...] = ()
    states: tuple[Path, ...] = ()
    bundles: tuple[Path, ...] = ()
    live: tuple[Live, ...] = ()


def read_all(request: ReadRequest) -> Reading:
    """Read Terraform roots and manifests below the paths, then bundles and APIs.

    Raises UsageError where a unit's folder does not exist, a bundle does not, or an API cannot be connected to.
    """
    return with_apis(request, read_files(request))


def with_apis(request: ReadRequest, files: Reading, lean: Lean | None = None) -> Reading:
    """What the files say with what bundles hold and APIs answer; lean: without what may be left out of AWS."""
    merge(whole := Reading(), files)
    if request.bundles or request.live:
        _recorded(request, whole, lean)
    return whole


def read_files(request: ReadRequest) -> Reading:
    """Read Terraform roots and manifests below the paths, with plans and states. Raises UsageError."""
    whole = Reading()
    files = walk(request.root, request.paths)
    whole.unread.extend(files.unread)
    named = _unit_names(request)
    syntax = Parsed(request.cross_check, None if request.cache is None else SyntaxCache(request.cache))
    options = TerraformOptions(
        var_files=request.var_files,
        variables=request.variables,
        environ=request.environ,
        workspace=request.workspace,
        syntax=syntax,
    )
    roots = _roots(request, files, named, options, whole)
    _manifests(request, files.files, named, whole)
    if request.plans or request.states:
        _told(request, whole, roots, options)
    if any(one.kind.startswith(_HOLDERS) for one in whole.resources):
        from scanner.sources.wrapped import unwrap

        unwrap(whole, lambda: _known(request, files.files))
    return whole


def _roots(
    request: ReadRequest, files: FileSet, named: Callable[[Path, str], str], options: TerraformOptions, whole: Reading
) -> list[tuple[Path, str, Reading]]:
    """Read each Terraform root, and each unit of Terragrunt in place of the module that it calls."""

    def unit_of(folder: Path) -> str:
        shown = folder.relative_to(request.root).as_posix()
        return named(folder, "terraform") or unit_name(request.root, shown)

    parts: list[tuple[Path, str, Reading]] = []
    called: set[Path] = set()
    if any(path.name.startswith("terragrunt.") for path in files.files):
        from scanner.sources.terraform.terragrunt import read_unit, terragrunt_units

        for one in terragrunt_units(request.root, files.files, whole, options.syntax):
            unit = unit_of(request.root / one.folder.relative_to(one.files.root))
            parts.append((one.module or one.folder, unit, read_unit(one, unit, options)))
            called.update((one.module,) if one.module is not None else ())
    others = [path for path in files.files if path.name.lower().endswith(_OTHERS)]
    if any(not path.name.endswith(".lock.hcl") for path in others):
        from scanner.sources.generators import of_tools, other_commands

        other_commands(files.files, whole)
        whole.unread.extend(of_tools(request.root, files.files))
    for folder in find_roots(request.root, (*files.files, *files.links), options.syntax):
        if not called or folder.resolve() not in called:
            unit = unit_of(folder)
            parts.append((folder, unit, read_root(request.root, folder, unit, options)))
    for _, _, part in parts:
        merge(whole, part)
    return parts


def _manifests(request: ReadRequest, files: Sequence[Path], named: Callable[[Path, str], str], whole: Reading) -> None:
    """Read what may be a manifest; its reader is loaded only where there is another file than Terraform's."""
    charts = _charts(request)
    if charts or not all(path.name.endswith(_TERRAFORM) for path in files):
        from scanner.sources.kubernetes import read_manifests

        repositories = _repositories(request)
        merge(
            whole,
            read_manifests(
                request.root, files, lambda path: named(request.root / path, "manifests"), charts, repositories
            ),
        )


def _told(
    request: ReadRequest, whole: Reading, read: list[tuple[Path, str, Reading]], options: TerraformOptions
) -> None:
    """Lay plans and states over the roots that they were made from; imported here, as most scans have none."""
    from scanner.sources.terraform.planned import Declared, Root, read_plan, read_state
    from scanner.sources.terraform.read import declared_again, given_in
    from scanner.sources.terraform.roots import configuration, signature_of

    syntax = options.syntax or Parsed()
    told = [one for _, _, part in read for one in part.unread]

    def config(folder: Path) -> Config:
        return configuration(folder, request.root, syntax)

    configs = [config(folder) for folder, _, _ in read]
    roots = [
        Root(
            unit,
            folder.relative_to(request.root).as_posix(),
            signature_of(own),
            frozenset(one.address for one in part.resources),
            tuple(one for one in part.unread if one.kind == "module" and told.count(one) == 1),
            Declared(
                own,
                config,
                given_in(request.root, folder, options),
                partial(declared_again, request.root, folder, unit, options),
            ),
        )
        for own, (folder, unit, part) in zip(configs, read, strict=True)
    ]
    named = {name: unit.name for unit in request.units for name in (*unit.plans, *unit.states)}
    for paths, reader in ((request.states, read_state), (request.plans, read_plan)):
        names = [path.name for path in paths]
        for path in paths:
            shown = path.name if names.count(path.name) == 1 else path.as_posix()
            reader(whole, path, shown, roots, named.get(path.name, f"terraform/{shown}"))


def _recorded(request: ReadRequest, whole: Reading, lean: Lean | None) -> None:
    """Add what bundles hold and APIs answer; imported here, since a scan of files needs none of it."""
    from scanner.sources.recorded import read_bundles, read_live

    unit_of = live_units(request.units)
    names = [path.name for path in request.bundles]
    shown = [path.name if names.count(path.name) == 1 else path.as_posix() for path in request.bundles]
    if request.bundles:
        merge(whole, read_bundles(zip(request.bundles, shown, strict=True), unit_of, lean))
    if request.live:
        merge(whole, read_live(request.live, unit_of, lean))


def merge(whole: Reading, part: Reading) -> None:
    """Add one reader's findings to the whole."""
    whole.resources.extend(part.resources)
    whole.unread.extend(one for one in part.unread if one not in whole.unread)
    whole.inputs.update(part.inputs)
    whole.passed_over.update(part.passed_over)
    whole.bases |= part.bases
    whole.asked.extend(part.asked)
    whole.assumptions |= part.assumptions
    whole.left += part.left


def _charts(request: ReadRequest) -> list[ChartEntry]:
    if not request.charts:
        return []
    from scanner.sources.kubernetes.helm import chart_entries

    return chart_entries(request.root, request.profile_dir, request.charts)


def _known(request: ReadRequest, files: Sequence[Path]) -> Known:
    """Which repositories and charts are certainly among the inputs."""
    from scanner.sources.kubernetes.checkouts import Checkouts
    from scanner.sources.kubernetes.delivery_files import changing
    from scanner.sources.kubernetes.not_shown import Known, installed

    names = [path.as_posix() for path in files]
    checkouts = Checkouts(names, _repositories(request), changing(request.root, names))
    return Known(checkouts, installed(_charts(request), request.root.name))


def _repositories(request: ReadRequest) -> dict[str, list[Said]]:
    """By repository, what the profile says of its checkouts: the folders of units, relative to the root."""
    from scanner.sources.kubernetes.checkouts import Said

    found: dict[str, list[Said]] = {}
    root = request.root.resolve()
    for unit in request.units:
        for folder in (*unit.terraform, *unit.manifests) if unit.repository else ():
            places = [(base / folder).resolve() for base in (request.profile_dir, request.root)]
            inside = [place.relative_to(root).as_posix() for place in places if place.is_relative_to(root)]
            found.setdefault(unit.repository, []).append(Said(tuple(inside), frozenset(unit.revisions)))
    return found


def _unit_names(request: ReadRequest) -> Callable[[Path, str], str]:
    table: list[tuple[Path, str, str]] = []
    for unit in request.units:
        for which, folders in (("terraform", unit.terraform), ("manifests", unit.manifests)):
            for folder in folders:
                places = [(base / folder).resolve() for base in (request.profile_dir, request.root)]
                there = [place for place in places if place.exists()]
                if not there:
                    raise UsageError(f"{unit.origin}: the unit `{unit.name}` names `{folder}`, which is not there")
                table.extend((place, which, unit.name) for place in dict.fromkeys(there))
    table.sort(key=lambda row: -len(row[0].parts))

    def name(path: Path, which: str) -> str:
        full = path.resolve() if table else path
        return next((unit for folder, kind, unit in table if kind == which and full.is_relative_to(folder)), "")

    return name
