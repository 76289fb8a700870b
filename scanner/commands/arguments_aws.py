"""The arguments that say how AWS is asked: accounts, regions, the role in them, and how fast."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.errors import UsageError
from scanner.patterns import lazy

if TYPE_CHECKING:
    from scanner.sources.read import AwsAsked

ORGANISATION = ("organization", "organisation")
_ACCOUNT = lazy(r"[0-9]{12}\Z")
_CLUSTER = lazy(r"dask://[A-Za-z0-9.\-]+:[0-9]{1,5}\Z")
_REGION = lazy(r"[a-z]{2,5}(?:-[a-z]+)+-[0-9]{1,2}\Z")


def add_accounts(parser: ArgumentParser) -> None:
    """Which accounts and regions of AWS, through which role, and how fast."""
    group = parser.add_argument_group("AWS")
    group.add_argument("--aws-profile", default="", metavar="NAME", help="(default: as the AWS CLI finds credentials)")
    group.add_argument(
        "--accounts",
        default=(),
        type=_accounts,
        metavar="LIST",
        help="account numbers, @FILE with one a line, or `organization` for all of it (default: the own one)",
    )
    group.add_argument("--role", default="", metavar="NAME", help="the role to assume in each account of the list")
    group.add_argument("--external-id", default="", metavar="ID", help="what the role asks for, if it does")
    group.add_argument(
        "--no-session-policy", action="store_true", help="assume the role as it is, not narrowed to what a scan asks"
    )
    group.add_argument(
        "--regions", default=(), type=_regions, metavar="LIST", help="these only (default: all that are on)"
    )
    group.add_argument(
        "--share", default=0.5, type=_share, metavar="N", help="of the rates that AWS allows (default: 0.5)"
    )
    group.add_argument(
        "--executor",
        default=None,
        type=_cluster,
        metavar="dask://HOST:PORT",
        help="let the workers of a cluster ask, each an account at a time (default: threads here)",
    )
    group.add_argument(
        "--deadline", default=0.0, type=_seconds, metavar="SECONDS", help="ask nothing after that (default: none)"
    )


def aws_of(options: Namespace, *, given: bool) -> AwsAsked:
    """How AWS is asked. Raises UsageError for an argument that would have no use."""
    from scanner.sources.read import AwsAsked

    names = ("aws_profile", "accounts", "role", "external_id", "regions", "deadline", "no_session_policy", "executor")
    used = [name for name in names if getattr(options, name, None)]
    if used and not given:
        raise UsageError(f"--{used[0].replace('_', '-')} says how to ask AWS, and --live aws is not given")
    if not given:
        return AwsAsked()
    if options.accounts and not options.role:
        raise UsageError("--accounts needs the role to assume in them: --role NAME")
    for one in ("role", "external_id", "no_session_policy"):
        if getattr(options, one) and not options.accounts:
            raise UsageError(f"--{one.replace('_', '-')} needs the accounts that it is for: --accounts LIST")
    return AwsAsked(
        profile=options.aws_profile,
        regions=options.regions,
        accounts=() if options.accounts == ORGANISATION[:1] else options.accounts,
        organisation=options.accounts == ORGANISATION[:1],
        role=options.role,
        external_id=options.external_id,
        session_policy=not options.no_session_policy,
        share=options.share,
        deadline=options.deadline,
        executor=options.executor or "",
    )


def _accounts(text: str) -> tuple[str, ...]:
    """Account numbers, from the argument or a file; the word for all of an organisation stands for itself."""
    if text in ORGANISATION:
        return ORGANISATION[:1]
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ArgumentTypeError(f"`{text[1:]}` cannot be read: {error}") from error
    found = tuple(dict.fromkeys(text.replace(",", " ").split()))
    wrong = next((one for one in found if not _ACCOUNT.match(one)), None)
    if wrong is not None or not found:
        raise ArgumentTypeError(f"`{wrong or text}` is no account number of twelve digits")
    return found


def _regions(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.replace(",", " ").split()))
    wrong = next((one for one in found if not _REGION.match(one)), None)
    if wrong is not None or not found:
        raise ArgumentTypeError(f"`{wrong or text}` is no region")
    return found


def _cluster(text: str) -> str:
    if not _CLUSTER.match(text):
        raise ArgumentTypeError(f"`{text}` is no dask://HOST:PORT")
    return text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"`{text}` is no number") from error


def _share(text: str) -> float:
    found = _number(text)
    if not 0 < found <= 1:
        raise ArgumentTypeError(f"`{text}` is not above 0 and at most 1")
    return found


def _seconds(text: str) -> float:
    found = _number(text)
    if not 0 < found < 1e7:
        raise ArgumentTypeError(f"`{text}` is no number of seconds")
    return found
