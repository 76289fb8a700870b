"""The arguments that say where a run is remembered and told; nothing is loaded for them unless one is given."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.profile import Outputs


def add_telling(parser: ArgumentParser) -> None:
    """`--store`, `--series`, `--webhook-from` and `--waiver-notice`; each can stand in the settings as well."""
    parser.add_argument(
        "--store", metavar="PATH|URL", help="keep the run: a file of SQLite, or postgresql://USER@HOST/DATABASE"
    )
    parser.add_argument(
        "--series", metavar="NAME", help="which earlier runs this one is held against (default: those of its root)"
    )
    parser.add_argument(
        "--webhook-from", metavar="VARIABLE", help="send a message to the URL in this environment variable"
    )
    parser.add_argument(
        "--waiver-notice", type=_days, metavar="DAYS", help="announce a waiver so long before its end (default: 30)"
    )


def asks_for_more(options: Namespace, outputs: Outputs) -> bool:
    """Whether a run is to be remembered or told beyond its formats."""
    return bool(options.store or options.webhook_from or outputs.store or outputs.store_from or outputs.webhook_from)


def _days(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 4:
        return int(text)
    raise ArgumentTypeError(f"`{text}` is no number of days")
