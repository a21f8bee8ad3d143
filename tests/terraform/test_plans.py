"""What holds for every plan as a whole, whichever module a resource stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.terraform.plans import Plan

EVERYONE = {"allUsers", "allAuthenticatedUsers"}
PRIMITIVE = {"roles/owner", "roles/editor", "roles/viewer"}
#: Where a store says its key.
KEYS = {
    "google_artifact_registry_repository": "kms_key_name",
    "google_bigquery_dataset": "default_encryption_configuration.kms_key_name",
    "google_cloudfunctions2_function": "kms_key_name",
    "google_dataproc_workflow_template": "encryption_config.kms_key",
    "google_pubsub_topic": "kms_key_name",
    "google_storage_bucket": "encryption.default_kms_key_name",
}
#: The API that a kind of resource needs, by how its type begins; the longest beginning counts.
APIS = {
    "google_access_context_manager": "accesscontextmanager",
    "google_artifact_registry": "artifactregistry",
    "google_bigquery": "bigquery",
    "google_bigquery_datapolicy": "bigquerydatapolicy",
    "google_billing": "billingbudgets",
    "google_cloud_run": "run",
    "google_cloud_scheduler": "cloudscheduler",
    "google_cloudfunctions2": "cloudfunctions",
    "google_compute": "compute",
    "google_data_catalog": "datacatalog",
    "google_dataproc": "dataproc",
    "google_dns": "dns",
    "google_kms": "cloudkms",
    "google_logging": "logging",
    "google_monitoring": "monitoring",
    "google_project_iam": "cloudresourcemanager",
    "google_project_service": "serviceusage",
    "google_pubsub": "pubsub",
    "google_secret_manager": "secretmanager",
    "google_service_account": "iam",
    "google_storage": "storage",
}


def at(values: Any, path: str) -> Any:
    for name in path.split("."):
        while isinstance(values, list):
            values = values[0] if values else None
        values = None if values is None else values.get(name)
    return values


def grants(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for each in plan.resources:
        if "_iam_" in each.type and "role" in each.values:
            for member in [each.values.get("member"), *(each.values.get("members") or [])]:
                if member:
                    yield each.address, each.values["role"], member


def test_nothing_is_open_to_everyone_and_no_role_is_primitive(plan: Plan) -> None:
    found = list(grants(plan))
    assert len(found) > 30
    assert not [each for each in found if each[2] in EVERYONE or each[1] in PRIMITIVE]
    for dataset in plan.of("google_bigquery_dataset", "google_bigquery_dataset_access"):
        for access in dataset.values.get("access") or [dataset.values]:
            assert access.get("special_group") in {None, "", "projectOwners"}, dataset.address
            assert access.get("iam_member") not in EVERYONE, dataset.address
    assert not plan.of("google_compute_address", "google_compute_router_nat", "google_compute_global_address")


def test_every_store_has_a_key_of_ours(plan: Plan) -> None:
    keys = {each.values["id"] for each in plan.of("google_kms_crypto_key")}
    stores = plan.of(*KEYS)
    assert {each.type for each in stores} == set(KEYS)
    for each in stores:
        assert at(each.values, KEYS[each.type]) in keys, each.address
    tables = [each for each in plan.of("google_bigquery_table") if not each.values["view"]]
    assert len(tables) >= 9
    for table in tables:
        assert at(table.values, "encryption_configuration.kms_key_name") in keys, table.address
    for secret in plan.of("google_secret_manager_secret"):
        where = "replication.user_managed.replicas.customer_managed_encryption.kms_key_name"
        assert at(secret.values, where) in keys, secret.address


def test_every_function_and_every_job_has_an_account_of_its_own(plan: Plan) -> None:
    of_functions = [
        at(each.values, "service_config.service_account_email")
        for each in plan.of("google_cloudfunctions2_function")
    ]
    of_jobs = [
        at(each.values, "placement.managed_cluster.config.gce_cluster_config.service_account")
        for each in plan.of("google_dataproc_workflow_template")
    ]
    used = of_functions + of_jobs
    assert len(set(used)) == len(used)
    made = {
        f"{each.values['account_id']}@a-project.iam.gserviceaccount.com"
        for each in plan.of("google_service_account")
    }
    assert set(used) < made
    # and there is none that may do nothing
    for account in made:
        acts = account in str(plan.of("google_cloud_scheduler_job", "google_pubsub_subscription"))
        assert acts or [each for each in grants(plan) if each[2] == f"serviceAccount:{account}"], account


def test_no_account_may_do_on_the_project_what_could_be_granted_on_less(plan: Plan) -> None:
    wide = re.compile(r"roles/(storage|pubsub|secretmanager|cloudkms|bigquery\.data|iam\.serviceAccount)")
    found = plan.of("google_project_iam_member")
    assert found
    assert not [
        each.address
        for each in found
        if wide.match(each.values["role"])
        and not each.values["condition"]
        # Google's own agents: the role of an agent exists for the project alone
        and not each.values["role"].endswith(".serviceAgent")
    ]


def test_the_lake_is_open_to_jobs_and_loading_alone(plan: Plan) -> None:
    """Its Parquet holds every column as it is: whoever else has a right there has it under a condition."""
    whole = {
        each.values["member"]
        for each in plan.of("google_storage_bucket_iam_member")
        if each.values["bucket"].endswith("-lake") and not each.values["condition"]
    }
    names = {member.partition(":")[2].partition("@")[0] for member in whole}
    assert names <= {f"{plan.prefix}-job-1", f"{plan.prefix}-load"}, names


def test_nobody_starts_batches_unless_named(plan: Plan) -> None:
    able = [
        each.values["role_id"]
        for each in plan.of("google_project_iam_custom_role")
        if "dataproc.batches.create" in each.values["permissions"]
    ]
    assert able == [f"{plan.prefix}BatchStarter"]
    roles = [each.values["role"] for each in plan.of("google_project_iam_member")]
    assert not [role for role in roles if role.endswith("BatchStarter")]


def test_what_can_t_be_handled_reaches_its_dead_letters(plan: Plan) -> None:
    agent = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    pushed = [each for each in plan.of("google_pubsub_subscription") if each.values["push_config"]]
    assert pushed
    for each in pushed:
        target = at(each.values, "dead_letter_policy.dead_letter_topic").rpartition("/")[2]
        assert at(each.values, "push_config.oidc_token.service_account_email")
        plan.one("google_pubsub_topic", name=target)
        plan.one("google_pubsub_topic_iam_member", topic=target, role="roles/pubsub.publisher", member=agent)
        plan.one(
            "google_pubsub_subscription_iam_member",
            subscription=each.values["name"],
            role="roles/pubsub.subscriber",
            member=agent,
        )


def test_every_api_that_is_used_is_enabled(plan: Plan) -> None:
    enabled = {each.values["service"] for each in plan.of("google_project_service")}
    for each in plan.resources:
        if each.type == "terraform_data":
            continue
        beginnings = [name for name in APIS if each.type.startswith(name)]
        assert beginnings, f"{each.type}: which API does it need?"
        assert f"{APIS[max(beginnings, key=len)]}.googleapis.com" in enabled, each.address


def test_costs_can_be_told_apart(plan: Plan) -> None:
    billed = plan.of(
        "google_artifact_registry_repository", "google_bigquery_dataset", "google_bigquery_table",
        "google_cloudfunctions2_function", "google_dataproc_workflow_template", "google_kms_crypto_key",
        "google_pubsub_subscription", "google_pubsub_topic", "google_storage_bucket",
    )  # fmt: skip
    for each in billed:
        assert each.values["labels"]["application"] == "crime-pipelines", each.address
