"""Security groups, ACLs and routes: what opens a way into a model, what does not, and what is not known."""

from scanner.builders.aws_network.build import build_aws_network
from scanner.graph.model import Role
from tests.builders.aws import edges, read, ref, resource, var, world
from tests.changed import replace

VPC = resource("aws_vpc.main", cidr_block="10.0.0.0/16")
NEAR = resource("aws_subnet.near", vpc_id=ref("aws_vpc.main"), cidr_block="10.0.1.0/24")
FAR = resource("aws_subnet.far", vpc_id=ref("aws_vpc.main"), cidr_block="10.0.2.0/24")
ALL = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}


def group(name, ingress=(), egress=(ALL,), **more):
    vpc = ref("aws_vpc.main")
    return resource(f"aws_security_group.{name}", vpc_id=vpc, ingress=list(ingress), egress=list(egress), **more)


def tcp(port, **peers):
    return {"protocol": "tcp", "from_port": port, "to_port": port, **peers}


def instance(name, *groups, subnet="near", **more):
    ids = [ref(f"aws_security_group.{one}") for one in groups]
    where = {"subnet_id": ref(f"aws_subnet.{subnet}")} if subnet else {}
    return resource(f"aws_instance.{name}", vpc_security_group_ids=ids, **where, **more)


def built(*resources, roles=None, target="aws_instance.model"):
    made = world(VPC, NEAR, FAR, *resources, roles=roles or {"aws_instance.model": Role.MODEL})
    build_aws_network(made)
    return edges(made, target)


MODEL = instance("model", "model")


def test_a_rule_that_names_a_group_admits_its_members_alone():
    admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
    app, other = instance("app", "app"), instance("other", "other")
    assert built(MODEL, admits, group("app"), group("other"), app, other) == [
        "aws_instance.app -> aws_instance.model TCP:8000-8000 open"
    ]


def test_several_members_share_one_relay():
    admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
    made = world(
        *(VPC, NEAR, FAR, MODEL, admits, group("app"), instance("a", "app"), instance("b", "app")),
        roles={"aws_instance.model": Role.MODEL},
    )
    build_aws_network(made)
    assert edges(made) == [
        "aws_instance.a -> aws_security_group.app#members all open",
        "aws_instance.b -> aws_security_group.app#members all open",
        "aws_security_group.app#members -> aws_instance.model TCP:8000-8000 open",
    ]


def test_written_egress_that_does_not_lead_here_closes():
    admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
    elsewhere = tcp(443, cidr_blocks=["0.0.0.0/0"])
    assert built(MODEL, admits, group("app", egress=[elsewhere]), instance("app", "app")) == []


def test_terraform_takes_the_default_egress_away():
    admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
    assert built(MODEL, admits, group("app", egress=[]), instance("app", "app")) == []


def test_egress_of_unknown_ports_is_possible():
    admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
    out = {"protocol": "tcp", "from_port": var("p"), "to_port": var("p"), "cidr_blocks": ["0.0.0.0/0"]}
    assert built(MODEL, admits, group("app", egress=[out]), instance("app", "app")) == [
        "aws_instance.app -> aws_instance.model TCP:8000-8000 possible(var.p)"
    ]


def test_self_admits_the_other_members_and_not_the_model_itself():
    both = group("model", [tcp(8000, self=True)])
    assert built(MODEL, both) == []
    assert built(MODEL, both, instance("peer", "model")) == [
        "aws_security_group.model#members -> aws_instance.model TCP:8000-8000 open"
    ]


def test_a_range_inside_the_network_admits_what_is_declared_there():
    admits = group("model", [tcp(8000, cidr_blocks=["10.0.2.0/24"])])
    app, other = instance("app", "app", subnet="far"), instance("other", "app", subnet="near")
    assert built(MODEL, admits, group("app"), app, other) == [
        "aws_instance.app -> aws_instance.model TCP:8000-8000 open"
    ]


def test_a_range_wider_than_the_network_is_also_someone_outside():
    admits = group("model", [tcp(8000, cidr_blocks=["10.0.0.0/8"])])
    assert built(MODEL, admits, group("app"), instance("app", "app", subnet="far")) == [
        "aws_instance.app -> aws_instance.model TCP:8000-8000 open",
        "external/10.0.0.0/8 -> aws_instance.model TCP:8000-8000 possible(10.0.0.0/8)",
    ]


def test_everyone_is_the_network_where_the_internet_has_no_way():
    admits = group("model", [tcp(8000, cidr_blocks=["0.0.0.0/0"])])
    assert built(MODEL, admits) == ["external/vpc -> aws_instance.model TCP:8000-8000 open"]


GATEWAY = resource("aws_internet_gateway.igw", vpc_id=ref("aws_vpc.main"))
TABLE = resource(
    "aws_route_table.public", route=[{"cidr_block": "0.0.0.0/0", "gateway_id": ref("aws_internet_gateway.igw")}]
)
PUBLIC_MODEL = instance("model", "model", associate_public_ip_address=True)
JOIN = resource(
    "aws_route_table_association.near", subnet_id=ref("aws_subnet.near"), route_table_id=ref("aws_route_table.public")
)


def test_everyone_is_the_internet_with_a_public_address_and_a_route():
    admits = group("model", [tcp(8000, cidr_blocks=["0.0.0.0/0"])])
    public = instance("model", "model", associate_public_ip_address=True)
    assert built(public, admits, GATEWAY, TABLE, JOIN) == ["external/internet -> aws_instance.model TCP:8000-8000 open"]
    assert built(public, admits) == ["external/vpc -> aws_instance.model TCP:8000-8000 open"]


def test_an_elastic_address_is_a_public_address():
    admits = group("model", [tcp(8000, cidr_blocks=["0.0.0.0/0"])])
    eip = resource("aws_eip.model", instance=ref("aws_instance.model"))
    assert built(MODEL, eip, admits, GATEWAY, TABLE, JOIN) == [
        "external/internet -> aws_instance.model TCP:8000-8000 open"
    ]


def test_a_subnet_that_is_not_shown_leaves_the_internet_possible():
    admits = group("model", [tcp(8000, cidr_blocks=["0.0.0.0/0"])])
    hidden = resource(
        "aws_instance.model", vpc_security_group_ids=[ref("aws_security_group.model")], subnet_id=var("subnet")
    )
    assert built(hidden, admits) == ["external/internet -> aws_instance.model TCP:8000-8000 possible(var.subnet)"]


def test_separate_rules_count_like_written_ones():
    rule = resource(
        "aws_vpc_security_group_ingress_rule.app",
        security_group_id=ref("aws_security_group.model"),
        referenced_security_group_id=ref("aws_security_group.app"),
        ip_protocol="tcp",
        from_port=8000,
        to_port=8001,
    )
    old = resource(
        "aws_security_group_rule.app",
        type="ingress",
        security_group_id=ref("aws_security_group.model"),
        source_security_group_id=ref("aws_security_group.app"),
        protocol="-1",
        from_port=0,
        to_port=0,
    )
    bare = group("model")
    assert built(MODEL, bare, rule, group("app"), instance("app", "app")) == [
        "aws_instance.app -> aws_instance.model TCP:8000-8001 open"
    ]
    assert built(MODEL, bare, old, group("app"), instance("app", "app")) == [
        "aws_instance.app -> aws_instance.model all open"
    ]


def test_a_peer_that_is_not_known_is_someone_outside_or_anyone_here():
    admits = group("model", [tcp(8000, security_groups=[var("partner_sg")])])
    assert built(MODEL, admits, group("app"), instance("app", "app")) == [
        "aws_instance.app -> aws_instance.model TCP:8000-8000 possible(var.partner_sg)",
        "external/security group var.partner_sg -> aws_instance.model TCP:8000-8000 possible(var.partner_sg)",
    ]


def test_a_prefix_list_is_expanded_where_it_is_declared():
    listed = resource("aws_ec2_managed_prefix_list.app", entry=[{"cidr": "10.0.2.0/24"}])
    named = group("model", [tcp(8000, prefix_list_ids=[ref("aws_ec2_managed_prefix_list.app")])])
    app = instance("app", "app", subnet="far")
    assert built(MODEL, named, listed, group("app"), app) == [
        "aws_instance.app -> aws_instance.model TCP:8000-8000 open"
    ]
    foreign = group("model", [tcp(8000, prefix_list_ids=["pl-12345678"])])
    assert built(MODEL, foreign) == [
        "external/prefix list pl-12345678 -> aws_instance.model TCP:8000-8000 possible(pl-12345678)"
    ]


def test_unknown_groups_before_the_model_leave_the_network_possible():
    hidden = resource("aws_instance.model", vpc_security_group_ids=var("groups"), subnet_id=ref("aws_subnet.near"))
    assert built(hidden) == ["external/vpc -> aws_instance.model all possible(var.groups)"]


def test_icmp_opens_no_port():
    admits = group("model", [{"protocol": "icmp", "from_port": -1, "to_port": -1, "cidr_blocks": ["0.0.0.0/0"]}])
    assert built(MODEL, admits) == []


def test_an_instance_without_groups_is_in_the_default_group():
    loose = resource("aws_instance.model", subnet_id=ref("aws_subnet.near"))
    other = resource("aws_instance.other", subnet_id=ref("aws_subnet.far"))
    assert built(loose, other) == ["aws_instance.other -> aws_instance.model all open"]


def test_a_service_gives_its_task_definition_an_interface():
    admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
    network = {"security_groups": [ref("aws_security_group.model")], "subnets": [ref("aws_subnet.near")]}
    service = resource(
        "aws_ecs_service.model",
        task_definition=ref("aws_ecs_task_definition.model", "arn"),
        network_configuration=[network],
    )
    task = resource("aws_ecs_task_definition.model", family="model")
    found = built(
        *(service, task, admits, group("app"), instance("app", "app")),
        roles={"aws_ecs_task_definition.model": Role.MODEL},
        target="aws_ecs_task_definition.model",
    )
    assert found == ["aws_instance.app -> aws_ecs_task_definition.model TCP:8000-8000 open"]


def test_wrong_types_are_doubts_and_never_errors():
    odd = resource("aws_security_group.model", vpc_id=7, ingress="everyone", egress=[3, None])
    assert built(MODEL, odd) == [
        "external/an unknown ingress rule of aws_security_group.model -> aws_instance.model all "
        "possible(aws_security_group.model)"
    ]


def test_a_block_that_may_not_exist_opens_only_possibly():
    block = {**tcp(8000, security_groups=[ref("aws_security_group.app")]), "__possible__": var("open")}
    assert built(MODEL, group("model", [block]), group("app"), instance("app", "app")) == [
        "aws_instance.app -> aws_instance.model TCP:8000-8000 possible(var.open)"
    ]


def test_an_attached_interface_brings_its_groups():
    admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
    card = resource("aws_network_interface.card", security_groups=[ref("aws_security_group.app")])
    by_block = resource(
        "aws_instance.app", network_interface=[{"network_interface_id": ref("aws_network_interface.card")}]
    )
    attachment = resource(
        "aws_network_interface_attachment.a",
        network_interface_id=ref("aws_network_interface.card"),
        instance_id=ref("aws_instance.app"),
    )
    further = resource(
        "aws_network_interface_sg_attachment.a",
        network_interface_id=ref("aws_instance.app", "primary_network_interface_id"),
        security_group_id=ref("aws_security_group.app"),
    )
    plain = resource("aws_instance.app", vpc_security_group_ids=[ref("aws_security_group.other")])
    expected = ["aws_instance.app -> aws_instance.model TCP:8000-8000 open"]
    assert built(MODEL, admits, group("app"), card, by_block) == expected
    assert built(MODEL, admits, group("app"), card, resource("aws_instance.app"), attachment) == expected
    assert built(MODEL, admits, group("app"), group("other"), plain, further) == expected


def test_a_range_that_admits_many_has_a_relay_of_its_own():
    admits = group("model", [tcp(8000, cidr_blocks=["10.0.2.0/24"])])
    groups = [group(f"g{number}") for number in range(20)]
    callers = [instance(f"i{number}", f"g{number}", subnet="far") for number in range(20)]
    shy = [group("shy", egress=[tcp(443, cidr_blocks=["0.0.0.0/0"])]), instance("shy", "shy", subnet="far")]
    made = world(VPC, NEAR, FAR, MODEL, admits, *groups, *callers, *shy, roles={"aws_instance.model": Role.MODEL})
    build_aws_network(made)
    assert edges(made, "aws_instance.model") == ["aws_vpc.main#10.0.2.0/24 -> aws_instance.model TCP:8000-8000 open"]
    into = edges(made, "aws_vpc.main#10.0.2.0/24")
    assert len(into) == 20 and "aws_instance.i7 -> aws_vpc.main#10.0.2.0/24 all open" in into


HCL = """
variable "extra" {}
locals { ports = { api = 8000, metrics = 9400 } }
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "private" {
  count      = 2
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
}
resource "aws_security_group" "model" {
  vpc_id = aws_vpc.main.id
  dynamic "ingress" {
    for_each = local.ports
    content {
      protocol        = "tcp"
      from_port       = ingress.value
      to_port         = ingress.value
      security_groups = [aws_security_group.caller["app"].id]
    }
  }
  dynamic "ingress" {
    for_each = var.extra
    content {
      protocol    = "tcp"
      from_port   = 22
      to_port     = 22
      cidr_blocks = [ingress.value]
    }
  }
}
resource "aws_security_group" "caller" {
  for_each = toset(["app", "other"])
  vpc_id   = aws_vpc.main.id
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_instance" "model" {
  vpc_security_group_ids = [aws_security_group.model.id]
  subnet_id              = aws_subnet.private[0].id
}
resource "aws_instance" "caller" {
  for_each               = toset(["app", "other"])
  vpc_security_group_ids = [aws_security_group.caller[each.key].id]
  subnet_id              = aws_subnet.private[1].id
}
"""


def test_a_configuration_is_followed_from_its_text(tmp_path):
    made = world(*read(tmp_path, HCL), roles={"aws_instance.model": Role.MODEL})
    build_aws_network(made)
    app = 'aws_instance.caller["app"]'
    assert [line for line in edges(made) if "var.extra" not in line] == [
        f"{app} -> aws_instance.model TCP:8000-8000 open",
        f"{app} -> aws_instance.model TCP:9400-9400 open",
    ]
    assert any("TCP:22-22 possible(var.extra)" in line and "external/" in line for line in edges(made))
    [hop] = [edge for edge in made.edges if edge.traffic[0].from_port == 8000]
    assert hop.cut and made.inventory.at("main", "aws_security_group.model").origin.line < hop.origin.line


EVERY = {"rule_no": 100, "action": "allow", "protocol": "-1", "cidr_block": "0.0.0.0/0"}


def acl(ingress=(EVERY,), egress=(EVERY,), subnet="near", kind="aws_network_acl", **more):
    where = {"subnet_ids": [ref(f"aws_subnet.{subnet}")]} if subnet else {}
    return resource(f"{kind}.n", **where, ingress=list(ingress), egress=list(egress), **more)


def entry(number, action, block="10.0.2.0/24", protocol="-1", **ports):
    return {"rule_no": number, "action": action, "protocol": protocol, "cidr_block": block, **ports}


def behind(*acls, port=8000):
    admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
    return built(MODEL, admits, group("app"), instance("app", "app", subnet="far"), *acls)


CALLED = "aws_instance.app -> aws_instance.model TCP:8000-8000"


def test_the_first_rule_of_an_acl_that_matches_decides():
    assert behind(acl()) == [f"{CALLED} open"]
    assert behind(acl([EVERY, entry(50, "deny")])) == []
    assert behind(acl([EVERY, entry(150, "deny")])) == [f"{CALLED} open"]
    assert behind(acl([entry(50, "allow", protocol="6", from_port=8000, to_port=8000)])) == [f"{CALLED} open"]
    assert behind(acl([entry(50, "allow", protocol="6", from_port=8001, to_port=9000)])) == []
    assert behind(acl([])) == []


def test_answers_must_get_back_through_an_acl():
    back = {"protocol": "tcp", "from_port": 32768, "to_port": 60999}
    assert behind(acl(egress=[])) == []
    assert behind(acl(egress=[entry(1, "allow", **back)])) == [f"{CALLED} open"]
    assert behind(acl(egress=[entry(1, "allow", protocol="tcp", from_port=443, to_port=443)])) == [
        f"{CALLED} possible(the port that the caller sends from)"
    ]


def test_the_default_acl_stands_before_every_subnet_that_has_no_other():
    default = {
        "kind": "aws_default_network_acl",
        "default_network_acl_id": ref("aws_vpc.main", "default_network_acl_id"),
    }
    assert behind(acl(subnet=None, **default)) == [f"{CALLED} open"]
    assert behind(acl([], subnet=None, **default)) == []
    added = resource(
        "aws_network_acl_rule.x",
        network_acl_id=ref("aws_vpc.main", "default_network_acl_id"),
        rule_number=10,
        rule_action="deny",
        protocol="-1",
        cidr_block="10.0.0.0/16",
    )
    assert behind(added) == []


def test_a_rule_of_an_acl_that_is_not_known_leaves_a_doubt():
    for unknown in ("rule_no", "action", "protocol", "cidr_block"):
        assert behind(acl([EVERY, {**entry(50, "deny"), unknown: var("x")}])) == [f"{CALLED} possible(var.x)"]
        assert behind(acl([{**entry(50, "allow"), unknown: var("x")}])) == [f"{CALLED} possible(var.x)"]


def test_part_of_a_subnet_may_be_kept_out():
    part = acl([EVERY, entry(50, "deny", "10.0.2.0/25")])
    assert behind(part) == [f"{CALLED} possible(aws_network_acl.n)"]
    for address, expected in (("10.0.2.7", []), ("10.0.2.200", [f"{CALLED} open"])):
        admits = group("model", [tcp(8000, security_groups=[ref("aws_security_group.app")])])
        app = instance("app", "app", subnet="far", private_ip=address)
        assert built(MODEL, admits, group("app"), app, part) == expected


def test_a_recorded_network_whose_tables_were_not_read_may_lead_to_the_internet():
    admits = group("model", [tcp(8000, cidr_blocks=["0.0.0.0/0"])])
    recorded = replace(VPC, source="bundle")
    made = world(recorded, NEAR, admits, PUBLIC_MODEL, GATEWAY, roles={"aws_instance.model": Role.MODEL})
    build_aws_network(made)
    assert edges(made) == [
        "external/internet -> aws_instance.model TCP:8000-8000 possible(the main route table of aws_vpc.main)"
    ]


def test_a_gateway_that_is_not_in_the_inputs_may_lead_to_the_internet():
    admits = group("model", [tcp(8000, cidr_blocks=["0.0.0.0/0"])])
    for gateway, expected in (
        ("igw-1", "external/internet -> aws_instance.model TCP:8000-8000 open"),
        ("vgw-1", "external/vpc -> aws_instance.model TCP:8000-8000 open"),
        ("vpce-1", "external/internet -> aws_instance.model TCP:8000-8000 possible(aws_route_table.public)"),
        ("g-1", "external/internet -> aws_instance.model TCP:8000-8000 possible(g-1)"),
    ):
        table = resource("aws_route_table.public", route=[{"cidr_block": "0.0.0.0/0", "gateway_id": gateway}])
        assert expected in built(PUBLIC_MODEL, admits, table, JOIN), gateway


def test_version_6_has_gateways_and_rules_of_its_own():
    six = resource(
        "aws_subnet.near", vpc_id=ref("aws_vpc.main"), cidr_block="10.0.1.0/24", ipv6_cidr_block="2600:1f00::/64"
    )
    admits = group("model", [tcp(8000, ipv6_cidr_blocks=["::/0"])])
    table = resource(
        "aws_route_table.public",
        route=[{"ipv6_cidr_block": "::/0", "gateway_id": ref("aws_internet_gateway.igw")}],
    )
    out_only = resource(
        "aws_route_table.public",
        route=[{"ipv6_cidr_block": "::/0", "egress_only_gateway_id": ref("aws_egress_only_internet_gateway.e")}],
    )
    for count, routes, expected in (
        (1, table, ["external/internet -> aws_instance.model TCP:8000-8000 open"]),
        (1, out_only, ["external/vpc -> aws_instance.model TCP:8000-8000 open"]),
        (0, table, []),
        (var("n"), table, ["external/internet -> aws_instance.model TCP:8000-8000 possible(var.n)"]),
    ):
        made = world(
            *(VPC, six, admits, GATEWAY, routes, JOIN, instance("model", "model", ipv6_address_count=count)),
            roles={"aws_instance.model": Role.MODEL},
        )
        build_aws_network(made)
        assert edges(made) == expected


def test_blocked_public_access_leaves_the_internet_possible():
    admits = group("model", [tcp(8000, cidr_blocks=["0.0.0.0/0"])])
    public = instance("model", "model", associate_public_ip_address=True)
    for mode, state in (("block-ingress", "possible(aws_vpc_block_public_access_options.o)"), ("off", "open")):
        options = resource("aws_vpc_block_public_access_options.o", internet_gateway_block_mode=mode)
        assert built(public, admits, GATEWAY, TABLE, JOIN, options) == [
            f"external/internet -> aws_instance.model TCP:8000-8000 {state}"
        ]
