"""Where Terraform resources stand: providers, tables, zones, subnets, clusters."""

import pytest

from scanner.builders.placement.build import build_placement
from scanner.graph.facts import Capacity, Placement
from scanner.unknown import Unknown
from tests.builders.texts import build, facts, line, node, runs_on, shown

GOV = """\
provider "aws" {
  region              = "us-gov-west-1"
  allowed_account_ids = ["111122223333"]
}
"""


def world_of(tmp_path, text: str, profile: str = "", **files: str):
    return build(tmp_path, {"main.tf": text, **files}, build_placement, profile=profile)


def places(world, address: str) -> list[tuple[str, ...]]:
    found = facts(world, address, Placement)
    keys = ("place_class", "provider", "partition", "account", "region", "zone")
    return [tuple(shown(getattr(fact, key)) for key in keys) for fact in found]


def classes(world, address: str) -> list[str]:
    return sorted(shown(fact.place_class) for fact in facts(world, address, Placement))


def capacities(world, address: str) -> list[str]:
    return sorted(shown(fact.place_class) for fact in facts(world, address, Capacity))


def test_a_provider_tells_partition_account_and_region(tmp_path):
    world = world_of(tmp_path, GOV + 'resource "aws_vpc" "v" {\n}')
    assert sorted(places(world, "provider.aws")) == [
        ("cloud", "aws", "", "111122223333", "", ""),
        ("cloud", "aws", "aws-us-gov", "", "us-gov-west-1", ""),
    ]
    assert sorted(line(fact) for fact in facts(world, "provider.aws", Placement)) == [2, 3]
    assert ("aws_vpc.v", "provider.aws") in runs_on(world)


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        ('provider "aws" {\n}', ("?AWS_REGION", "?provider.aws.allowed_account_ids")),
        ("", ("?AWS_REGION", "?provider.aws.allowed_account_ids")),
        ('variable "r" {\n}\nprovider "aws" {\n  region = var.r\n}', ("?var.r", "?provider.aws.allowed_account_ids")),
        (
            'provider "aws" {\n  region = "us-east-1"\n  assume_role {\n'
            '    role_arn = "arn:aws:iam::444455556666:role/x"\n  }\n}',
            ("us-east-1", "444455556666"),
        ),
    ],
)
def test_what_a_provider_leaves_open(tmp_path, block, wanted):
    world = world_of(tmp_path, block + '\nresource "aws_vpc" "v" {\n}')
    found = places(world, "provider.aws")
    (partition, region), account = (
        next((one[2], one[4]) for one in found if one[4]),
        next(one[3] for one in found if one[3]),
    )
    assert (region, account) == wanted
    assert partition == (wanted[0] if wanted[0].startswith("?") else "aws")


def test_no_provider_block_says_so(tmp_path):
    world = world_of(tmp_path, 'resource "aws_vpc" "v" {\n}')
    (fact,) = (one for one in facts(world, "provider.aws", Placement) if one.region)
    assert isinstance(fact.region, Unknown)
    assert "no provider block" in fact.region.cause


def test_each_allowed_account_is_a_place(tmp_path):
    text = 'provider "aws" {\n  region = "us-east-1"\n  allowed_account_ids = ["111122223333", "444455556666"]\n}\n'
    world = world_of(tmp_path, text + 'resource "aws_vpc" "v" {\n}')
    assert sorted(place[3] for place in places(world, "provider.aws")) == ["", "111122223333", "444455556666"]


def test_a_provider_that_makes_nothing_has_no_place(tmp_path):
    assert facts(world_of(tmp_path, GOV), "provider.aws", Placement) == []


SOURCES = {
    "vmware/vsphere": "on-prem",
    "acme/unheard-of": "?provider acme/unheard-of",
    "terraform-provider-openstack/openstack": "?provider terraform-provider-openstack/openstack",
    "rancher/rancher2": "?provider rancher/rancher2",
    "balena-io/balena": "edge-device",
    "equinix/equinix": "colo",
    "hetznercloud/hcloud": "cloud",
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_class_of_a_provider(tmp_path, source):
    text = (
        f'terraform {{\n  required_providers {{\n    p = {{ source = "{source}" }}\n  }}\n}}\nresource "p_x" "x" {{\n}}'
    )
    assert classes(world_of(tmp_path, text), "provider.p") == [SOURCES[source]]


@pytest.mark.parametrize("kind", ["random_id", "null_resource", "tls_private_key"])
def test_providers_that_stand_nowhere(tmp_path, kind):
    world = world_of(tmp_path, f'resource "{kind}" "x" {{\n}}')
    assert not any(isinstance(fact, Placement) for one in world.nodes.values() for fact in one.facts)


def test_another_cloud_is_held_against_the_list_of_places(tmp_path):
    text = 'terraform {\n  required_providers {\n    hcloud = { source = "hetznercloud/hcloud" }\n  }\n}\n'
    world = world_of(tmp_path, text + 'resource "hcloud_server" "x" {\n}')
    assert places(world, "provider.hcloud")[0][:2] == ("cloud", "hcloud")


SUBNET = 'resource "aws_subnet" "s" {{\n  vpc_id = "vpc-1"\n  {}\n}}\n'
ARN = "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"


def test_a_subnet_on_an_outpost_and_what_stands_in_it(tmp_path):
    text = SUBNET.format(f'outpost_arn = "{ARN}"') + (
        'resource "aws_instance" "i" {\n  subnet_id = aws_subnet.s.id\n}\n'
        'resource "aws_eks_node_group" "n" {\n  subnet_ids = [aws_subnet.s.id]\n}\n'
        'resource "aws_instance" "elsewhere" {\n  subnet_id = "subnet-1"\n}\n'
    )
    world = world_of(tmp_path, text)
    assert classes(world, "aws_subnet.s") == ["on-prem"]
    assert line(facts(world, "aws_subnet.s", Placement)[0]) == 3
    edges = runs_on(world)
    assert ("aws_instance.i", "aws_subnet.s") in edges
    assert ("aws_eks_node_group.n", "aws_subnet.s") in edges
    assert not [edge for edge in edges if edge[0] == "aws_instance.elsewhere" and edge[1] != "provider.aws"]


def test_a_group_of_machines_stands_where_its_launch_template_puts_them(tmp_path):
    text = SUBNET.format(f'outpost_arn = "{ARN}"') + (
        'resource "aws_launch_template" "t" {\n  network_interfaces {\n    subnet_id = aws_subnet.s.id\n  }\n}\n'
        'resource "aws_autoscaling_group" "g" {\n  launch_template {\n    id = aws_launch_template.t.id\n  }\n}\n'
        'resource "aws_autoscaling_group" "m" {\n  mixed_instances_policy {\n    launch_template {\n'
        "      launch_template_specification {\n        launch_template_id = aws_launch_template.t.id\n      }\n"
        "    }\n  }\n}\n"
    )
    edges = runs_on(world_of(tmp_path, text))
    assert ("aws_launch_template.t", "aws_subnet.s") in edges
    assert ("aws_autoscaling_group.g", "aws_launch_template.t") in edges
    assert ("aws_autoscaling_group.m", "aws_launch_template.t") in edges


def test_a_machine_stands_where_its_host_and_its_volume_stand(tmp_path):
    text = (
        f'resource "aws_ec2_host" "h" {{\n  outpost_arn = "{ARN}"\n}}\n'
        f'resource "aws_ebs_volume" "v" {{\n  outpost_arn = "{ARN}"\n}}\n'
        'resource "aws_instance" "i" {\n  host_id = aws_ec2_host.h.id\n}\n'
        'resource "aws_instance" "j" {\n}\n'
        'resource "aws_volume_attachment" "a" {\n'
        "  volume_id   = aws_ebs_volume.v.id\n  instance_id = aws_instance.j.id\n}\n"
    )
    edges = runs_on(world_of(tmp_path, text))
    assert ("aws_instance.i", "aws_ec2_host.h") in edges
    assert ("aws_instance.j", "aws_ebs_volume.v") in edges


def test_things_in_ordinary_subnets_have_no_such_edge(tmp_path):
    text = SUBNET.format("") + 'resource "aws_instance" "i" {\n  subnet_id = aws_subnet.s.id\n}\n'
    assert ("aws_instance.i", "aws_subnet.s") not in runs_on(world_of(tmp_path, text))


@pytest.mark.parametrize(("cluster", "wanted"), [("", []), ("cluster = aws_ecs_cluster.e.id", ["hybrid-compute"])])
def test_a_sign_that_decides_nothing_counts_where_it_meets_a_model_or_a_cluster(tmp_path, cluster, wanted):
    text = CLUSTER + (
        'resource "aws_ecs_task_definition" "t" {\n  family = "t"\n'
        f'  requires_compatibilities = ["EXTERNAL"]\n  tags = {{ {cluster} }}\n}}\n'
    )
    assert capacities(world_of(tmp_path, text), "aws_ecs_task_definition.t") == wanted


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("", []),
        ("outpost_arn = null", []),
        ('outpost_arn = ""', []),
        ('outpost_arn = var.o\n}\nvariable "o" {\n  default = null', []),
        ('outpost_arn = var.o\n}\nvariable "o" {', ["?var.o"]),
        ('outpost_arn = var.on ? "arn" : null\n}\nvariable "on" {', ["?var.on"]),
        ("outpost_arn = data.aws_outposts_outpost.o.arn\n}\ndata \"aws_outposts_outpost\" \"o\" {", ["on-prem"]),
        ("customer_owned_ipv4_pool = \"ipv4pool-coip-1\"", ["on-prem"]),
    ],
)  # fmt: skip
def test_only_a_value_that_can_be_set_counts(tmp_path, more, wanted):
    assert classes(world_of(tmp_path, SUBNET.format(more)), "aws_subnet.s") == wanted


def test_a_subnet_whose_zone_is_not_known_is_told_once(tmp_path):
    text = 'variable "z" {\n}\n' + SUBNET.format("availability_zone = var.z")
    world = world_of(tmp_path, text + 'resource "aws_instance" "i" {\n  subnet_id = aws_subnet.s.id\n}\n')
    assert classes(world, "aws_subnet.s") == ["?var.z"]
    assert "it may be that" in facts(world, "aws_subnet.s", Placement)[0].because
    assert classes(world, "aws_instance.i") == []


ZONES = {
    "us-west-2a": "cloud",
    "us-west-2-lax-1a": "near-edge",
    "us-east-1-wl1-atl-wlz-1": "telco-edge",
    "somewhere": "unordinary-zone",
}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("kind", ["aws_subnet", "aws_db_instance"])
def test_zones(tmp_path, zone, kind):
    text = f'resource "{kind}" "x" {{\n  availability_zone = "{zone}"\n}}'
    assert classes(world_of(tmp_path, text), f"{kind}.x") == [ZONES[zone]]


def test_a_zone_names_its_region(tmp_path):
    world = world_of(tmp_path, GOV + SUBNET.format('availability_zone = "us-gov-east-1a"'))
    assert places(world, "aws_subnet.s") == [("cloud", "aws", "aws-us-gov", "", "us-gov-east-1", "us-gov-east-1a")]


LOOK_UP = 'data "aws_availability_zones" "z" {{\n  {}\n}}\n' + SUBNET.format(
    "availability_zone = data.aws_availability_zones.z.names[0]"
).replace("{", "{{").replace("}", "}}")


@pytest.mark.parametrize(
    ("filter_", "wanted"),
    [
        ("", ["?data.aws_availability_zones.z"]),
        ('filter {\n name = "opt-in-status"\n values = ["opt-in-not-required"]\n }', []),
        ('filter {\n name = "zone-type"\n values = ["availability-zone"]\n }', []),
        ('filter {\n name = "zone-type"\n values = ["local-zone"]\n }', ["?data.aws_availability_zones.z"]),
    ],
)
def test_looked_up_zones_are_ordinary_only_when_filtered(tmp_path, filter_, wanted):
    assert classes(world_of(tmp_path, LOOK_UP.format(filter_)), "aws_subnet.s") == wanted


def test_a_resource_in_a_region_of_its_own(tmp_path):
    world = world_of(tmp_path, GOV + 'resource "aws_s3_bucket" "b" {\n  region = "eu-west-1"\n}')
    assert places(world, "aws_s3_bucket.b") == [("cloud", "aws", "aws", "", "eu-west-1", "")]


def test_azure_and_google_name_the_region_on_the_resource(tmp_path):
    text = """
provider "azurerm" {
  subscription_id = "sub-1"
  environment     = "usgovernment"
}
provider "google" {
  project = "p-1"
  region  = "us-central1"
}
resource "azurerm_virtual_network" "v" {
  location = "US Gov Virginia"
}
resource "google_compute_instance" "i" {
  zone = "europe-west4-a"
}
"""
    world = world_of(tmp_path, text)
    assert places(world, "provider.azurerm") == [("cloud", "azure", "azure-us-gov", "sub-1", "", "")]
    assert places(world, "azurerm_virtual_network.v") == [("cloud", "azure", "azure-us-gov", "", "usgovvirginia", "")]
    assert places(world, "provider.google") == [("cloud", "gcp", "gcp", "p-1", "us-central1", "")]
    assert places(world, "google_compute_instance.i") == [("cloud", "gcp", "gcp", "", "europe-west4", "europe-west4-a")]


CLUSTER = 'resource "aws_eks_cluster" "c" {\n  name = "c"\n}\nresource "aws_ecs_cluster" "e" {\n  name = "e"\n}\n'
HYBRID = {
    "hybrid access entry": (
        'resource "aws_eks_access_entry" "a" {\n  cluster_name = aws_eks_cluster.c.name\n  type = "HYBRID_LINUX"\n}',
        "aws_eks_cluster.c",
    ),
    "ECS external": (
        'resource "aws_ecs_service" "s" {\n  cluster = aws_ecs_cluster.e.id\n  launch_type = "EXTERNAL"\n}',
        "aws_ecs_cluster.e",
    ),
    "no cluster named": (
        'resource "aws_ecs_service" "s" {\n  launch_type = "EXTERNAL"\n}',
        "aws_ecs_service.s",
    ),
}


@pytest.mark.parametrize("case", HYBRID)
def test_outside_machines_are_capacity_of_the_cluster(tmp_path, case):
    text, address = HYBRID[case]
    world = world_of(tmp_path, CLUSTER + text)
    assert capacities(world, address) == ["hybrid-compute"]
    assert sum(isinstance(fact, Capacity) for one in world.nodes.values() for fact in one.facts) == 1


@pytest.mark.parametrize(
    ("kind", "wanted"), [('"EC2_LINUX"', []), ('var.t\n}\nvariable "t" {\n  type = string', ["?var.t"])]
)
def test_other_access_entries_bring_none_for_certain(tmp_path, kind, wanted):
    text = f'resource "aws_eks_access_entry" "a" {{\n  cluster_name = aws_eks_cluster.c.name\n  type = {kind}\n}}'
    assert capacities(world_of(tmp_path, CLUSTER + text), "aws_eks_cluster.c") == wanted


@pytest.mark.parametrize(
    "text",
    [
        'resource "aws_dx_connection" "x" {\n  name = "x"\n}',
        'resource "aws_vpn_connection" "x" {\n  type = "ipsec.1"\n}',
        'resource "aws_cloudfront_function" "x" {\n  name = "x"\n}',
        'resource "aws_iot_thing" "x" {\n  name = "x"\n}',
        'resource "aws_vpc" "knowledge_edge" {\n  cidr_block = "10.0.0.0/16"\n}',
    ],
)
def test_links_and_weak_signs_place_nothing(tmp_path, text):
    world = world_of(tmp_path, text)
    address = next(one.address for one in world.nodes.values() if one.kind.startswith("aws_"))
    assert classes(world, address) == []


def test_types_that_stand_on_site(tmp_path):
    text = 'resource "aws_sagemaker_device_fleet" "f" {\n}\nresource "azapi_resource" "a" {\n'
    text += '  type = "Microsoft.AzureStackHCI/clusters@2024-01-01"\n}'
    world = world_of(tmp_path, text)
    assert classes(world, "aws_sagemaker_device_fleet.f") == ["edge-device"]
    assert classes(world, "azapi_resource.a") == ["on-prem"]


def test_objects_of_a_provider_stand_where_its_cluster_stands(tmp_path):
    text = CLUSTER + (
        'provider "kubernetes" {\n  host = aws_eks_cluster.c.endpoint\n}\n'
        'resource "kubernetes_deployment_v1" "d" {\n  metadata {\n    name = "d"\n  }\n}\n'
    )
    edges = runs_on(world_of(tmp_path, text))
    assert ("provider.kubernetes", "aws_eks_cluster.c") in edges
    assert ("kubernetes_deployment_v1.d", "provider.kubernetes") in edges
    assert ("aws_eks_cluster.c", "provider.aws") in edges


def test_a_cluster_that_nobody_names_is_not_known(tmp_path):
    text = 'resource "kubernetes_namespace_v1" "n" {\n  metadata {\n    name = "n"\n  }\n}'
    world = world_of(tmp_path, text)
    assert classes(world, "provider.kubernetes") == ["?provider.kubernetes.host"]
    assert node(world, "provider.kubernetes").kind == "provider"


def test_members_run_on_their_cluster(tmp_path):
    text = CLUSTER + 'resource "aws_eks_node_group" "n" {\n  cluster_name = aws_eks_cluster.c.name\n}'
    assert ("aws_eks_node_group.n", "aws_eks_cluster.c") in runs_on(world_of(tmp_path, text))


def test_a_resource_that_may_not_exist_keeps_its_facts(tmp_path):
    text = 'variable "on" {\n}\nresource "aws_outposts_x" "x" {\n}\n' + SUBNET.format(
        f'count = var.on ? 1 : 0\n  outpost_arn = "{ARN}"'
    )
    world = world_of(tmp_path, text)
    (found,) = (one for one in world.nodes.values() if one.kind == "aws_subnet")
    assert found.state == "possible"
    assert [fact.place_class for fact in found.facts if isinstance(fact, Placement)] == ["on-prem"]
