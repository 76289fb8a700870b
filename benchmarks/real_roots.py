"""Real input at full length: every Terraform root, Terragrunt unit, plan and state below some folders, each by itself.

Each is read, built into a graph and judged in a process of its own under a limit, so that neither a crash nor a hang
ends the run. A unit is what a scan takes for one: a folder of configuration that no other one calls. A plan or a state
is a JSON file that says so of itself; it stands without its source. Nothing is asserted.

    python benchmarks/real_roots.py [--seconds N] [--causes N] [--jobs N] [--list PATTERN] [--each] FOLDER [FOLDER...]

--list prints each place of an unknown or unread whose cause has that pattern; --each prints a line for each unit.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from scanner.builders.build import STEPS, build
from scanner.catalogue import rules
from scanner.judge import judge
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import BASIS, Reading, Unread
from scanner.sources.files import walk
from scanner.sources.kubernetes.checkouts import Checkouts
from scanner.sources.kubernetes.not_shown import Known
from scanner.sources.terraform import Parsed, TerraformOptions, find_roots, read_root
from scanner.sources.terraform.planned import read_plan, read_state
from scanner.sources.terraform.terragrunt import read_unit, terragrunt_units
from scanner.sources.wrapped import unwrap
from scanner.unknown import Unknown, Value, unknowns_in

Read = Callable[[], Reading]
_NAMED = re.compile(r"`[^`]*`|\"[^\"]*\"|\b\d+(\.\d+)*\b")
_COLUMNS = ("units", "plans", "crashes", "over", "CPU s", "resources", "perhaps", "known", "refer", "unknown", "unread")
_RULES = rules()


@dataclass
class Tally:
    """What the units of one folder came to.

    perhaps: resources that may not exist; known: texts, numbers, booleans and nulls; refer: attributes of declared
    resources, which are known only after apply; unknown (all other values), unread: how often by cause, without the
    names in it.
    """

    units: int = 0
    plans: int = 0
    crashes: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    cpu: float = 0.0
    resources: int = 0
    perhaps: int = 0
    known: int = 0
    refer: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)

    def row(self) -> list[str]:
        """The figures in the order of the table."""
        counts = (self.units, self.plans, len(self.crashes), len(self.over))
        sums = (self.resources, self.perhaps, self.known, self.refer, self.unknown.total(), self.unread.total())
        return [*map(str, counts), f"{self.cpu:.1f}", *map(str, sums)]

    def add(self, other: Tally) -> None:
        """Count those of another one as well."""
        self.units += other.units
        self.plans += other.plans
        self.crashes += other.crashes
        self.over += other.over
        self.cpu += other.cpu
        self.resources += other.resources
        self.perhaps += other.perhaps
        self.known += other.known
        self.refer += other.refer
        self.unknown += other.unknown
        self.unread += other.unread


def units_of(folder: Path) -> Iterator[tuple[str, Read]]:
    """The name of each root and each unit of Terragrunt below a folder, and what reads it."""
    files, syntax = walk(folder, [folder]), Parsed()
    options = TerraformOptions(syntax=syntax)
    called: set[Path] = set()
    for unit in terragrunt_units(folder, files.files, Reading(), syntax):
        called.update((unit.module,) if unit.module is not None else ())
        name = unit.folder.relative_to(unit.files.root).as_posix()
        yield name, lambda unit=unit, name=name: read_unit(unit, name, options)
    for root in find_roots(folder, [folder / path for path in (*files.files, *files.links)], syntax):
        if root.resolve() not in called:
            name = root.relative_to(folder).as_posix()
            yield name, lambda root=root, name=name: read_root(folder, root, name, options)


def plans_of(folder: Path) -> Iterator[tuple[str, Read]]:
    """The name of each plan and state below a folder, and what reads it."""
    for path in sorted(folder.rglob("*.json")):
        reader = kind_of(path)
        if reader is not None:
            name = path.relative_to(folder).as_posix()
            yield name, lambda path=path, name=name, reader=reader: told(path, name, reader)


def kind_of(path: Path) -> Callable[..., None] | None:
    """What reads a JSON file, None where it is neither a plan nor a state."""
    try:
        body = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    if "format_version" in body and body.keys() & {"planned_values", "resource_changes"}:
        return read_plan
    shown = "format_version" in body and "values" in body
    stored = {"version", "serial", "lineage"} <= body.keys()
    return read_state if shown or stored else None


def told(path: Path, name: str, reader: Callable[..., None]) -> Reading:
    reading = Reading()
    reader(reading, path, name, [], name)
    return reading


def examined(read: Read) -> dict[str, object]:
    """What one unit comes to, as a child process hands it over; raises what the product raises."""
    started = time.process_time()
    reading = read()
    unwrap(reading, lambda: Known(Checkouts(Path(), [], {}), []))
    built = build(reading.resources, Profile())
    basis = tuple(sorted({BASIS[one.source] for one in reading.resources})) or ("declared",)
    judged = judge(built.graph, Profile(), _RULES, reading.unread, basis)
    raised = [f"{one.id}: {one.note}" for one in judged.rules if one.crashed]
    if raised:
        raise RuntimeError("; ".join(raised))
    unknown = [one for resource in reading.resources for one in unknowns_in(resource.attrs)]
    return {
        "cpu": time.process_time() - started,
        "resources": len(reading.resources),
        "perhaps": sum(one.possible is not None for one in reading.resources),
        "known": sum(plain(one.attrs) for one in reading.resources),
        "refer": sum(one.ref is not None for one in unknown),
        "unknown": [[kind_of_unknown(one), str(one.origin), one.cause] for one in unknown if one.ref is None],
        "unread": [[kind_of_unread(one), str(one.origin), one.cause] for one in reading.unread],
    }


def plain(value: Value) -> int:
    """How many values in a value are known: texts, numbers, booleans, nulls."""
    if isinstance(value, Unknown):
        return 0
    if isinstance(value, dict):
        return sum(map(plain, value.values()))
    return sum(map(plain, value)) if isinstance(value, list) else 1


def kind_of_unknown(one: Unknown) -> str:
    """The code and cause of an Unknown without the names in it, and whether something is known of it."""
    told = " (one of few)" if one.options else " (partly known)" if one.pieces or one.document or one.known else ""
    return f"{one.code}: {_NAMED.sub('...', one.cause)}{told}"


def kind_of_unread(one: Unread) -> str:
    place = one.origin.path.rpartition(".")[2] if isinstance(one.origin, FileOrigin) else ""
    return f"{one.kind} (.{place}): {_NAMED.sub('...', one.cause)}"


def in_child(read: Read, seconds: int) -> dict[str, object] | str:
    """What a child process found, or how it ended: "over" where its CPU time was over the limit."""
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        os.close(receiver)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            found: object = examined(read)
        except BaseException:  # noqa: BLE001 - whatever it is, it is what is looked for
            found = traceback.format_exc().strip().replace("\n", " | ")[-600:]
        with os.fdopen(sender, "w") as out:
            json.dump(found, out)
        os._exit(0)
    os.close(sender)
    with os.fdopen(receiver) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "over" if os.WTERMSIG(status) == signal.SIGPROF else f"signal {os.WTERMSIG(status)}"
    return json.loads(text)


def one_tally(name: str, kind: str, found: dict[str, object] | str, options: argparse.Namespace) -> Tally:
    """The tally of one unit; prints what was asked to be listed."""
    tally = Tally(units=kind == "unit", plans=kind == "plan")
    if isinstance(found, str):
        (tally.over if found == "over" else tally.crashes).append(f"{name}: {found}")
        return tally
    tally.cpu, tally.resources, tally.perhaps = found["cpu"], found["resources"], found["perhaps"]
    tally.known, tally.refer = found["known"], found["refer"]
    for key, into in (("unknown", tally.unknown), ("unread", tally.unread)):
        for cause, origin, full in found[key]:
            into[cause] += 1
            if options.list and re.search(options.list, cause):
                print(f"{key}\t{name}\t{origin}\t{full}")
    if options.each:
        print("\t".join([name, *tally.row()]))
    return tally


def folder_tally(folder: Path, options: argparse.Namespace) -> Tally:
    """All units and plans of one folder."""
    whole = Tally()
    found = [("unit", *one) for one in units_of(folder)] + [("plan", *one) for one in plans_of(folder)]
    with ThreadPoolExecutor(options.jobs) as pool:
        ended = pool.map(lambda one: in_child(one[2], options.seconds), found)
        for (kind, name, _), end in zip(found, ended, strict=True):
            whole.add(one_tally(f"{folder.name}/{name}", kind, end, options))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seconds", type=int, default=30, help="CPU seconds of one unit")
    parser.add_argument("--causes", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--list", default="")
    parser.add_argument("--each", action="store_true")
    options = parser.parse_args()
    sys.setrecursionlimit(5_000)
    # Each child is a copy of this process: what all need is loaded once.
    for step in STEPS:
        import_module(f"scanner.builders.{step.module}")
    print(f"| folder | {' | '.join(_COLUMNS)} |\n|{'---|' * (len(_COLUMNS) + 1)}")
    whole = Tally()
    for folder in options.folders:
        tally = folder_tally(folder.resolve(), options)
        whole.add(tally)
        print(f"| {folder.name} | " + " | ".join(tally.row()) + " |", flush=True)
    print("| all | " + " | ".join(whole.row()) + " |")
    for title, told_ in (("crashes", whole.crashes), (f"over {options.seconds} s", whole.over)):
        print(f"\n{title}: {len(told_)}", *told_, sep="\n  ")
    for title, counted in (("unknown", whole.unknown), ("unread", whole.unread)):
        print(f"\n| {title}, by cause | count |\n|---|---|")
        for cause, count in counted.most_common(options.causes):
            print(f"| {cause} | {count} |")


if __name__ == "__main__":
    main()
