"""Files of languages and tools that make manifests, infrastructure or containers, and that no reader here knows.

Facts: jsonnet.org and tanka.dev; cuelang.org and timoni.sh; pkl-lang.org (pkl-k8s); kcl-lang.io; dhall-lang.org
(dhall-kubernetes); nickel-lang.org; cdk8s.io (`cdk8s.yaml`); developer.hashicorp.com, "CDK for Terraform"
(`cdktf.json`) and Nomad's job specification; terramate.io, "Code Generation"; podman-systemd.unit(5); fly.io,
`fly.toml`; AWS, "Single Container Docker environments" (`Dockerrun.aws.json`); sst.dev; acorn.io.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Reading, Unread
from scanner.sources.files import read_text

_OBJECTS = r"apiVersion|k8s\.io|k8s\.gcr|kubernetes|\bkind\s*[:=]|timoni|Deployment|image\s*[:=]"


class Tool(Struct, frozen=True):
    """Files by the end of their names; a file counts only where `says` finds something in it, "" for every one."""

    ends: str
    words: str
    says: str = ""
    remedy: str = "scan what it makes"


TOOLS = (
    Tool(r"\.jsonnet", "a Jsonnet program"),
    Tool(r"\.cue", "a CUE file", _OBJECTS),
    Tool(r"\.pkl|PklProject", "a Pkl module", _OBJECTS),
    Tool(r"\.dhall", "a Dhall file", _OBJECTS),
    Tool(r"\.ncl", "a Nickel file", _OBJECTS),
    Tool(r"\.k", "a KCL program", _OBJECTS),
    Tool(r"cdk8s\.ya?ml", "a cdk8s app", "", "scan the output of `cdk8s synth`"),
    Tool(r"cdktf\.json", "an app of the CDK for Terraform", "", "scan the output of `cdktf synth`"),
    Tool(r"\.nomad|\.nomad\.(?:hcl|json)", "a Nomad job", "", ""),
    Tool(r"\.hcl", "a Nomad job", r'(?m)^\s*job\s+"[^"]*"\s*\{', ""),
    Tool(r"\.tm|\.tm\.hcl", "what Terramate generates", r'(?m)^\s*generate_(?:hcl|file)\s+"'),
    Tool(r"\.(?:container|kube|pod)", "a container of Podman's units", r"(?m)^\[(?:Container|Kube|Pod)\]", ""),
    Tool(r"sst\.config\.(?:ts|js|mjs)|serverless\.(?:ts|js)", "a program that deploys", "", ""),
    Tool(r"fly\.toml", "an app of Fly", "", ""),
    Tool(r"Dockerrun\.aws\.json", "an Elastic Beanstalk environment", "", ""),
    Tool(r"Acornfile", "an Acorn app", "", ""),
)
"""Rows by what they are; a Tanka environment is a Jsonnet program."""
_ENDS = lazy("(?:" + "|".join(f"{one.ends}" for one in TOOLS) + r")\Z", re.IGNORECASE)
_MADE = lazy(r'(?m)^\s*generate_(?:hcl|file)\s+"([^"]+)"')
_STACKS = (".tfstack.hcl", ".tfcomponent.hcl", ".tfdeploy.hcl")
_TESTS = (".tftest.hcl", ".tftest.json", ".tofutest.hcl", ".tofutest.json", ".tfmock.hcl", ".tfquery.hcl")


def is_of_a_tool(path: Path) -> bool:
    """Whether a name may be one of these; nothing is read for it."""
    return _ENDS.search(path.name) is not None


def of_tools(root: Path, files: Sequence[Path]) -> Iterator[Unread]:
    """One note for each tool and folder at the top: what may be declared there is not seen."""
    noted: set[tuple[str, str]] = set()
    names = {path.name for path in files}
    for path in files:
        for tool in TOOLS if is_of_a_tool(path) else ():
            key = (tool.words, path.parts[0] if len(path.parts) > 1 else "")
            if key in noted or re.search(rf"(?:{tool.ends})\Z", path.name, re.IGNORECASE) is None:
                continue
            if _counts(root, path, tool, names):
                noted.add(key)
                cause = f"{tool.words} is not scanned"
                yield Unread(FileOrigin(path.as_posix(), 1), cause, "foreign", tool.remedy)
                break


def _counts(root: Path, path: Path, tool: Tool, names: set[str]) -> bool:
    """Whether a file says anything that matters; one that cannot be read may; a pickle is no Pkl."""
    if not tool.says:
        return True
    read = read_text(root, path)
    if isinstance(read, Unread):
        return not path.name.lower().endswith(".pkl")
    if tool.words.endswith("Terramate generates"):
        # What it has generated, and is committed, is read as it stands.
        return any(name.rpartition("/")[2] not in names for name in _MADE.findall(read.text))
    return re.search(tool.says, read.text) is not None


def other_commands(files: Sequence[Path], whole: Reading) -> None:
    """Name what Terraform reads in other commands than plan and apply: stacks, tests, mocks and queries."""
    for path in files:
        if path.name.endswith(_STACKS):
            cause = "a file of Terraform Stacks: what its components and deployments make is not scanned"
            whole.unread.append(Unread(FileOrigin(path.as_posix(), 1), cause, "foreign"))
    tests = [path.as_posix() for path in files if path.name.endswith(_TESTS)]
    if tests:
        named = f"`{tests[0]}`" + (f" and {len(tests) - 1} more files of tests and queries" if tests[1:] else "")
        told = f"{named} of Terraform: what a test makes is gone when it ends, and a query makes nothing"
        whole.assumptions[told] = None
