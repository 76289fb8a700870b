"""Local and installed modules, roots, overrides, JSON, and what cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys

from scanner.sources.read import ReadRequest, read_all
from scanner.sources.terraform import find_roots
from scanner.unknown import Ref, Unknown


def test_a_local_module_with_for_each(tree) -> None:
    found = tree(
        {
            "main.tf": (
                'module "m" {\n  source = "./m"\n  for_each = { x = 1 }\n  n = each.value\n  sg = a.b.id\n}\n'
                'resource "a" "b" {}\nresource "p" "p" {\n  one = module.m["x"].name\n  id = module.m["x"].id\n'
                '  all = [for k, m in module.m : "${k}=${m.name}"]\n}\n'
            ),
            "m/main.tf": (
                'variable "n" {\n  type = string\n}\nvariable "sg" {}\nvariable "unset" {}\n'
                'resource "a" "in" {\n  count = 1\n  n = var.n\n  sg = var.sg\n  u = var.unset\n  m = path.module\n}\n'
                'output "name" {\n  value = "n${var.n}"\n}\noutput "id" {\n  value = a.in[0].id\n}\n'
            ),
        }
    ).resources()
    inner = found['module.m["x"].a.in[0]']
    assert inner.attrs["n"] == "1"
    assert inner.attrs["sg"].ref == Ref("a.b", "id")
    assert inner.attrs["u"].decided_by == ('module.m["x"].var.unset',)
    assert inner.attrs["m"] == "m"
    assert inner.origin.path == "m/main.tf"
    attrs = found["p.p"].attrs
    assert attrs["one"] == "n1"
    assert attrs["id"].ref == Ref('module.m["x"].a.in[0]', "id")
    assert attrs["all"] == ["x=n1"]


def test_a_module_whose_count_is_unknown_makes_all_in_it_possible(tree) -> None:
    found = tree(
        {
            "main.tf": 'variable "n" {}\nmodule "m" {\n  source = "./m"\n  count = var.n\n}\n',
            "m/main.tf": 'resource "a" "b" {}\nmodule "i" {\n  source = "./i"\n}\n',
            "m/i/main.tf": 'resource "a" "c" {}\n',
        }
    ).resources()
    assert set(found) == {"module.m[*].a.b", "module.m[*].module.i.a.c"}
    assert all(one.possible.decided_by == ("var.n",) for one in found.values())


def test_an_installed_module_is_used(tree) -> None:
    manifest = {
        "Modules": [
            {"Key": "", "Source": "", "Dir": "."},
            {"Key": "m", "Source": "registry.terraform.io/x/y/z", "Version": "1.2.3", "Dir": ".terraform/modules/m"},
        ]
    }
    files = {
        "main.tf": 'module "m" {\n  source = "x/y/z"\n  version = "1.2.3"\n}\n',
        ".terraform/modules/modules.json": json.dumps(manifest),
        ".terraform/modules/m/main.tf": 'resource "a" "b" {}\n',
    }
    assert set(tree(files).resources()) == {"module.m.a.b"}
    changed = tree(files | {"main.tf": files["main.tf"].replace("1.2.3", "1.2.4")})
    assert set(changed.resources()) == {"module.m"}
    assert [one.kind for one in changed.read().unread] == ["module"]


def test_modules_that_call_themselves_and_that_lie_outside(tree) -> None:
    made = tree(
        {
            "root/main.tf": 'module "a" {\n  source = "./a"\n}\nmodule "out" {\n  source = "../../elsewhere"\n}\n',
            "root/a/main.tf": 'module "b" {\n  source = "../a"\n}\nresource "r" "x" {}\n',
        }
    )
    reading = made.read("root")
    assert {one.address for one in reading.resources} == {"module.a.r.x", "module.a.module.b", "module.out"}
    causes = {one.kind: one.cause for one in reading.unread}
    assert causes["module"] == "module `b` calls itself, directly or through others"
    assert causes["link"] == "module `out` (../../elsewhere) lies outside of what is scanned"


def test_roots(tree) -> None:
    made = tree(
        {
            "live/main.tf": 'module "m" {\n  source = "../modules/used"\n}\n# source = "../hidden"\n',
            "modules/used/main.tf": "",
            "modules/unused/main.tf": "",
            "hidden/main.tf": "",
            "ring/a/main.tf": 'module "m" {\n  source = "../b"\n}\n',
            "ring/b/main.tf": 'module "m" {\n  source = "../a"\n}\n',
            "tests/only.tftest.hcl": "",
            "live/.terraform/modules/x/main.tf": "",
        }
    )
    files = [path for path in made.root.rglob("*") if path.is_file()]
    names = [path.relative_to(made.root).as_posix() for path in find_roots(made.root, files)]
    assert names == ["hidden", "live", "modules/unused", "ring/a"]


def test_overrides_and_tofu(tree) -> None:
    found = tree(
        {
            "main.tf": 'resource "a" "b" {\n  x = 1\n  y = 1\n  in {\n    p = 1\n  }\n}\nlocals {\n  l = 1\n}\n',
            "a_override.tf": 'resource "a" "b" {\n  x = local.l\n  in {\n    p = 2\n  }\n}\n',
            "override.tf": "locals {\n  l = 5\n}\n",
            "net.tf": 'resource "a" "tf" {}\n',
            "net.tofu": 'resource "a" "tofu" {}\n',
        }
    ).resources()
    assert found["a.b"].attrs == {"x": 5, "y": 1, "in": [{"p": 2}]}
    assert "a.tofu" in found
    assert "a.tf" not in found


def test_json(tree) -> None:
    content = {
        "//": "a comment",
        "variable": {"v": {"type": "list(string)", "default": ["q"]}},
        "provider": {"aws": [{"region": "r"}, {"alias": "gov", "region": "g"}]},
        "resource": {
            "aws_a": {
                "b": {
                    "provider": "aws.gov",
                    "x": "n${var.v[0]}",
                    "depends_on": ["aws_a.c"],
                    "dynamic": {"in": {"for_each": [1, 2], "content": {"p": "${in.value}"}}},
                    "escaped": "$${x}",
                },
                "c": [{"id_of": "${aws_a.b.id}"}],
            }
        },
    }
    made = tree({"main.tf.json": json.dumps(content, indent=1)})
    found = made.resources()
    attrs = found["aws_a.b"].attrs
    assert (attrs["x"], attrs["escaped"]) == ("nq", "${x}")
    assert attrs["in"] == [{"p": 1}, {"p": 2}]
    assert attrs["depends_on"][0].ref == Ref("aws_a.c", "")
    assert attrs.marks["x"].line > 1
    assert found["aws_a.b"].provider.attrs["region"] == "g"
    assert found["aws_a.c"].attrs["id_of"].ref == Ref("aws_a.b", "id")


def test_variables_in_their_order(tree) -> None:
    names = ["default", "env", "tfvars", "json", "auto", "file", "var"]
    text = "".join(f'variable "{name}" {{\n  default = "default"\n}}\n' for name in names)
    values = "".join(f"  {name} = var.{name}\n" for name in names)
    made = tree(
        {
            "main.tf": f'{text}resource "p" "p" {{\n{values}}}\n',
            "terraform.tfvars": 'tfvars = "tfvars"\njson = "t"\nauto = "t"\nfile = "t"\nvar = "t"\n',
            "terraform.tfvars.json": '{"json": "json ${x}", "auto": "json", "file": "json", "var": "json"}',
            "a.auto.tfvars": 'auto = "a"\nfile = "a"\nvar = "a"\n',
            "b.auto.tfvars.json": '{"auto": "auto"}',
            "my.tfvars": 'file = "file"\nvar = "file"\n',
        }
    )
    environ = {f"TF_VAR_{name}": "env" for name in names if name != "default"}
    options = {"environ": environ, "var_files": (made.root / "my.tfvars",), "variables": (("var", "var"),)}
    attrs = made.resources(**options)["p.p"].attrs
    assert {name: attrs[name] for name in names} == {name: name for name in names} | {"json": "json ${x}"}
    assert {"my.tfvars", "a.auto.tfvars"} <= set(made.read(**options).inputs)


def test_types_convert_and_default(value_of) -> None:
    variable = (
        'variable "v" {\n  type = list(object({ port = number, cidr = optional(string, "c"), z = optional(bool) }))\n'
        '  default = [{ port = "443", extra = 1 }]\n}\nvariable "n" {\n  nullable = false\n  default = "d"\n}\n'
    )
    assert value_of("var.v", variable) == [{"port": 443, "cidr": "c", "z": None}]
    assert value_of("var.n", variable, variables=(("n", "x"),)) == "x"
    assert value_of("var.v", variable, variables=(("v", '[{port = 1, cidr = "d"}]'),))[0]["cidr"] == "d"
    wrong = value_of("var.v", variable, variables=(("v", "[{}]"),))
    assert isinstance(wrong, Unknown)
    assert wrong.cause == "`var.v` does not fit its type: the attribute `port` is required"


def test_files_stay_inside(tree, tmp_path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text("s3cret")
    made = tree(
        {
            "root/main.tf": (
                'resource "p" "p" {\n  a = file("in.txt")\n  b = file("../secret.txt")\n  c = file("link.txt")\n'
                '  d = templatefile("t.tpl", { n = [1, 2] })\n  e = fileset(".", "*.{txt,tpl}")\n'
                '  f = fileexists("none")\n  g = try(file("none"), "d")\n}\n'
            ),
            "root/in.txt": "in",
            "root/t.tpl": "%{ for x in n ~}\n- ${x}\n%{ endfor ~}\n",
        }
    )
    (made.root / "root/link.txt").symlink_to(outside)
    from scanner.sources.terraform import TerraformOptions, read_root

    reading = read_root(made.root / "root", made.root / "root", "u", TerraformOptions())
    attrs = reading.resources[0].attrs
    assert attrs["a"] == "in"
    assert attrs["b"].cause == attrs["c"].cause == "a file outside of what is scanned"
    assert attrs["d"] == "- 1\n- 2\n"
    assert attrs["e"] == ["in.txt", "t.tpl"]
    assert (attrs["f"], attrs["g"]) == (False, "d")
    assert set(reading.inputs) == {"main.tf", "in.txt", "t.tpl"}


def test_a_file_that_cannot_be_read_loses_only_itself(tree) -> None:
    made = tree({"bad.tf": 'resource "a" "b" {\n  x = [1,\n}\n', "ok.tf": 'resource "p" "p" {\n  v = a.b.id\n}\n'})
    reading = made.read()
    [unread] = reading.unread
    assert (unread.kind, unread.origin.path, unread.origin.line) == ("file", "bad.tf", 3)
    [found] = reading.resources
    assert found.attrs["v"].code == "value-unknown"


def test_what_terraform_refuses_to_read(tree) -> None:
    for text in (
        'resource "a" "b" {\n  x = 1\n  x = 2\n}\n',
        'resource "a" "b" {\n  x = 1 y = 2\n}\n',
        'resource "a" "b" {\n  x = "a\nb"\n}\n',
        'resource "a" "b" {\n  x = "\\q"\n}\n',
        'resource "a" "b" {\n  x = { a = 1 b = 2 }\n}\n',
        'resource "a" "b" {\n' + "  x {\n" * 150 + "  }\n" * 150 + "}\n",
        'resource "a" "b" {\n  x = ' + "[" * 20000 + "]" * 20000 + "\n}\n",
    ):
        [unread] = tree(text).read().unread
        assert unread.kind == "file", text[:60]


def test_a_byte_order_mark_and_a_bad_byte(tree) -> None:
    made = tree("")
    (made.root / "main.tf").write_bytes(b'\xef\xbb\xbfresource "a" "b" {}\n')
    (made.root / "bad.tf").write_bytes(b'locals {\n  a = "\xff"\n}\n')
    reading = made.read()
    assert [one.address for one in reading.resources] == ["a.b"]
    [unread] = reading.unread
    assert (unread.origin.line, unread.origin.column, unread.cause) == (2, 8, "not UTF-8 text")


def test_a_resource_declared_twice_is_told(tree) -> None:
    reading = tree('resource "a" "b" {}\nresource "a" "b" {}\n').read()
    [unread] = reading.unread
    assert (unread.kind, unread.cause, unread.origin.line) == ("document", "`a.b` is declared twice", 2)


def test_cycles_and_explosions_end(value_of) -> None:
    assert "refers to itself" in value_of("local.a", "locals {\n  a = local.b\n  b = local.a\n}\n").cause
    doubling = "\n".join(f'  l{i} = "${{local.l{i + 1}}}${{local.l{i + 1}}}"' for i in range(40))
    assert isinstance(value_of("local.l0", f'locals {{\n{doubling}\n  l40 = "a"\n}}\n'), Unknown)
    chain = "\n".join(f"  l{i} = local.l{i + 1}" for i in range(3000))
    assert isinstance(value_of("local.l0", f"locals {{\n{chain}\n  l3000 = 1\n}}\n"), Unknown)
    assert isinstance(value_of('regex("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")'), Unknown)
    assert isinstance(value_of("setproduct(range(1000), range(1000), range(1000))"), Unknown)


def test_importing_does_not_load_the_parser() -> None:
    code = "import sys, scanner.sources.terraform; print('hcl2' in sys.modules, 'lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_what_opentofu_switches_off_is_not_there(tree) -> None:
    block = "  lifecycle {\n    enabled = VALUE\n  }\n}\n"
    text = 'variable "on" {}\nresource "a" "b" {\n' + block + 'module "m" {\n  source = "./m"\n' + block
    for value, expected in (("true", {"a.b", "module.m.a.c"}), ("false", set()), ("1 == 2", set())):
        made = tree({"main.tf": text.replace("VALUE", value), "m/main.tf": 'resource "a" "c" {}\n'})
        assert set(made.resources()) == expected
    open_ = tree({"main.tf": text.replace("VALUE", "var.on"), "m/main.tf": 'resource "a" "c" {}\n'}).resources()
    assert {address: one.possible.decided_by for address, one in open_.items()} == {
        "a.b": ("var.on",),
        "module.m.a.c": ("var.on",),
    }


def test_a_tofu_file_in_the_place_of_another_is_said(tree) -> None:
    reading = tree({"net.tf": "", "net.tofu": 'resource "a" "tofu" {}\n', "only.tofu": ""}).read()
    assert list(reading.assumptions) == [
        "`net.tofu` stands in for `net.tf`: OpenTofu runs it, Terraform would read the other"
    ]


def test_an_ephemeral_resource_beside_a_data_source_of_its_name(tree) -> None:
    made = tree(
        'data "aws_s" "x" {\n  a = 1\n}\nephemeral "aws_s" "x" {\n  a = 2\n}\n'
        'resource "p" "p" {\n  d = data.aws_s.x.a\n  e = ephemeral.aws_s.x.a\n  i = ephemeral.aws_s.x.id\n}\n'
    )
    assert made.read().unread == []
    found = made.resources()
    assert found["ephemeral.aws_s.x"].data
    assert (found["p.p"].attrs["d"], found["p.p"].attrs["e"]) == (1, 2)
    assert found["p.p"].attrs["i"].ref == Ref("ephemeral.aws_s.x", "id")


def test_what_an_ephemeral_value_leaves_is_null(value_of) -> None:
    beside = 'variable "e" {\n  ephemeral = true\n  default = "x"\n}\n'
    assert value_of("ephemeralasnull(var.e)", beside).options == ("x", None)
    assert value_of('ephemeralasnull("x")') == "x"


def test_blocks_that_make_no_resource(tree) -> None:
    made = tree(
        'resource "aws_lb" "here" {}\n'
        'import {\n  to = aws_lb.here\n  id = "a"\n}\n'
        "import {\n  for_each = { a = 1 }\n  to = aws_lb.gone[each.key]\n  id = each.key\n}\n"
        'action "local_command" "run" {\n  config {\n    command = "x"\n  }\n}\n'
        "moved {\n  from = aws_lb.old\n  to = aws_lb.here\n}\n"
        "removed {\n  from = aws_lb.kept\n  lifecycle {\n    destroy = false\n  }\n}\n"
        "removed {\n  from = aws_lb.destroyed\n}\n"
        'check "c" {\n  data "aws_x" "y" {}\n  assert {\n    condition = true\n    error_message = "m"\n  }\n}\n'
    )
    reading = made.read()
    assert [one.address for one in reading.resources] == ["aws_lb.here"]
    assert [(one.kind, one.origin.line, one.cause) for one in reading.unread] == [
        ("foreign", 6, "`aws_lb.gone[*]` is imported, and not declared: how it is set up is not told"),
        ("foreign", 11, "what the action `action.local_command.run` brings about as it runs is out of sight"),
    ]
    assert list(reading.assumptions) == [
        "`aws_lb.kept` is let go by a `removed` block and lives on: it is not in what is scanned"
    ]


def test_data_sources_that_answer_from_their_provider(tree) -> None:
    text = (
        'provider "aws" {\n  region = REGION\n}\nprovider "aws" {\n  alias = "cn"\n  region = "cn-north-1"\n}\n'
        'variable "r" {}\ndata "aws_region" "here" {}\ndata "aws_partition" "p" {}\n'
        'data "aws_partition" "cn" {\n  provider = aws.cn\n}\n'
        'resource "p" "p" {\n  r = data.aws_region.here.name\n  q = data.aws_region.here.region\n'
        '  arn = "arn:${data.aws_partition.p.partition}:iam::aws:policy/x"\n'
        '  cn = "s3.${data.aws_partition.cn.dns_suffix}"\n}\n'
    )
    attrs = tree(text.replace("REGION", '"us-gov-west-1"')).resources()["p.p"].attrs
    assert (attrs["r"], attrs["q"]) == ("us-gov-west-1", "us-gov-west-1")
    assert attrs["arn"] == "arn:aws-us-gov:iam::aws:policy/x"
    assert attrs["cn"] == "s3.amazonaws.com.cn"
    public = tree(text.replace("REGION", '"eu-central-1"')).resources()["p.p"].attrs
    assert public["arn"] == "arn:aws:iam::aws:policy/x"
    for unknown in ("var.r", '"moon-base-1"'):
        left = tree(text.replace("REGION", unknown)).resources()["p.p"].attrs
        assert left["arn"].text() == "arn:*:iam::aws:policy/x"
    assert left["r"] == "moon-base-1"


def test_files_of_stacks_are_named_and_tests_and_queries_deploy_nothing(tmp_path) -> None:
    for name in (
        "a.tfstack.hcl",
        "b.tfcomponent.hcl",
        "c.tfdeploy.hcl",
        "d.tftest.hcl",
        "e.tofutest.hcl",
        "f.tfquery.hcl",
    ):
        (tmp_path / name).write_text('component "x" {\n  source = "./m"\n}\n')
    (tmp_path / "main.tf").write_text('resource "a" "b" {}\n')
    whole = read_all(ReadRequest(tmp_path, [tmp_path]))
    assert [one.origin.path for one in whole.unread] == ["a.tfstack.hcl", "b.tfcomponent.hcl", "c.tfdeploy.hcl"]
    assert {one.kind for one in whole.unread} == {"foreign"}
    assert [one.address for one in whole.resources] == ["a.b"]
    named = "`d.tftest.hcl` and 2 more files of tests and queries of Terraform"
    assert list(whole.assumptions) == [f"{named}: what a test makes is gone when it ends, and a query makes nothing"]


def test_a_provider_for_each_of_several_keys(tree) -> None:
    # OpenTofu 1.9: `for_each` on a provider, and an index where it is used.
    root = (
        'locals {\n  regions = { near = "us-gov-west-1", far = "us-gov-east-1" }\n}\n'
        'variable "k" {}\nvariable "all" {}\n'
        'provider "aws" {\n  alias = "by"\n  for_each = local.regions\n  region = each.value\n}\n'
        'provider "aws" {\n  alias = "open"\n  for_each = var.all\n  region = each.key\n}\n'
        'resource "aws_a" "each" {\n  for_each = local.regions\n  provider = aws.by[each.key]\n}\n'
        'resource "aws_a" "one" {\n  provider = aws.by["far"]\n}\n'
        'resource "aws_a" "some" {\n  provider = aws.by[var.k]\n}\n'
        'resource "aws_a" "none" {\n  provider = aws.by["nowhere"]\n}\n'
        'resource "aws_a" "open" {\n  provider = aws.open["x"]\n}\n'
        'module "m" {\n  source = "./m"\n  for_each = local.regions\n  providers = { aws = aws.by[each.key] }\n}\n'
    )
    found = tree({"main.tf": root, "m/main.tf": 'resource "aws_a" "in" {}\n'}).resources()
    regions = {address: one.provider.attrs.get("region") for address, one in found.items() if one.kind == "aws_a"}
    assert regions['aws_a.each["near"]'] == regions['module.m["near"].aws_a.in'] == "us-gov-west-1"
    assert (
        regions['aws_a.each["far"]'] == regions['module.m["far"].aws_a.in'] == regions["aws_a.one"] == "us-gov-east-1"
    )
    assert set(regions["aws_a.some"].options) == {"us-gov-west-1", "us-gov-east-1"}
    for address in ("aws_a.none", "aws_a.open"):
        assert isinstance(regions[address], Unknown), address
        assert regions[address].options == ()
    assert found['aws_a.each["near"]'].provider.address == 'provider.aws.by["near"]'
    assert set(found["provider.aws.by"].attrs["region"].options) == {"us-gov-west-1", "us-gov-east-1"}
