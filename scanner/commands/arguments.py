"""What the commands share on the command line: the parser, the inputs of a run, and messages on stderr."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from scanner.commands.arguments_aws import add_accounts, aws_of
from scanner.commands.cache_folder import cache_folder
from scanner.errors import UsageError
from scanner.patterns import lazy

if TYPE_CHECKING:
    from scanner.scan import Request
    from scanner.sources.read import Live

PROFILE = "tether.yaml"
LIVE = ("aws", "kubernetes")
_VARIABLE = lazy(r"[A-Za-z_][\w-]*\Z")
_DAY = lazy(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Parser(ArgumentParser):
    """argparse without abbreviations, and with messages that are safe to print."""

    def __init__(self, **more: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=RawDescriptionHelpFormatter, **more)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave with 2."""
        self.print_usage(sys.stderr)
        complain(message)
        self.exit(2)


def complain(message: str) -> None:
    """One line on stderr."""
    from scanner.reports.safe import safe

    _stderr(f"tether: {safe(message)}\n")


def _stderr(text: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))


def add_inputs(parser: ArgumentParser) -> None:
    """The arguments of every command that reads a deployment."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="files or folders (default: . where no API is read)"
    )
    add_told(parser)
    parser.add_argument(
        "--bundle",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="what `tether collect` recorded; repeatable, shards merge",
    )
    add_live(parser)
    add_reading(parser)


def add_told(parser: ArgumentParser) -> None:
    """What Terraform wrote of its own: each is laid over the root it was made from, if that is read too."""
    parser.add_argument(
        "--plan",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a plan, as `terraform show -json` writes it, - for standard input; repeatable",
    )
    parser.add_argument(
        "--state",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a state file, or a state as `terraform show -json` writes it; repeatable",
    )


def add_live(parser: ArgumentParser, *, required: bool = False) -> None:
    """Which API to read, and with what credentials."""
    parser.add_argument(
        "--live",
        action="append",
        default=[],
        choices=LIVE,
        required=required,
        help="read an API, never writing to it",
    )
    add_cluster(parser)
    add_accounts(parser)


def add_cluster(parser: ArgumentParser) -> None:
    """Which cluster, and how to get there; the kubeconfig is the user's own, and so is the program it may name."""
    parser.add_argument(
        "--kubeconfig", type=Path, metavar="FILE", help="(default: as kubectl finds it, or the pod's own)"
    )
    parser.add_argument("--context", default="", metavar="NAME", help="of the kubeconfig (default: its current one)")
    parser.add_argument(
        "--cluster", default="", metavar="NAME", help="what to call the cluster (default: as the kubeconfig does)"
    )


def add_paths(parser: ArgumentParser) -> None:
    """What to read."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files or folders to read (default: .)")


def add_reading(parser: ArgumentParser) -> None:
    """How to read the inputs, wherever they are."""
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help=f"the settings (default: {PROFILE} in the current folder, if any)"
    )
    parser.add_argument(
        "--lock", type=Path, metavar="FILE", help="what the agreement pins (default: tether.lock beside the profile)"
    )
    add_terraform(parser)


def add_terraform(parser: ArgumentParser) -> None:
    """The values that Terraform is run with, and how much to say."""
    parser.add_argument(
        *("--var", "-var"), action="append", default=[], type=_variable, metavar="NAME=VALUE", help="a root variable"
    )
    parser.add_argument(
        *("--var-file", "-var-file"), action="append", default=[], type=Path, metavar="FILE", help="a file of them"
    )
    parser.add_argument("--workspace", default="", metavar="NAME", help="the Terraform workspace; not known without")
    parser.add_argument(
        "--cross-check", action="store_true", help="read every Terraform file twice; unread where two readers differ"
    )
    parser.add_argument("--no-cache", action="store_true", help="neither use nor keep what earlier runs parsed")
    parser.add_argument("-q", "--quiet", action="store_true", help="no notes on stderr")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more; a traceback for a fault")


def add_rules(parser: ArgumentParser) -> None:
    """Organisation rules: Python that runs, so only where the user points."""
    parser.add_argument(
        "--rules",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="rules of your own, as COMMITMENT/RULE.py; repeatable, and never inside what is scanned",
    )


def add_judged(parser: ArgumentParser) -> None:
    """Some of the rules alone."""
    parser.add_argument(
        "--judge",
        default=(),
        type=_names,
        metavar="LIST",
        help="these rules alone, by name or by commitment, and ask what they need (default: all of them)",
    )


def _names(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.replace(",", " ").split()))
    if not found:
        raise ArgumentTypeError("it names no rule")
    return found


def narrowed_lives(options: Namespace) -> tuple[Live, ...]:
    """The APIs that are asked, each for what the chosen rules need. Raises UsageError for a name of no rule."""
    lives = lives_of(options)
    if not options.judge:
        return lives
    from scanner.catalogue import rules
    from scanner.choice import chosen, narrowed

    some = chosen(options.judge, rules(()))
    return tuple(narrowed(one, some) for one in lives)


def day(text: str) -> date:
    """A day as an argument."""
    try:
        if _DAY.match(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ArgumentTypeError(f"`{text}` is no date as 2027-01-31")


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not _VARIABLE.match(name):
        raise ArgumentTypeError(f"`{text}` is no NAME=VALUE")
    return name, value


def request_of(options: Namespace) -> Request:
    """The request that the arguments make. Raises UsageError for a file that is not there."""
    from scanner.scan import Request

    bundles, live = tuple(getattr(options, "bundle", ())), lives_of(options)
    plans, states = tuple(getattr(options, "plan", ())), tuple(getattr(options, "state", ()))
    paths = tuple(options.paths) or (() if bundles or live or plans or states else (Path(),))
    for path in (*paths, *options.var_file, *plans, *states):
        if not path.exists() and str(path) != "-":
            raise UsageError(f"`{path}` does not exist")
    profile = profile_of(options.profile)
    return Request(
        paths=paths,
        profile=profile,
        lock=lock_of(options.lock, profile),
        var_files=tuple(options.var_file),
        variables=tuple(options.var),
        environ=terraform_environment(),
        rules_dirs=tuple(getattr(options, "rules", ())),
        as_of=getattr(options, "as_of", None) or today(),
        workspace=options.workspace,
        plans=plans,
        states=states,
        bundles=bundles,
        live=live,
        lean=True,
        judged=tuple(getattr(options, "judge", ())),
        cross_check=options.cross_check,
        cache=None if options.no_cache else cache_folder(os.environ),
    )


def lives_of(options: Namespace) -> tuple[Live, ...]:
    """The APIs that are asked. Raises UsageError for an argument that no API would use."""
    from scanner.sources.read import Live

    asked = tuple(dict.fromkeys(getattr(options, "live", ())))
    given = [name for name in ("kubeconfig", "context", "cluster") if getattr(options, name, None)]
    if given and "kubernetes" not in asked:
        raise UsageError(f"--{given[0]} says how to reach a cluster, and --live kubernetes is not given")
    aws = aws_of(options, given="aws" in asked)
    return tuple(Live(name, options.context, options.kubeconfig, options.cluster, aws) for name in asked)


def profile_of(given: Path | None) -> Path | None:
    """The settings file: the one given, else the one in the current folder, else none."""
    if given is not None:
        return given
    return Path(PROFILE) if Path(PROFILE).is_file() else None


def lock_of(given: Path | None, profile: Path | None) -> Path | None:
    """The lock: the one given, else the one beside the profile, if any. Raises UsageError for one without a profile."""
    if profile is None:
        if given is not None:
            raise UsageError("--lock needs the profile that it pins: --profile FILE")
        return None
    from scanner.lock import lock_beside

    beside = lock_beside(profile)
    return given or (beside if beside.is_file() else None)


def terraform_environment() -> tuple[tuple[str, str], ...]:
    """The variables that Terraform takes from the environment."""
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("TF_VAR_")))


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def foreign_profiles(request: Request) -> list[Path]:
    """Settings files at the given paths that are not used: a scanned file never grants its own exemption."""
    found = [path / PROFILE for path in request.paths if (path / PROFILE).is_file()]
    used = request.profile
    return [path for path in found if used is None or not used.exists() or not path.samefile(used)]


def note_foreign_profiles(request: Request, options: Namespace) -> None:
    """Say which settings files were passed over."""
    for path in [] if options.quiet else foreign_profiles(request):
        complain(f"note: `{path}` is scanned, not used as settings; --profile {path} would use it")
