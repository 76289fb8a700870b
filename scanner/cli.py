"""Arguments in, exit code out. Only the chosen command is imported."""

from __future__ import annotations

import gc
import importlib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Protocol, cast

from scanner import __version__
from scanner.commands.arguments import Parser, complain
from scanner.errors import TetherError

COMMANDS: dict[str, str] = {
    "scan": "prove the commitments, or show what breaks them",
    "init": "write a commented tether.yaml from what is found",
    "explain": "print a rule's page",
    "rules": "list the rules",
    "graph": "print the graph that the verdicts rest on",
    "paths": "ask the graph for the ways between two things",
    "diff": "compare two revisions, folders or reports",
    "drift": "tell what is live and not declared, and the other way round",
    "history": "tell findings over time from the store: new, open, fixed, regressed, waived",
    "collect": "record what the API of a cluster or of AWS answers, to be judged elsewhere",
    "permissions": "print the least role that a live scan needs",
    "doctor": "prove before a live scan that it will be answered",
    "lock": "pin the rules, the tables and the profile under the name of an agreement",
    "verify": "check a report against the files it speaks of",
}
ISSUES = "the project's issue tracker"

_EPILOG = """exit codes: 0 every commitment holds; 1 violated; 2 wrong use or settings; 3 not proven; 4 a fault;
5 nothing against it, and the store or the webhook could not be told
`tether COMMAND --help` tells more."""


class Command(Protocol):
    """What the module of a command has."""

    def arguments(self, parser: ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, options: Namespace) -> int:
        """Do it; the result is the exit code."""


def entry() -> None:
    """The console script."""
    # Nothing that a run makes is garbage before it ends, and what it leaves need not be taken apart.
    gc.disable()
    code = main(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def main(argv: Sequence[str]) -> int:
    """Run one command line; the result is the exit code. Nothing is raised but what the interpreter itself raises."""
    try:
        return _dispatch(list(argv))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except TetherError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:  # noqa: BLE001 - the only place: whatever was not foreseen is a fault of ours, and said so
        return _fault(error, verbose=bool({"-v", "--verbose"} & set(argv)))


def _dispatch(argv: list[str]) -> int:
    if argv and argv[0] in COMMANDS:
        name = argv[0]
        module = cast(Command, importlib.import_module(f"scanner.commands.{name}"))
        parser = Parser(prog=f"tether {name}", description=module.__doc__)
        module.arguments(parser)
        return module.run(parser.parse_intermixed_args(_paths_apart(argv[1:])))
    return _top(argv)


def _paths_apart(arguments: list[str]) -> list[str]:
    """What stands behind `--` is a path, also where it starts with `-`; argparse's mixed parsing forgets that."""
    if "--" not in arguments:
        return arguments
    split = arguments.index("--")
    return arguments[:split] + [f"./{one}" if one.startswith("-") else one for one in arguments[split + 1 :]]


def _top(argv: list[str]) -> int:
    """Everything that is no command: help, version, and mistakes."""
    wide = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{wide}}  {what}" for name, what in COMMANDS.items())
    parser = Parser(
        prog="tether",
        usage="tether COMMAND [...]",
        description=f"Proves where an AI model can run and how it can be reached.\n\ncommands:\n{listing}",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"tether {__version__}")
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="one of the above")
    options, _ = parser.parse_known_args(argv)
    if options.command is None:
        parser.error("a command is missing: " + ", ".join(COMMANDS))
    from difflib import get_close_matches  # what a command that exists does not need

    near = get_close_matches(options.command, COMMANDS, 1)
    parser.error(f"there is no command `{options.command}`" + (f"; did you mean `{near[0]}`?" if near else ""))


def _fault(error: Exception, *, verbose: bool) -> int:
    if verbose:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    complain(f"a fault in Tether: {type(error).__name__}: {error}")
    complain(f"please report it with the command line at {ISSUES}" + ("" if verbose else "; -v shows where"))
    return 4
