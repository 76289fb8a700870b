"""What an expression comes to where that takes no more than a look: most parts of most expressions are such."""

from __future__ import annotations

from scanner.resource import Attrs, Items
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import AttrStep, Expression, Literal, Traversal
from scanner.sources.terraform.values import ListOf, MapOf, SetOf
from scanner.unknown import PLAIN

_KNOWN = (PLAIN - {str}) | {Items, ListOf, SetOf, Attrs, MapOf}
NOT_AT_HAND = object()
REFUSED = object()
"""What Terraform refuses: an attribute that is not there."""


def at_hand(expression: Expression, env: Env) -> object:
    """The known value that a literal is, or that a way of attributes through known objects leads to, as in
    `each.value.x`; REFUSED where an attribute is not there, NOT_AT_HAND for all else.

    Inside a collection there may be what is not known; about a scalar there is no doubt for a `try` to note.
    """
    if type(expression) is Traversal:
        root, steps = expression.root, expression.steps
        if root in env.names:
            value: object = env.names[root]
        else:
            named = env.scope.named.get(root)
            if named is None or not steps or type(steps[0]) is not AttrStep:
                return NOT_AT_HAND
            value = named.get(steps[0].name, NOT_AT_HAND)
            steps = steps[1:]
        for step in steps:
            if type(step) is not AttrStep or not (type(value) is Attrs or type(value) is MapOf):
                return NOT_AT_HAND
            if step.name not in value:
                return REFUSED
            value = value[step.name]
    elif type(expression) is Literal:
        value = expression.value
    else:
        return NOT_AT_HAND
    if type(value) is str:
        return value if value.isascii() else NOT_AT_HAND
    return value if type(value) in _KNOWN else NOT_AT_HAND
