"""Prove before a scan that it will be answered: each account entered, each permission tried, each list reviewed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scanner.commands.arguments import add_judged, add_live, narrowed_lives

if TYPE_CHECKING:
    from scanner.sources.aws.live_doctor import Checked
    from scanner.sources.read import Live

EPILOG = """AWS: every account is entered as a scan would enter it, every read of the table is made once in one region
(the first of --regions), and no more than a page of it; in each other region a single call tells whether it is closed.
Calls that need a thing to ask about are tried on the first one that there is. Kubernetes: the server says of each kind
whether its lists are allowed (SelfSubjectAccessReview).

exit codes: 0 a scan would be answered, as far as it could be tried; 2 wrong use, or nothing can be connected to; 3 some
of it would not be: the lines say what is missing."""
CLOSED = "refused there, or closed by a policy of the organisation"


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_live(parser, required=True)
    add_judged(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="only what is missing")
    parser.add_argument("-v", "--verbose", action="store_true", help="name what was not tried; a traceback for a fault")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Try; the exit code says whether anything is missing."""
    from scanner.commands.output import emit
    from scanner.reports.safe import safe

    missing = False
    for live in narrowed_lives(options):
        for lost, line in (_aws if live.name == "aws" else _cluster)(live, verbose=options.verbose):
            missing = missing or lost
            if lost or not options.quiet:
                emit(f"{safe(line)}\n")
    return 3 if missing else 0


def _aws(live: Live, *, verbose: bool) -> Iterator[tuple[bool, str]]:
    """Lines on each account, and whether something is missing."""
    from scanner.sources.aws.live_calls import Collector
    from scanner.sources.aws.live_doctor import check
    from scanner.sources.recorded import now

    for found in check(Collector(live.aws, now, "")):
        yield from _account(found, verbose=verbose)


def _account(found: Checked, *, verbose: bool) -> Iterator[tuple[bool, str]]:
    name = f"account {found.account}"
    if found.entered:
        yield True, f"{name}: {found.entered}"
        return
    for action, (outcome, cause) in sorted(found.refused.items()):
        yield True, f"{name}: `{action}` does not work in {found.region} ({outcome}): {cause or outcome}"
    for region in found.closed:
        yield True, f"{name}: `ec2:{found.probe}` does not work in {region}: {CLOSED}"
    tried = len(found.works) + len(found.refused)
    untried = f"; {len(found.untried)} not tried, for there is nothing to ask them about" if found.untried else ""
    said = "ready" if found.ready else "not ready"
    yield False, f"{name}: {said}: {len(found.works)} of {tried} permissions work in {found.region}{untried}"
    if verbose and found.untried:
        yield False, f"{name}: not tried: {', '.join(sorted(found.untried))}"


def _cluster(live: Live, *, verbose: bool) -> Iterator[tuple[bool, str]]:
    """Lines on a cluster, and whether something is missing."""
    from scanner.sources.kubernetes.live_client import Asked, connect
    from scanner.sources.kubernetes.live_doctor import reviewed
    from scanner.sources.recorded import served

    api = connect(Asked(live.context, live.kubeconfig, live.cluster))
    kinds = sorted(set(served(live)))
    allowed = 0
    for group, resource, said in reviewed(api, kinds):
        allowed += said == "allowed"
        name = f"{resource}.{group}" if group else resource
        if said != "allowed":
            yield True, f"cluster {api.cluster}: whether `list` on `{name}` is allowed: {said}"
        elif verbose:
            yield False, f"cluster {api.cluster}: `list` on `{name}` is allowed"
    state = "ready" if allowed == len(kinds) else "not ready"
    yield False, f"cluster {api.cluster}: {state}: {allowed} of {len(kinds)} kinds may be listed"
