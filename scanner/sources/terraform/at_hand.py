"""What an expression comes to where that takes no more than a look: most parts of most expressions are such."""

from __future__ import annotations

from scanner.resource import Attrs, Items
from scanner.sources.terraform.scope import NOT_AT_HAND, Env
from scanner.sources.terraform.syntax import AttrStep, Expression, Literal, Traversal
from scanner.sources.terraform.values import ListOf, MapOf, SetOf
from scanner.unknown import PLAIN

_KNOWN = (PLAIN - {str}) | {Items, ListOf, SetOf, Attrs, MapOf}
REFUSED = object()
"""What Terraform refuses: an attribute that is not there."""


def at_hand(expression: Expression, env: Env) -> object:
    """The known value that a literal is, or that a way of attributes through known objects leads to, as in
    `each.value.x`; REFUSED where an attribute is not there, NOT_AT_HAND for all else.

    Inside a collection there may be what is not known; about a scalar there is no doubt for a `try` to note.
    """
    if type(expression) is Literal:
        value: object = expression.value
    elif type(expression) is Traversal:
        steps = expression.steps
        if expression.root in env.names:
            value = env.names[expression.root]
        else:
            value = env.scope.at_hand(expression)
            steps = steps[1:]
        for step in steps:
            if type(step) is not AttrStep or not (type(value) is Attrs or type(value) is MapOf):
                return NOT_AT_HAND
            if step.name not in value:
                return REFUSED
            value = value[step.name]
    else:
        return NOT_AT_HAND
    return value if type(value) in _KNOWN or (type(value) is str and value.isascii()) else NOT_AT_HAND
