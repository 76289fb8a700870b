"""Lists that are not known: how many elements a part of one has, and whose attribute an element still is."""

from __future__ import annotations

from scanner.unknown import INVALID, Ref, Unknown

ZONES = 'data "aws_availability_zones" "usable" {}\nvariable "v" {}\n'
OPEN = 'variable "v" {}\nresource "aws_subnet" "inner" {\n  count = var.v\n}\n'
ONE_EACH = Ref("aws_subnet.inner[*]", "id")


def test_a_part_of_a_list_has_as_many_elements_as_its_bounds_say(tree) -> None:
    found = tree(
        ZONES
        + """
        locals { zones = slice(data.aws_availability_zones.usable.names, 1, 3) }
        resource "aws_subnet" "s" {
          for_each          = { for place, zone in local.zones : "s${place}" => cidrsubnet("10.4.0.0/16", 8, place) }
          cidr_block        = each.value
          availability_zone = local.zones[index(keys({ s0 = 0, s1 = 1 }), each.key)]
        }
        """
    ).resources()
    subnets = [one for one in found.values() if one.kind == "aws_subnet"]
    assert [(one.address, one.attrs["cidr_block"]) for one in subnets] == [
        ('aws_subnet.s["s0"]', "10.4.0.0/24"),
        ('aws_subnet.s["s1"]', "10.4.1.0/24"),
    ]
    assert not any(one.possible for one in subnets)
    zones = [one.attrs["availability_zone"] for one in subnets]
    assert [zone.ref for zone in zones] == [
        Ref("data.aws_availability_zones.usable", "names.1"),
        Ref("data.aws_availability_zones.usable", "names.2"),
    ]


def test_a_part_of_a_list_is_open_where_a_bound_is_or_where_it_may_be_an_error(value_of) -> None:
    assert value_of("length(slice(var.v, 2, 6))", ZONES) == 4
    assert isinstance(value_of("slice(data.aws_availability_zones.usable.names, 0, var.v)", ZONES), Unknown)
    assert isinstance(value_of("slice(var.v, 0, 5000)", ZONES), Unknown)
    assert isinstance(value_of("can(slice(var.v, 0, 2))", ZONES), Unknown)
    open_ = value_of('try(slice(var.v, 0, 2), ["other"])', ZONES)
    assert isinstance(open_, Unknown)
    assert value_of("slice(var.v, 2, 1)", ZONES).code == INVALID
    assert value_of("slice(toset([var.v, 2]), 0, 1)", ZONES).code == INVALID
    # The bounds may be one of few: so is the part.
    assert value_of("length(slice([1, 2, 3], 0, var.v ? 1 : 2))", ZONES).options == (1, 2)


def test_an_element_is_still_the_attribute_of_what_it_is_taken_from(value_of) -> None:
    for expression in (
        "element(aws_subnet.inner[*].id, 4)",
        "element(aws_subnet.inner[*].id, var.v)",
        "aws_subnet.inner[*].id[0]",
        "slice(aws_subnet.inner[*].id, 0, 1)[0]",
        "coalescelist([], aws_subnet.inner[*].id)",
        "[for one in aws_subnet.inner : one.id]",
        "values(aws_subnet.inner)[*].id",
        "sort(distinct(compact(flatten(aws_subnet.inner[*].id))))",
        "toset(reverse(tolist(aws_subnet.inner[*].id)))",
    ):
        found = value_of(expression, OPEN)
        assert (expression, found.ref) == (expression, ONE_EACH)
        assert not found.options and found.document is None


def test_what_is_made_of_an_attribute_is_no_attribute(value_of) -> None:
    for expression in (
        '[for one in aws_subnet.inner : "x-${one.id}"]',
        "[for one in aws_subnet.inner : 1]",
        'coalescelist(aws_subnet.inner[*].id, ["other"])',
        "concat(aws_subnet.inner[*].id, [1])",
        "length(aws_subnet.inner)",
        'join("", aws_subnet.inner[*].id)',
    ):
        found = value_of(expression, OPEN)
        assert (expression, isinstance(found, Unknown) and found.ref is None) == (expression, True)


def test_a_list_with_an_element_that_is_certain_is_the_first_that_is_not_empty(value_of) -> None:
    certain = value_of('coalescelist(concat(["sure"], var.v), ["other"])', ZONES)
    assert certain.document[0] == "sure"
    assert value_of('coalescelist(concat(var.v, var.v), ["other"])', ZONES).document is None


def test_names_that_only_a_terraform_block_has(tree) -> None:
    found = tree(
        """
        terraform {
          required_providers {
            near = {
              source                = "example/near"
              configuration_aliases = [near.north, near.south]
            }
          }
          encryption {
            key_provider "pbkdf2" "word" {
              passphrase = "only for this test, and long enough"
            }
            method "aes_gcm" "first" {
              keys = key_provider.pbkdf2.word
            }
            state {
              method = method.aes_gcm.first
            }
            plan {
              method = method.aes_gcm.absent
            }
          }
        }
        resource "probe" "p" {
          phase = terraform.applying
        }
        """
    ).resources()
    [required] = found["terraform"].attrs["required_providers"]
    assert list(required["near"]["configuration_aliases"]) == ["near.north", "near.south"]
    [encryption] = found["terraform"].attrs["encryption"]
    assert encryption["method"][0]["keys"] == "key_provider.pbkdf2.word"
    assert encryption["state"][0]["method"] == "method.aes_gcm.first"
    assert encryption["plan"][0]["method"].code == INVALID
    assert found["probe.p"].attrs["phase"].options == (False, True)


def test_the_lists_and_maps_of_older_configurations(value_of) -> None:
    """As Terraform 0.12 to 0.14 evaluate them; later ones refuse the configuration."""
    assert value_of('list("a", 1)') == ["a", "1"]
    assert value_of('map("k", "v", "n", 2)') == {"k": "v", "n": "2"}
    assert value_of('merge(map("a", 1), map("a", 2))') == {"a": 2}
    for refused in ('map("a")', 'map("a", 1, "b")', "list()"):
        assert value_of(refused).code == INVALID
    open_ = value_of('map(var.k, "v")', 'variable "k" {}')
    assert isinstance(open_, Unknown) and open_.decided_by == ("var.k",)
