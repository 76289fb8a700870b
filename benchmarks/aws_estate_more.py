"""What a generated organisation has beside networks and roles: load balancers, guardrails, an organisation's policies.

Each account has 20 load balancers with two listeners, three rules and two groups of 4 machines. The first account is
that of the management: a unit for every ten accounts; `FullAWSAccess` everywhere, and a service control policy more on
each unit and each account, three on the root. One account in five has a guardrail, one in ten enforces it.
"""

from __future__ import annotations

import json
from typing import Any

REGION, PARTITION = "us-gov-west-1", "aws-us-gov"
VPCS, SUBNETS, ROLES = 4, 6, 100
BALANCERS, RULES, TARGETS = 20, 3, 4
ROOT, KIND = "r-ab12", "SERVICE_CONTROL_POLICY"
Answers = dict[tuple[str, str], Any]


def account_of(number: int) -> str:
    """The twelve digits of an account."""
    return str(100000000000 + number * 37)


def identifier(prefix: str, account: int, number: int) -> str:
    """An id as EC2 makes them, unlike any other of the kind."""
    return f"{prefix}-{account:06x}{number:011x}"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], on: str, **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": on, **more}


def fronts(number: int, answers: Answers) -> Answers:
    """Load balancers of the networks, with listeners, rules, and machines as targets."""
    arn = f"arn:{PARTITION}:elasticloadbalancing:{REGION}:{account_of(number)}"
    subnets = answers["ec2:DescribeSubnets", ""]["Subnets"]
    made: Answers = {}
    balancers, groups_of, machines = [], [], []
    for one in range(BALANCERS):
        vpc = one % VPCS
        here = subnets[vpc * SUBNETS : vpc * SUBNETS + 2]
        name = f"{arn}:loadbalancer/app/front-{one}/{one:016x}"
        balancers.append(
            {"LoadBalancerArn": name, "LoadBalancerName": f"front-{one}", "Type": "application",
             "DNSName": f"front-{one}-{number}.{REGION}.elb.amazonaws.com", "VpcId": here[0]["VpcId"],
             "Scheme": "internet-facing" if one % 5 == 0 else "internal",
             "SecurityGroups": [identifier("sg", number, vpc + VPCS * one)],
             "AvailabilityZones": [{"SubnetId": each["SubnetId"]} for each in here]}
        )  # fmt: skip
        own = [f"{arn}:targetgroup/g-{one}-{each}/{one * 2 + each:016x}" for each in range(2)]
        groups_of += [
            {"TargetGroupArn": each, "TargetGroupName": each.split("/")[1], "Port": 8000, "Protocol": "HTTP",
             "VpcId": here[0]["VpcId"], "TargetType": "instance", "LoadBalancerArns": [name]}
            for each in own
        ]  # fmt: skip
        ports = ((443, "HTTPS"), (80, "HTTP"))
        listeners = [
            {"ListenerArn": f"{name.replace(':loadbalancer/', ':listener/')}/{port:016x}", "LoadBalancerArn": name,
             "Port": port, "Protocol": protocol, "DefaultActions": [{"Type": "forward", "TargetGroupArn": own[0]}]}
            for port, protocol in ports
        ]  # fmt: skip
        made["elbv2:DescribeListeners", name] = {"Listeners": listeners}
        for listener in listeners:
            known = str(listener["ListenerArn"])
            made["elbv2:DescribeRules", known] = {
                "Rules": [
                    {"RuleArn": f"{known.replace(':listener/', ':listener-rule/')}/{each:016x}", "IsDefault": False,
                     "Priority": str(each + 1), "Actions": [{"Type": "forward", "TargetGroupArn": own[1]}],
                     "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/v{each}/*"]}}]}
                    for each in range(RULES)
                ]
            }  # fmt: skip
        for at, group in enumerate(own):
            ids = [identifier("i", number, (one * 2 + at) * TARGETS + each) for each in range(TARGETS)]
            made["elbv2:DescribeTargetHealth", group] = {
                "TargetHealthDescriptions": [{"Target": {"Id": each, "Port": 8000}} for each in ids]
            }
            machines += [
                {"InstanceId": each, "SubnetId": here[0]["SubnetId"], "VpcId": here[0]["VpcId"],
                 "State": {"Name": "running"},
                 "SecurityGroups": [{"GroupId": identifier("sg", number, vpc + VPCS * (one + 1))}]}
                for each in ids
            ]  # fmt: skip
    made["elbv2:DescribeLoadBalancers", ""] = {"LoadBalancers": balancers}
    made["elbv2:DescribeTargetGroups", ""] = {"TargetGroups": groups_of}
    made["ec2:DescribeInstances", ""] = {"Reservations": [{"Instances": machines}]}
    return made


def guardrails(number: int) -> Answers:
    """A guardrail with a published version; in every second account of those that have one it is enforced."""
    arn = f"arn:{PARTITION}:bedrock:{REGION}:{account_of(number)}:guardrail/gr{number:010d}"
    name = arn.rpartition("/")[2]
    kinds = ("HATE", "INSULTS", "SEXUAL", "VIOLENCE", "MISCONDUCT", "PROMPT_ATTACK")
    strong = [{"type": one, "inputStrength": "HIGH", "outputStrength": "HIGH"} for one in kinds]
    listed = [{"id": name, "arn": arn, "name": "safe", "version": one, "status": "READY"} for one in ("DRAFT", "1")]
    made: Answers = {
        ("bedrock:ListGuardrails", ""): {"guardrails": listed[:1]},
        ("bedrock:ListGuardrails", name): {"guardrails": listed},
    }
    for version in ("DRAFT", "1"):
        made["bedrock:GetGuardrail", f"{name}/{version}"] = {
            "name": "safe", "guardrailId": name, "guardrailArn": arn, "version": version, "status": "READY",
            "contentPolicy": {"filters": strong},
        }  # fmt: skip
    if number % 10 == 0:
        enforced = {"configId": "e-1", "guardrailArn": arn, "guardrailId": name, "guardrailVersion": "1"}
        made["bedrock:ListEnforcedGuardrailsConfiguration", ""] = {"guardrailsConfig": [enforced]}
    return made


def described() -> Any:
    """What every account of the organisation is told of it."""
    return {"Organization": {"Id": "o-1", "Arn": "arn:o-1", "MasterAccountId": account_of(0), "FeatureSet": "ALL"}}


def ruled(accounts: int) -> Answers:
    """The organisation as its management account tells it: units, and the policies on each level."""
    arn = f"arn:{PARTITION}:organizations::{account_of(0)}"
    units = [f"ou-ab12-{one:08d}" for one in range((accounts + 9) // 10)]
    targets = [ROOT, *units, *(account_of(one) for one in range(accounts))]
    full_access = {"Id": "p-FullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/p-FullAWSAccess"}
    listed: list[dict[str, Any]] = [{**full_access, "AwsManaged": True, "Type": KIND}]
    kinds = [{"Type": KIND, "Status": "ENABLED"}]
    made: Answers = {
        ("organizations:DescribeOrganization", ""): described(),
        ("organizations:ListRoots", ""): {"Roots": [{"Id": ROOT, "PolicyTypes": kinds}]},
        ("organizations:ListOrganizationalUnitsForParent", ROOT): {
            "OrganizationalUnits": [{"Id": one, "Arn": f"{arn}:ou/o-1/{one}"} for one in units]
        },
        ("organizations:ListAccounts", ""): {
            "Accounts": [
                {"Id": account_of(one), "Arn": f"{arn}:account/o-1/{account_of(one)}", "Status": "ACTIVE"}
                for one in range(accounts)
            ]
        },
        ("organizations:ListTargetsForPolicy", "p-FullAWSAccess"): {"Targets": [{"TargetId": one} for one in targets]},
        ("organizations:DescribePolicy", "p-FullAWSAccess"): {"Policy": {"PolicySummary": listed[0], "Content": "{}"}},
    }
    for one in range(accounts):
        parent = [{"Id": units[one // 10], "Type": "ORGANIZATIONAL_UNIT"}]
        made["organizations:ListParents", account_of(one)] = {"Parents": parent}
    for at, target in enumerate([ROOT, ROOT, *targets]):
        name = f"p-{at:08d}"
        denied = ("organizations:LeaveOrganization", "cloudtrail:StopLogging", "bedrock:DeleteGuardrail")[at % 3]
        spared = {"ArnNotLike": {"aws:PrincipalArn": f"arn:{PARTITION}:iam::*:role/app-{at % ROLES}"}}
        rule = {"Effect": "Deny", "Action": [denied], "Resource": "*", "Condition": spared}
        summary = {"Id": name, "Arn": f"{arn}:policy/o-1/{name}", "Name": name, "Type": KIND}
        listed.append(summary)
        content = json.dumps(document(rule))
        made["organizations:DescribePolicy", name] = {"Policy": {"PolicySummary": summary, "Content": content}}
        made["organizations:ListTargetsForPolicy", name] = {"Targets": [{"TargetId": target}]}
    made["organizations:ListPolicies", KIND] = {"Policies": listed}
    return made
