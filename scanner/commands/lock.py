"""Write what the profile's `agreement` pins: the rules, the tables, and what the profile promises."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from scanner.commands.arguments import PROFILE, add_rules, complain, profile_of
from scanner.errors import UsageError

EPILOG = """The lock lies beside the profile (tether.lock for tether.yaml); commit it. A scan compares with it what it
uses. Where a lock of the same agreement is there and the profile promises less than it, nothing is written: a looser
profile is another agreement, and needs another name.

exit codes: 0 written, or as it was; 2 wrong use, a profile without `agreement`, or a profile that is looser."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help=f"the settings (default: {PROFILE} in the current folder)"
    )
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="the lock (default: beside the profile)")
    parser.add_argument(
        "--profile-only",
        action="store_true",
        help="pin no rules and no tables: another version of Tether may judge by its own",
    )
    add_rules(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no notes on stderr")
    parser.add_argument("-v", "--verbose", action="store_true", help="a traceback for a fault")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Write the lock. Raises UsageError where the profile names no agreement, or is looser than the one it names."""
    from scanner.catalogue import rule_digests, rules, table_digests
    from scanner.commands.output import write_file
    from scanner.lock import lock_beside, written
    from scanner.profile_file import load_profile

    path = profile_of(options.profile)
    if path is None:
        raise UsageError(f"there is no {PROFILE} here: --profile FILE says which settings to pin")
    profile = load_profile(path, str(path))
    if not profile.agreement:
        raise UsageError(f"{path}:1:1: the profile names no `agreement`, the name under which it would be pinned")
    target = options.output or lock_beside(path)
    if target.resolve() == path.resolve():
        raise UsageError(f"`{target}` is the profile itself")
    _refuse_looser(target, path)
    own = tuple(options.rules)
    rules(own)  # what cannot be loaded is not agreed on
    pinned = (None, None) if options.profile_only else (rule_digests(own), table_digests())
    text = written(profile, *pinned)
    if not (target.is_file() and target.read_bytes() == text.encode()):
        write_file(target, text)
    if not options.quiet:
        complain(f"note: `{target}` pins the agreement `{profile.agreement}`")
    return 0


def _refuse_looser(target: Path, path: Path) -> None:
    from scanner.lock import read_lock, snapshot
    from scanner.loosened import loosened
    from scanner.profile_file import load_profile

    if not target.exists():
        return
    lock, profile = read_lock(target, str(target)), load_profile(path, str(path))
    changes = list(loosened(lock.profile, snapshot(profile))) if lock.agreement == profile.agreement else []
    for change in changes:
        complain(f"{profile.origins.get(change.key, path)}: {change.what}")
    if changes:
        raise UsageError(f"the profile is looser than `{target}`: give `agreement` another name, or take it back")
