"""Every command of the table in every carrier of a program: recognised, or out of sight, and never passed over."""

from __future__ import annotations

import pytest

from scanner import tables
from scanner.builders.draft import World
from scanner.builders.literals import build_literals
from scanner.builders.opaque.build import build_opaque
from scanner.graph.facts import Capacity, Opaque, Placement
from scanner.unknown import Unknown
from tests.builders.texts import node, read

COMMANDS = {
    "eks-hybrid-assets": "curl -O https://hybrid-assets.eks.amazonaws.com/nodeadm",
    "ecs-anywhere": "bash ecs-anywhere-install.sh --cluster c",
    "ssm-register": "amazon-ssm-agent -register -code c -id i",
    "azcmagent": "azcmagent connect --resource-group g",
    "arc-connect": "az connectedk8s connect --name hall",
    "eksctl-anywhere": "eksctl anywhere create cluster -f c.yaml",
    "gdc-commands": "bmctl create cluster -c hall",
    "edge-join": "keadm join --cloudcore-ipport=c:10000",
    "greengrass-nucleus": "unzip greengrass-nucleus-latest.zip",
    "azure-iot-edge": "apt-get install -y aziot-edge",
    "device-updates": "balena push fleet",
    # Of these, a word is not proof: what runs them is out of sight.
    "nodeadm": "nodeadm init -c file://c.yaml",
    "edge-installers": "curl -sfL https://get.k3s.io -o k3s.sh",
    "device-compilers": "optimum-cli export onnx --model m out",
}
HERE = "<<-EOT\n    #!/bin/bash\n    set -e\n    @\n  EOT"
LINE = '"#!/bin/bash\\n@\\n"'
CARRIERS = {
    "a heredoc": f'resource "aws_instance" "N" {{\n  user_data = {HERE}\n}}',
    "base64": f'resource "aws_instance" "N" {{\n  user_data_base64 = base64encode({LINE})\n}}',
    "base64, in part unknown": (
        'resource "aws_instance" "N" {\n  user_data_base64 = base64encode("@\\necho ${var.v}")\n}'
    ),
    "base64 of a file": 'resource "aws_instance" "N" {\n  user_data_base64 = filebase64("N.sh")\n}',
    "gzip": f'resource "aws_instance" "N" {{\n  user_data_base64 = base64gzip({LINE})\n}}',
    "a file": 'resource "aws_instance" "N" {\n  user_data = file("N.sh")\n}',
    "a template": 'resource "aws_instance" "N" {\n  user_data = templatefile("N.tpl", { v = "x" })\n}',
    "a template, in part unknown": (
        'resource "aws_instance" "N" {\n  user_data = templatefile("N.tpl", { v = var.v })\n}'
    ),
    "a template of its own": 'data "template_file" "N" {\n  template = file("N.tpl")\n  vars = { v = "x" }\n}\n'
    'resource "aws_instance" "N" {\n  user_data = data.template_file.N.rendered\n}',
    "joined": f'resource "aws_instance" "N" {{\n  user_data = join("\\n", ["#!/bin/bash", {LINE}])\n}}',
    "one of two": f'resource "aws_instance" "N" {{\n  user_data = var.b ? {LINE} : ""\n}}',
    "cloud-init": 'data "cloudinit_config" "N" {\n  part {\n    content_type = "text/x-shellscript"\n'
    f'    content = {LINE}\n  }}\n}}\nresource "aws_instance" "N" {{\n'
    "  user_data = data.cloudinit_config.N.rendered\n}",
    "a launch template": f'resource "aws_launch_template" "N" {{\n  user_data = base64encode({HERE}\n  )\n}}',
    "a launch template, cloud-init": 'data "cloudinit_config" "N" {\n  gzip = true\n  part {\n    filename = "x"\n'
    '    content = templatefile("N.tpl", { v = "x" })\n  }\n}\nresource "aws_launch_template" "N" {\n'
    "  user_data = data.cloudinit_config.N.rendered\n}",
    "a launch configuration": f'resource "aws_launch_configuration" "N" {{\n  user_data = {HERE}\n}}',
    "a spot request": f'resource "aws_spot_instance_request" "N" {{\n  user_data = {LINE}\n}}',
    "a local": f'locals {{\n  N = {LINE}\n}}\nresource "aws_instance" "N" {{\n  user_data = local.N\n}}',
    "a provisioner": f'resource "null_resource" "N" {{\n  provisioner "local-exec" {{\n    command = {HERE}\n  }}\n}}',
    "a remote provisioner": 'resource "terraform_data" "N" {\n'
    '  provisioner "remote-exec" {\n    inline = ["set -e", "@"]\n'
    "  }\n}",
    "a provisioner of a machine": (
        'resource "aws_instance" "N" {\n  provisioner "local-exec" {\n    command = "@"\n  }\n}'
    ),
    "a copied file": f'resource "aws_instance" "N" {{\n  provisioner "file" {{\n    content = {LINE}\n  }}\n}}',
    "a document": 'resource "aws_ssm_document" "N" {\n  document_type = "Command"\n  content = jsonencode({\n'
    '    mainSteps = [{ action = "aws:runShellScript", inputs = { runCommand = ["@"] } }]\n  })\n}',
    "a document in YAML": 'resource "aws_ssm_document" "N" {\n  document_format = "YAML"\n  content = <<-EOT\n'
    "    mainSteps:\n      - inputs:\n          runCommand:\n            - @\n  EOT\n}",
    "a document, in part unknown": 'resource "aws_ssm_document" "N" {\n  content = jsonencode({ a = ["@", var.v] })\n}',
    "an association": 'resource "aws_ssm_association" "N" {\n  name = "AWS-RunShellScript"\n'
    '  parameters = { commands = "@" }\n}',
    "a nested template": 'resource "aws_cloudformation_stack" "N" {\n  template_body = yamlencode({ a = "@" })\n}',
    "a program": 'data "external" "N" {\n  program = ["bash", "-c", "@"]\n}',
    "Azure": f'resource "azurerm_linux_virtual_machine" "N" {{\n  custom_data = base64encode({LINE})\n}}',
    "an extension": (
        'resource "azurerm_virtual_machine_extension" "N" {\n  settings = jsonencode({ commandToExecute = "@" })\n}'
    ),
    "Google": f'resource "google_compute_instance" "N" {{\n  metadata_startup_script = {LINE}\n}}',
    "Google, by a key": (
        f'resource "google_compute_instance" "N" {{\n  metadata = {{\n    startup-script = {LINE}\n  }}\n}}'
    ),
    "a notebook": 'resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "N" {\n'
    f"  on_start = base64encode({LINE})\n}}",
    "a chart": 'resource "helm_release" "N" {\n  values = [yamlencode({ command = "@" })]\n}',
}


def named(place: int, number: int) -> str:
    return f"n{place}-{number}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    files: dict[str, str] = {"v.tf": 'variable "v" {}\nvariable "b" {}\n'}
    for place, text in enumerate(CARRIERS.values()):
        made = []
        for number, command in enumerate(COMMANDS.values()):
            name = named(place, number)
            made.append(
                text.replace("N.sh", f"{name}.sh")
                .replace("N.tpl", f"{name}.tpl")
                .replace('"N"', f'"{name}"')
                .replace(".N.", f".{name}.")
                .replace("local.N", f"local.{name}")
                .replace("  N =", f"  {name} =")
                .replace("@", command)
            )
            if "N.sh" in text or "N.tpl" in text:
                files[f"{name}.sh"] = files[f"{name}.tpl"] = f"#!/bin/bash\n{command}\n"
                files[f"{name}.tpl"] += "echo ${v}\n"
        files[f"c{place}.tf"] = "\n".join(made)
    made_world = read(tmp_path_factory.mktemp("shell"), files)
    build_opaque(made_world)
    build_literals(made_world)
    return made_world


def test_there_is_an_example_of_every_command() -> None:
    rows = {row.id: row for row in tables.literals("command")}
    assert set(COMMANDS) == set(rows)
    for name, command in COMMANDS.items():
        assert [one for one, row in rows.items() if tables.pattern(row.regex).search(command)] == [name]


def said(world: World, address: str) -> tuple[set[str], bool]:
    """The classes that the facts of a node name, and whether something of it is out of sight."""
    classes: set[str] = set()
    hidden = False
    for fact in node(world, address).facts:
        if isinstance(fact, (Opaque, Placement)):
            hidden |= isinstance(fact.place_class, Unknown)
            classes |= {fact.place_class} if isinstance(fact.place_class, str) else set()
            classes |= set(fact.place_class.options) if isinstance(fact.place_class, Unknown) else set()
            classes |= {fact.perhaps} if isinstance(fact, Placement) else set()
        elif isinstance(fact, Capacity):
            classes.add(str(fact.place_class) if hasattr(fact, "place_class") else "hybrid-compute")
    return classes, hidden


@pytest.mark.parametrize("carrier", CARRIERS)
def test_each_command_is_recognised_in_each_carrier(world: World, carrier: str) -> None:
    place = list(CARRIERS).index(carrier)
    rows = {row.id: row for row in tables.literals("command")}
    kind = CARRIERS[carrier].rpartition('"N"')[0].split('"')[-2]
    prefix = "data." if CARRIERS[carrier].startswith("data") and "resource" not in CARRIERS[carrier] else ""
    missed = []
    for number, name in enumerate(COMMANDS):
        classes, hidden = said(world, f"{prefix}{kind}.{named(place, number)}")
        row = rows[name]
        if not (row.place in classes if row.signal == "strong" else hidden or row.place in classes):
            missed.append((name, classes, hidden))
    assert missed == []


PARTS = (
    'variable "v" {}\ndata "cloudinit_config" "c" {\n  part {\n'
    '    content = "#!/bin/bash\\n/etc/eks/bootstrap.sh main\\n"\n'
    '  }\nMORE}\nresource "aws_instance" "i" {\n  user_data = data.cloudinit_config.c.rendered\n}'
)
MORE = {
    "": False,
    "  part {\n    content = var.v\n  }\n": True,
    '  dynamic "part" {\n    for_each = var.v\n    content {\n      content = "set -e"\n    }\n  }\n': True,
    "  part {\n    content = file(var.v)\n  }\n": True,
    "  part {\n    content = 3\n  }\n": True,
}


@pytest.mark.parametrize("more", MORE)
def test_parts_of_cloud_init_are_read_to_their_end(tmp_path, more: str) -> None:
    made = read(tmp_path, {"main.tf": PARTS.replace("MORE", more)})
    build_opaque(made)
    assert said(made, "aws_instance.i") == (set() if MORE[more] else {"cloud"}, MORE[more])


def test_a_template_that_cannot_be_filled_is_out_of_sight(tmp_path) -> None:
    for number, text in enumerate(("${nothing}", "%{ if", "set -e")):
        made = read(
            tmp_path / str(number),
            {
                "t.tpl": text,
                "main.tf": 'data "template_file" "t" {\n  template = file("t.tpl")\n}\nresource "aws_instance" "i" {\n'
                "  user_data = data.template_file.t.rendered\n}",
            },
        )
        build_opaque(made)
        assert said(made, "aws_instance.i") == ((set(), True) if number < 2 else ({"cloud"}, False))
