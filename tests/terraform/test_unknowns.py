"""What is not known stays Unknown, says what decides it, and keeps what is known of it."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items, dig, mark
from scanner.sources.terraform import TerraformOptions, read_root
from scanner.sources.terraform.iam_document import policy, policy_json
from scanner.sources.terraform.values import SetOf
from scanner.unknown import COMPUTED, FUNCTION_UNKNOWN, INVALID, MODULE_NOT_LOADED, VALUE_UNKNOWN, Ref, Unknown

VARIABLE = 'variable "v" {}\n'


def test_a_variable_without_a_value(value_of) -> None:
    found = value_of("var.v", VARIABLE)
    assert isinstance(found, Unknown)
    assert (found.cause, found.code, found.decided_by) == ("`var.v` has no value", VALUE_UNKNOWN, ("var.v",))
    assert (found.origin.path, found.origin.line) == ("main.tf", 1)


def test_a_partly_known_text_keeps_its_pieces(value_of) -> None:
    assert value_of('"a-${var.v}-${"b"}"', VARIABLE).text() == "a-*-b"
    assert value_of('join("/", ["a", var.v])', VARIABLE).text() == "a/*"
    assert value_of('format("%s:%s", "x", var.v)', VARIABLE).text() == "x:*"


def test_an_encoded_structure_keeps_its_document(value_of) -> None:
    found = value_of("jsonencode({ a = 1, b = var.v })", VARIABLE)
    assert found.document["a"] == 1
    assert isinstance(found.document["b"], Unknown)
    assert value_of("jsondecode(jsonencode({ a = 1, b = var.v })).a", VARIABLE) == 1
    assert value_of('base64encode("x${var.v}")', VARIABLE).document.text() == "x*"


def test_an_unknown_condition_keeps_the_branches(value_of) -> None:
    assert value_of("var.v ? 1 : 2", VARIABLE).options == (1, 2)
    assert value_of("var.v ? 1 : 1", VARIABLE) == 1
    assert value_of("(var.v ? 1 : 2) + 1", VARIABLE).options == (2, 3)
    assert value_of('"n${var.v ? 1 : 2}"', VARIABLE).options == ("n1", "n2")
    assert value_of("length(var.v ? [1] : [])", VARIABLE).options == (1, 0)
    assert value_of("var.v ? var.v : 2", VARIABLE).options == ()


def test_the_results_of_a_condition_become_one_type(value_of) -> None:
    assert value_of('var.v ? 1 : "a"', VARIABLE).options == ("1", "a")
    assert value_of('var.v ? [1] : ["a", true]', VARIABLE).options == (["1"], ["a", "true"])
    assert value_of('var.v ? { a = 1 } : { a = "x" }', VARIABLE).options == ({"a": "1"}, {"a": "x"})
    # What is not known of one leaves the other as it is, and what it fails at is not asked.
    assert value_of("true ? [1] : var.v", VARIABLE) == [1]
    assert value_of("true ? [1] : [][0]", VARIABLE) == [1]
    assert value_of("try(true ? [1] : var.v.x, 2)", VARIABLE) == [1]


def test_an_operand_that_decides_alone(value_of) -> None:
    assert value_of("false && var.v", VARIABLE) is False
    assert value_of("var.v || true", VARIABLE) is True
    assert isinstance(value_of("true && var.v", VARIABLE), Unknown)


def test_collections_with_unknown_elements(value_of) -> None:
    assert value_of("length([var.v, 1])", VARIABLE) == 2
    assert value_of("[var.v, 1][1]", VARIABLE) == 1
    assert value_of('contains(["a", var.v], "a")', VARIABLE) is True
    assert isinstance(value_of('contains(["b", var.v], "a")', VARIABLE), Unknown)
    assert value_of("merge({ a = var.v }, { b = 2 }).b", VARIABLE) == 2
    assert isinstance(value_of("length(toset([var.v, 1]))", VARIABLE), Unknown)
    concatenated = value_of('concat(["a"], var.v)', VARIABLE)
    assert isinstance(concatenated, Unknown)
    assert concatenated.document[0] == "a"


def test_equality_of_partly_known_values(value_of) -> None:
    assert value_of('["a", var.v] == ["b", var.v]', VARIABLE) is False
    assert isinstance(value_of('["a", var.v] == ["a", var.v]', VARIABLE), Unknown)


def test_references(tree) -> None:
    found = tree(
        'data "aws_vpc" "main" {}\n'
        'resource "aws_security_group" "g" {\n  name = "web"\n}\n'
        'resource "probe" "p" {\n  id = aws_security_group.g.id\n  name = aws_security_group.g.name\n'
        "  vpc = data.aws_vpc.main.id\n  whole = aws_security_group.g\n}\n"
    ).resources()["probe.p"]
    assert found.attrs["id"].ref == Ref("aws_security_group.g", "id")
    assert found.attrs["id"].code == COMPUTED
    assert found.attrs["id"].cause == "`aws_security_group.g.id` is known only after apply"
    assert found.attrs["name"] == "web"
    assert found.attrs["vpc"].cause == "`data.aws_vpc.main` is read at apply time"
    assert found.attrs["vpc"].decided_by == ("data.aws_vpc.main",)
    assert found.attrs["whole"].ref == Ref("aws_security_group.g", "")


def test_an_attribute_that_a_nested_block_does_not_write_is_computed(tree) -> None:
    found = tree(
        'resource "c" "x" {\n  identity {\n    type = "System"\n  }\n}\n'
        'resource "probe" "p" {\n  a = c.x.identity[0].principal_id\n  b = c.x.identity[0].type\n}\n'
    ).resources()["probe.p"]
    assert found.attrs["a"].ref == Ref("c.x", "identity.0.principal_id")
    assert found.attrs["b"] == "System"


def test_what_a_block_of_a_json_file_does_not_write_is_computed(tree) -> None:
    """A block is a list of objects or one object there; what it leaves out is no null, however it is asked for."""
    found = tree(
        {
            "a.tf.json": '{"resource": {"c": {"x": {"on": [{"type": "a"}]}, "y": {"on": {"type": "a"}}}}}',
            "main.tf": 'resource "probe" "p" {\n  a = try(c.x.on[0].id, null)\n  b = try(c.x.on[0]["id"], null)\n'
            '  c = lookup(c.x.on[0], "id", null)\n  d = try(c.y.on[0].id, null)\n  e = compact([c.x.on[0].id])\n'
            "  f = c.x.on[0].type\n  g = try(c.x.on[1].id, null)\n}\n",
        }
    ).resources()["probe.p"]
    for name in "abcd":
        assert isinstance(found.attrs[name], Unknown), name
        assert found.attrs[name].ref is not None, name
    assert found.attrs["e"] != []
    assert (found.attrs["f"], found.attrs["g"]) == ("a", None)


def test_what_terraform_refuses(value_of) -> None:
    for expression in ("{ a = 1 }.b", "[1][3]", "aws_x.y.id", '"a" + 1', 'tonumber("x")', "null.a"):
        found = value_of(expression)
        assert isinstance(found, Unknown), expression
        assert found.code == INVALID, expression
        assert found.origin is not None


def test_characters_that_are_not_told_apart_leave_a_text_unknown(value_of) -> None:
    for text in ("\\u1161\\u1161", "a\\u102b", "a\\u2060b"):
        found = value_of(f'strrev("{text}")')
        assert isinstance(found, Unknown), text
        assert found.code != INVALID


def test_a_value_never_gets_into_a_cause(value_of) -> None:
    for expression in ('tonumber("x9-hidden")', '{ a = 1 }["s3cret"]', 'regex("s3cret", "x")', 'file("s3cret")'):
        assert "x9-hidden" not in value_of(expression).cause


def test_functions_that_are_not_evaluated(value_of) -> None:
    assert value_of("provider::aws::arn_parse(1)").code == FUNCTION_UNKNOWN
    assert value_of("no_such_function(1)").code == FUNCTION_UNKNOWN
    assert isinstance(value_of("timestamp()"), Unknown)


def test_a_sensitive_variable_is_secret(value_of) -> None:
    found = value_of('"x${var.v}"', 'variable "v" {\n  sensitive = true\n}\n')
    assert found.secret
    assert found.pieces[1].secret


def test_a_remote_module(tree) -> None:
    made = tree(
        'variable "arn" {}\nmodule "eks" {\n  source = "somebody/eks/aws"\n  version = "20.1"\n'
        '  outpost = var.arn\n}\nresource "probe" "p" {\n  name = module.eks.cluster_name\n}\n'
    )
    reading = made.read()
    [unread] = reading.unread
    assert unread.kind == "module"
    assert unread.cause == "module `eks` (somebody/eks/aws 20.1) is not on disk"
    assert (unread.origin.line, unread.origin.column) == (3, 12)
    found = made.resources()
    assert found["module.eks"].kind == "module"
    assert found["module.eks"].attrs["outpost"].decided_by == ("var.arn",)
    name = found["probe.p"].attrs["name"]
    assert (name.code, name.decided_by) == (MODULE_NOT_LOADED, ("module.eks",))


def test_a_policy_document_is_written_out(tree) -> None:
    text = (
        'variable "b" {}\ndata "aws_iam_policy_document" "d" {\n  statement {\n    sid = "One"\n'
        '    actions = ["s3:GetObject"]\n    resources = [RESOURCE, "arn:aws:s3:::x"]\n'
        '    principals {\n      type = "AWS"\n      identifiers = ["*"]\n    }\n'
        '    condition {\n      test = "StringEquals"\n      variable = "aws:username"\n'
        '      values = ["&{x}"]\n    }\n'
        '  }\n}\nresource "probe" "p" {\n  policy = data.aws_iam_policy_document.d.json\n}\n'
    )
    known = tree(text.replace("RESOURCE", '"arn"')).resources()["probe.p"].attrs["policy"]
    assert json.loads(known) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "One",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": ["arn", "arn:aws:s3:::x"],
                "Principal": {"AWS": "*"},
                "Condition": {"StringEquals": {"aws:username": "${x}"}},
            }
        ],
    }
    partly = tree(text.replace("RESOURCE", '"${var.b}/*"')).resources()["probe.p"].attrs["policy"]
    statement = partly.document["Statement"][0]
    assert statement["Resource"][0].text() == "*/*"
    assert statement["Action"] == "s3:GetObject"


def test_policy_documents_build_on_each_other(tree) -> None:
    found = tree(
        'data "aws_iam_policy_document" "a" {\n  statement {\n    sid = "A"\n    actions = ["a:*"]\n  }\n'
        '  statement {\n    sid = "B"\n    actions = ["b:*"]\n  }\n}\n'
        'data "aws_iam_policy_document" "o" {\n  statement {\n    sid = "A"\n    actions = ["z:*"]\n  }\n}\n'
        'data "aws_iam_policy_document" "m" {\n'
        "  source_policy_documents = [data.aws_iam_policy_document.a.json]\n"
        "  override_policy_documents = [data.aws_iam_policy_document.o.json]\n"
        '  statement {\n    sid = "C"\n    effect = "Deny"\n    actions = ["c:*"]\n  }\n}\n'
        'resource "probe" "p" {\n  policy = data.aws_iam_policy_document.m.json\n}\n'
    ).resources()["probe.p"]
    statements = json.loads(found.attrs["policy"])["Statement"]
    assert [(one["Sid"], one["Action"]) for one in statements] == [("A", "z:*"), ("B", "b:*"), ("C", "c:*")]


def test_few_possible_values_stay_few(value_of) -> None:
    beside = (
        'variable "b" {\n  type = bool\n}\nvariable "k" {\n  type = string\n}\n'
        'variable "l" {\n  type = list(string)\n}\nvariable "m" {\n  type = map(string)\n}\n'
        'locals {\n  t = { a = "EXTERNAL", b = "EC2" }\n  s = var.b ? "EXTERNAL" : "EC2"\n}\n'
    )
    for expression, options in (
        ("local.t[var.k]", ("EXTERNAL", "EC2")),
        ("lookup(local.t, var.k)", ("EXTERNAL", "EC2")),
        ('lookup(local.t, var.k, "X")', ("EXTERNAL", "EC2", "X")),
        ('element(["a", "b"], var.k)', ("a", "b")),
        ("{ x = { on = 1 }, y = { on = 2, z = 3 } }[var.k].on", (1, 2)),
        ('merge({ a = "x" }, var.b ? { a = "y" } : {}).a', ("y", "x")),
        ('one(var.b ? ["a"] : [])', ("a", None)),
        ('sort([local.s, "A"])', (["A", "EXTERNAL"], ["A", "EC2"])),
        ('flatten([["a"], var.b ? ["b"] : []])', (["a", "b"], ["a"])),
        ('split("X", local.s)', (["E", "TERNAL"], ["EC2"])),
        ('try(local.t[var.k], "z")', ("EXTERNAL", "EC2", "z")),
    ):
        assert value_of(expression, beside).options == options, expression
    # The same whatever is chosen: known.
    assert value_of('{ a = "x", b = "x" }[var.k]', beside) == "x"
    assert value_of('merge(var.m, { a = "x" }).a', beside) == "x"
    assert value_of("{ (var.k) = 1, b = 2 }.b", beside) == 2
    # What comes after may set it anew.
    assert isinstance(value_of('merge({ a = "x" }, var.m).a', beside), Unknown)
    assert isinstance(value_of("{ b = 2, (var.k) = 1 }.b", beside), Unknown)
    assert value_of('merge({ a = "x" }, var.m)["a"]', beside).options == ()
    for expression in (
        "reverse(L)",
        "sort(L)",
        "distinct(L)",
        "setunion(L)",
        "flatten([L])",
        '[for c in L : c if c != "x"]',
    ):
        found = value_of(expression.replace("L", 'concat(var.l, ["0.0.0.0/0"])'), beside)
        assert "0.0.0.0/0" in found.document, expression
        assert any(isinstance(one, Unknown) for one in found.document), expression


def test_null_among_the_possible_values_is_the_default_where_a_variable_takes_none(tree) -> None:
    found = tree(
        {
            "main.tf": 'variable "b" {}\nmodule "m" {\n  source = "./m"\n  v = var.b ? null : "x"\n'
            '  o = { p = var.b ? null : "q" }\n}\n',
            "m/main.tf": 'variable "v" {\n  nullable = false\n  default = "d"\n}\nvariable "o" {\n'
            '  type = object({ p = optional(string, "e") })\n}\n'
            'resource "probe" "p" {\n  v = var.v\n  p = var.o.p\n}\n',
        }
    ).resources()["module.m.probe.p"]
    assert found.attrs["v"].options == ("d", "x")
    assert found.attrs["p"].options == ("e", "q")


EXPRESSIONS = st.recursive(
    st.sampled_from(["var.x", "var.y", "1", '"a"', "true", "null", "[var.x, 1]", "{ k = var.y }", "[]"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["==", "!=", "&&", "||", "+", "<"]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
        inner.map(lambda e: f'"<${{{e}}}>"'),
        inner.map(lambda e: f"[for i in {e} : i]"),
        inner.map(lambda e: f"try({e}, 5)"),
        inner.map(lambda e: f"length({e})"),
        inner.map(lambda e: f"jsonencode({e})"),
        st.tuples(inner, inner).map(lambda p: f"concat([{p[0]}], {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"coalesce({p[0]}, {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"contains([{p[0]}], {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"merge({{ k = {p[0]}, j = 1 }}, {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"merge({p[1]}, {{ k = {p[0]} }}).k"),
        st.tuples(inner, inner).map(lambda p: f"{{ (try(tostring({p[0]}), 5)) = 1, k = {p[1]} }}"),
        st.tuples(inner, inner).map(lambda p: f"{{ a = {p[0]}, 1 = 2 }}[{p[1]}]"),
        st.tuples(inner, inner).map(lambda p: f'lookup({{ a = {p[0]} }}, {p[1]}, "d")'),
        st.tuples(inner, inner).map(lambda p: f"element([{p[0]}, 2], {p[1]})"),
        st.tuples(st.sampled_from(["reverse", "distinct", "flatten", "compact", "sort"]), inner, inner).map(
            lambda p: f"{p[0]}(concat([{p[1]}], {p[2]}))"
        ),
        st.tuples(inner, inner).map(lambda p: f"setunion([{p[0]}], {p[1]})"),
    ),
    max_leaves=6,
)


def _fits(found: object, actual: object) -> bool:
    """Whether what is said with less knowledge is true of what is found with more."""
    if isinstance(found, Unknown):
        if isinstance(actual, dict) and not all(
            k in actual and _fits(v, actual[k]) for k, v in (found.known or {}).items()
        ):
            return False
        if isinstance(actual, list) and isinstance(found.document, list):
            # What it becomes beside elements of another type is open: a number a text.
            certain = {str(one).lower() for one in found.document if isinstance(one, (str, int))}
            return certain <= {str(one).lower() for one in actual}
        return not found.options or isinstance(actual, Unknown) or any(_fits(one, actual) for one in found.options)
    if isinstance(actual, Unknown):
        # An evaluation that fails with this value deploys nothing: there is nothing to be wrong about.
        return actual.code == INVALID
    if isinstance(found, dict) and isinstance(actual, dict):
        return found.keys() == actual.keys() and all(_fits(found[key], actual[key]) for key in found)
    if isinstance(actual, SetOf) and not isinstance(found, SetOf) and isinstance(found, list):
        # A conditional makes a set of it, where the other result turns out to be one.
        return {str(one).lower() for one in found} == {str(one).lower() for one in actual}
    if isinstance(found, list) and isinstance(actual, list):
        return len(found) == len(actual) and all(map(_fits, found, actual))
    if isinstance(actual, str) and isinstance(found, (bool, int, float)):
        # The same: a conditional makes a text of it, where the other result turns out to be one.
        return str(found).lower() == actual
    return type(found) is type(actual) and found == actual


@settings(max_examples=300, deadline=None)
@example("try(setunion([true], [var.x, 1]), 5)", '"a"')
@example("(true ? 1 : var.x)", '"a"')
@given(EXPRESSIONS, st.sampled_from(['"a"', "1", "true", "[]", '["a"]', "{ k = 1 }", '""', "null"]))
def test_what_is_known_without_a_value_is_true_with_it(tmp_path_factory, expression: str, value: str) -> None:
    root = tmp_path_factory.mktemp("p")
    variables = 'variable "x" {\n  type = any\n}\nvariable "y" {\n  default = "a"\n}\n'
    text = f'{variables}resource "p" "p" {{\n  v = {expression}\n}}\n'
    (root / "main.tf").write_text(text)
    less = read_root(root, root, "u", TerraformOptions()).resources[0].attrs["v"]
    more = read_root(root, root, "u", TerraformOptions(variables=(("x", value),))).resources[0].attrs["v"]
    assert _fits(less, more), (expression, less, more)


def test_a_principal_that_may_be_added_leaves_the_certain_ones(tree) -> None:
    found = tree(
        'variable "v" {}\ndata "aws_iam_policy_document" "d" {\n  statement {\n    actions = ["a:*"]\n'
        '    principals {\n      type = "AWS"\n      identifiers = ["*"]\n    }\n'
        '    dynamic "principals" {\n      for_each = var.v\n      content {\n        type = "Service"\n'
        '        identifiers = ["x"]\n      }\n    }\n  }\n}\n'
        'resource "probe" "p" {\n  policy = data.aws_iam_policy_document.d.json\n}\n'
    ).resources()["probe.p"]
    principal = found.attrs["policy"].document["Statement"][0]["Principal"]
    assert principal["AWS"] == "*"
    assert principal["__possible__"].decided_by == ("var.v",)


def test_a_statement_that_an_unknown_policy_may_replace_is_not_certain(tree) -> None:
    text = (
        'variable "o" {}\ndata "aws_iam_policy_document" "m" {\n  KEY = ["{}", var.o]\n'
        '  statement {\n    sid = "Deny"\n    effect = "Deny"\n    actions = ["a:*"]\n  }\n'
        '  statement {\n    effect = "Deny"\n    actions = ["b:*"]\n  }\n}\n'
        'resource "probe" "p" {\n  policy = data.aws_iam_policy_document.m.json\n}\n'
    )
    for key, doubted in (("override_policy_documents", True), ("source_policy_documents", False)):
        found = tree(text.replace("KEY", key)).resources()["probe.p"].attrs["policy"].document["Statement"]
        known = {one["Action"]: one for one in found if isinstance(one, dict)}
        assert ("__possible__" in known["a:*"]) is doubted
        assert "__possible__" not in known["b:*"]


def test_what_is_certain_of_a_partly_known_map_is_found(tree) -> None:
    attrs = (
        tree('variable "m" {}\nresource "probe" "p" {\n  tags = merge(var.m, {\n    a = "x"\n  })\n}\n')
        .resources()["probe.p"]
        .attrs
    )
    assert dig(attrs, "tags", "a") == "x"
    assert isinstance(dig(attrs, "tags", "b"), Unknown)
    line = mark(attrs, "tags", "a")
    assert isinstance(line, FileOrigin)
    assert line.line == 4


def test_the_workspace_is_not_known_unless_it_is_told(tree) -> None:
    """What is made in one workspace alone is possible, and a table of workspaces has one of its values."""
    made = tree(
        'resource "probe" "p" {\n  count = terraform.workspace == "prod" ? 1 : 0\n'
        '  size = lookup({ dev = "a", prod = "b" }, terraform.workspace, "a")\n  name = "x-${terraform.workspace}"\n}\n'
    )
    [one] = made.read().resources
    assert one.possible is not None and one.possible.decided_by == ("terraform.workspace",)
    assert isinstance(one.attrs["name"], Unknown) and one.attrs["name"].pieces[0] == "x-"
    assert isinstance(one.attrs["size"], Unknown)
    assert made.read(workspace="dev").resources == []
    [told] = made.read(workspace="prod").resources
    assert (told.possible, told.attrs["size"], told.attrs["name"]) == (None, "b", "x-prod")


def test_a_file_of_variables_that_nothing_loads_may_be_loaded(tree) -> None:
    """`terraform apply -var-file=prod.tfvars` is not told: a variable has either value, unless the user says which."""
    text = (
        'variable "open" {\n  type = bool\n  default = false\n}\nvariable "same" { default = "a" }\n'
        'variable "need" {}\n'
        'variable "key" {\n  default = ""\n  sensitive = true\n}\n'
        'resource "probe" "p" {\n  count = var.open ? 1 : 0\n  same = var.same\n  need = var.need\n'
        "  key = var.key\n}\n"
    )
    values = 'open = "true"\nsame = "a"\nneed = "n"\nkey = "x9-hidden"\n'
    for place in ("prod.tfvars", "env/prod.tfvars"):
        made = tree({"main.tf": text, place: values, "mod/main.tf": "", "mod/x.tfvars": "same = 5\n"})
        [one] = made.read().resources
        assert one.possible is not None
        assert one.possible.cause == f"`{place}` sets `var.open`, and whether it is loaded is not told"
        assert one.attrs["same"] == "a"
        assert isinstance(one.attrs["need"], Unknown)
        assert isinstance(one.attrs["key"], Unknown) and one.attrs["key"].secret
        assert made.read(variables=(("open", "false"),)).resources == []
        [told] = made.read(var_files=(made.root / place,)).resources
        assert (told.possible, told.attrs["need"]) == (None, "n")
        (made.root / place).unlink()
    assert made.read().resources == []


def test_a_policy_document_is_set_out_as_json_has_it() -> None:
    for sid in ("plain", '\u00e9\n"', "\U0001f600", "half of a character: \ud800"):
        text = policy_json(Attrs({"statement": Items([Attrs({"sid": sid, "actions": []})])}))
        assert text == json.dumps(policy(Attrs({"statement": [{"sid": sid, "actions": []}]})), indent=2)
