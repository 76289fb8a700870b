"""Somebody who is no operator can import, tune, make or enable a model, or write the store of its weights.

Why it matters
--------------
The list of approved models holds for what is served today. Whoever may import weights, tune a model or accept the
agreement of another puts one beside it tomorrow, and a tuned model keeps the name of what it was tuned from. Whoever
writes the store that weights are taken from needs not even that: the next start serves what lies there.

How to fix
----------
Take the actions that bring models from everybody but the operators, by narrower policies or by a deny over the account.

What it cannot see
------------------
Consoles and hands of the provider; models that are brought by an account outside the inputs and shared.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_access import BringsModel
from scanner.graph.model import Role
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "MODEL-008"
SEVERITY = "high"
MANAGED = ("aws_", "awscc_", "Bedrock")
"""What the kinds of managed models of AWS begin with."""
BUCKET = "aws_s3_bucket"


def check(case: Case) -> Iterable[Finding]:
    """Every principal that may bring a model, but for operators."""
    known = case.profile.has("operators")
    models = [node for node in case.graph.with_role(Role.MODEL) if node.kind.startswith(MANAGED)]
    for node in models:
        case.examine(node, "a managed model, and who brings another beside it")
    stores = [node for node in case.graph.with_role(Role.STORE) if node.kind == BUCKET]
    for node in stores:
        case.examine(node, "a store of weights, and who writes it")
    strangers = 0
    for node, fact in case.graph.facts(BringsModel):
        case.examine(node, fact.because)
        if node.roles & {Role.OPERATOR, Role.PLATFORM}:
            continue
        strangers += 1
        fix = "leave this to the operators"
        if not known:
            continue
        if isinstance(fact.sure, Unknown):
            message = f"`{node.address}` may be able to bring a model, and is no operator"
            decided = fact.sure.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
        else:
            message = f"`{node.address}` can bring a model, and is no operator"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    if strangers and not known:
        message = "who may bring a model is not known: the profile has no `operators`"
        yield case.missing("operators", message, "operators: [group:NAME, arn:aws:iam::ACCOUNT:role/NAME]")
    told = [counted(len(models), "managed model")] if models else []
    told += [counted(len(stores), "store")] if stores else []
    case.summary = f"{' and '.join(told)}, none but operators bring another model" if told else ""
