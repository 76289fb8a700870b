"""What CodePipeline and stack sets of CloudFormation bring: from which source, and whether it is a part of the stack.

Sources: AWS CodePipeline User Guide, "Action structure reference" (`Source`: `FullRepositoryId`, `BranchName`,
`RepositoryName`, `S3Bucket`, `S3ObjectKey`; `Deploy`: `ServiceName`, `FunctionName`, `Namespace`); CodeConnections API
reference, `ProviderType`; AWS CodeCommit User Guide, "Regions and Git connection endpoints"; CloudFormation API
reference, "CreateStackSet" (`TemplateURL`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.blocks import at, first, text
from scanner.builders.draft import World
from scanner.builders.stack_delivery.gitops import MOVES, Brought
from scanner.graph.model import STACK
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

PIPELINE, STACK_SET = "aws_codepipeline", "aws_cloudformation_stack_set"
CONNECTIONS = ("aws_codestarconnections_connection", "aws_codeconnections_connection")
HOSTS = {"GitHub": "github.com", "GitLab": "gitlab.com", "Bitbucket": "bitbucket.org"}
"""Types of connections, and the host that they are to; of servers of one's own it is elsewhere."""
DEPLOYS = {"ECS": ("ServiceName", "aws_ecs_service"), "Lambda": ("FunctionName", "aws_lambda_function")}
"""Providers of a deployment: what they name, and the type of that."""
CATEGORIES = frozenset({"Source", "Build", "Deploy", "Test", "Invoke", "Approval", "Compute"})
"""Kinds of actions. Source: CodePipeline API reference, `ActionTypeId`."""
_WORD = lazy(r"(?<=[a-z0-9])(?=[A-Z])")
BRANCHES = ("BranchName", "Branch")


def of_pipeline(world: World, one: Resource) -> Iterator[Brought]:
    """Each source of a pipeline that deploys a part of the stack, or may."""
    actions = list(_actions(one))
    told: list[bool | Unknown] = [
        _deploys(world, one, action) for action, _ in actions if _told(action, "category") == "Deploy"
    ]
    # What nobody knows of an action may be that it deploys, and from elsewhere.
    unknown = next((each for action, _ in actions if (each := _unclear(one, action)) is not None), None)
    open_ = next((each for each in told if isinstance(each, Unknown)), unknown)
    carries: bool | Unknown = True if True in told else open_ if open_ is not None else False
    if unknown is not None:
        yield Brought(unknown, "", "", one.origin, unknown, "", carries=carries)
    for action, origin in actions if carries is not False else ():
        if _told(action, "category") == "Source":
            given = _configuration(action)
            where = mark(given, "BranchName") or mark(action, "configuration") or origin
            yield Brought(_repository(world, one, action, given), "", "", where, *_revision(given), carries=carries)


def _actions(one: Resource) -> Iterator[tuple[Value, Origin | None]]:
    for stage in at(one, "stage"):
        for block in items_of(stage.value):
            named = dig(block, "action") if isinstance(block, Mapping) else block
            for action in items_of(named):
                yield action, mark(block, "action") or stage.origin


def _configuration(action: Value) -> Value:
    """The configuration of an action: a map in Terraform, a structure in what an API told."""
    given = dig(action, "configuration")
    return next(iter(items_of(given)), None) if isinstance(given, list) else given


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


def _of(given: Value, key: str) -> Value:
    found = dig(given, key)
    return dig(given, _snake(key)) if found is None else found


def _told(action: Value, key: str) -> str:
    """A part of the type of an action, as Terraform writes it or as the API has it."""
    return text(dig(action, key)) or text(dig(action, "action_type_id", 0, key))


def _unclear(one: Resource, action: Value) -> Unknown | None:
    """Why nobody knows what kind of action one is."""
    for each in (action, dig(action, "category"), dig(action, "action_type_id", 0, "category")):
        if isinstance(each, Unknown):
            return each
    if _told(action, "category") in CATEGORIES:
        return None
    return Unknown("what an action of it does is not told", decided_by=(f"{one.address}: its actions",))


def _deploys(world: World, one: Resource, action: Value) -> bool | Unknown:
    """Whether a deployment is of a part of the stack."""
    provider, given = _told(action, "provider"), _configuration(action)
    where = (f"{one.address}: {text(dig(action, 'name')) or 'an action'}",)
    if provider in DEPLOYS:
        key, kind = DEPLOYS[provider]
        named = _of(given, key)
        return _names_member(world, one, named, kind, where)
    space = text(_of(given, "Namespace"))
    if provider == "EKS" and space:
        units = {node.id.partition(":")[0] for node in world.with_role(*STACK)}
        spaces = {each for unit in units for each in world.spaces(unit, STACK)}
        if not spaces:
            return Unknown(f"what runs in its namespace `{space}` is not in the inputs", decided_by=where)
        return space in spaces
    return Unknown(f"what its `{provider or '*'}` action deploys is not read", decided_by=where)


def _names_member(world: World, one: Resource, named: Value, kind: str, where: tuple[str, ...]) -> bool | Unknown:
    """Whether a service or function that a deployment names is a part of the stack.

    By its name alone another of that name, in another cluster or account, may be found: one of the stack counts first.
    """
    found = world.inventory.find(named, one, kind)
    if isinstance(found, Resource) and (world.nodes[found.id].roles & STACK or not isinstance(named, str)):
        return bool(world.nodes[found.id].roles & STACK)
    names = {text(each.attrs.get(_NAMES[kind])) for each in world.resources_with(*STACK) if each.kind == kind}
    if isinstance(named, str) and named:
        if named in names:
            return True
        if "" in names:
            return Unknown(f"a part of the stack whose name is not known may be `{named}`", decided_by=where)
        if names or isinstance(found, Resource):
            return False
    return Unknown(f"what its action deploys to is no `{kind}` of the inputs", decided_by=where)


_NAMES = {"aws_ecs_service": "name", "aws_lambda_function": "function_name"}


def _repository(world: World, one: Resource, action: Value, given: Value) -> str | Unknown:
    provider = _told(action, "provider")
    if isinstance(given, Unknown):
        return given
    if provider == "CodeStarSourceConnection":
        return _connected(world, one, given)
    if provider == "GitHub":
        return _joined("https://github.com/", _of(given, "Owner"), _of(given, "Repo"))
    if provider == "CodeCommit":
        region = dig(action, "region") or (one.provider.attrs.get("region") if one.provider is not None else None)
        if not isinstance(region, str):
            return Unknown("the region of its repository is not known", decided_by=(f"the region of {one.address}",))
        return _joined(f"https://git-codecommit.{region}.amazonaws.com/v1/repos/", _of(given, "RepositoryName"))
    if provider == "S3":
        return _joined("s3://", _of(given, "S3Bucket"), _of(given, "S3ObjectKey"))
    return Unknown(f"where a `{provider or '*'}` source is from is not looked at", decided_by=(one.address,))


def _connected(world: World, one: Resource, given: Value) -> str | Unknown:
    named = _of(given, "ConnectionArn")
    found = world.inventory.find(named, one, *CONNECTIONS)
    kind = text(found.attrs.get("provider_type")) if isinstance(found, Resource) else ""
    if kind not in HOSTS:
        cause = f"the host of `{text(dig(given, 'FullRepositoryId')) or '*'}` is that of a connection"
        return Unknown(f"{cause} that is not known", decided_by=(text(named) or one.address,))
    return _joined(f"https://{HOSTS[kind]}/", _of(given, "FullRepositoryId"))


def _joined(head: str, *parts: Value) -> str | Unknown:
    unknown = next((each for each in parts if isinstance(each, Unknown)), None)
    if unknown is not None:
        return unknown
    if not all(isinstance(each, str) and each for each in parts):
        return Unknown("where it comes from is not written")
    return head + "/".join(str(each) for each in parts)


def _revision(given: Value) -> tuple[bool | Unknown, str]:
    """A pipeline takes what a branch, a key or a tag leads to when it runs."""
    if isinstance(given, Unknown):
        return given, ""
    values = [_of(given, key) for key in (*BRANCHES, "S3ObjectKey", "ImageTag")] if isinstance(given, Mapping) else []
    named = next((each for each in values if each is not None), "what it names")
    return (named, "") if isinstance(named, Unknown) else (False, f"`{named}` {MOVES}")


def of_stack_set(_world: World, one: Resource) -> Iterator[Brought]:
    """The template of a stack set, where it is elsewhere; what it holds is not read."""
    found = first(one, "template_url")
    if found is None:
        return
    cause = f"whether the template of `{one.address}` holds a part of the stack is not known: it is not read"
    carries = Unknown(cause, decided_by=(f"{one.address}: template_url",))
    if found.unknown is not None:
        yield Brought(found.unknown, "", "", found.origin, found.unknown, "", carries=carries)
        return
    pinned = "?versionId=" in found.text
    said = f"it is at `{found.text}`" if pinned else f"`{found.text}` {MOVES}"
    yield Brought(found.text, "", "", found.origin, pinned, said, carries=carries)
