"""Two deployments fit into one project: no resource of the one has a name of the other's."""

from __future__ import annotations

from collections.abc import Iterator

from tests.terraform.plans import Plan

#: Attributes by which Google tells resources of a type apart, within a project.
NAMES = {
    "google_artifact_registry_repository": "repository_id",
    "google_bigquery_dataset": "dataset_id",
    "google_bigquery_datapolicy_data_policy": "data_policy_id",
    "google_bigquery_job": "job_id",
    "google_bigquery_table": "dataset_id",
    "google_cloud_scheduler_job": "name",
    "google_cloudfunctions2_function": "name",
    "google_compute_firewall": "name",
    "google_compute_network": "name",
    "google_compute_network_firewall_policy": "name",
    "google_compute_route": "name",
    "google_compute_subnetwork": "name",
    "google_data_catalog_taxonomy": "display_name",
    "google_dataproc_autoscaling_policy": "policy_id",
    "google_dataproc_workflow_template": "name",
    "google_dns_managed_zone": "name",
    "google_kms_key_ring": "name",
    "google_logging_metric": "name",
    "google_logging_project_sink": "name",
    "google_monitoring_custom_service": "service_id",
    "google_project_iam_custom_role": "role_id",
    "google_pubsub_schema": "name",
    "google_pubsub_subscription": "name",
    "google_pubsub_topic": "name",
    "google_secret_manager_secret": "secret_id",
    "google_service_account": "account_id",
    "google_storage_bucket": "name",
}
#: Named within another resource, by Google, or the same for the whole project.
WITHOUT = {
    "google_access_context_manager_service_perimeter",  # a project has one
    "google_billing_budget",
    "google_data_catalog_policy_tag",
    "google_dns_record_set",
    "google_kms_crypto_key",
    "google_logging_project_bucket_config",
    "google_monitoring_alert_policy",
    "google_monitoring_dashboard",
    "google_monitoring_notification_channel",
    "google_monitoring_slo",
    "google_project_iam_audit_config",
    "google_project_service",
    "google_storage_bucket_object",
    "google_storage_notification",
    "google_bigquery_dataset_access",
    "terraform_data",
    "time_sleep",
}


def names(plan: Plan) -> Iterator[tuple[str, str]]:
    for each in plan.resources:
        if each.type in NAMES:
            yield each.type, each.values[NAMES[each.type]]


def test_no_name_of_a_deployment_is_another_s(plans: dict[str, Plan]) -> None:
    one, other = set(names(plans["everything"])), set(names(plans["second_deployment"]))
    assert len(one) > 50
    assert not one & other


def test_every_kind_of_resource_is_looked_at(plans: dict[str, Plan]) -> None:
    kinds = {
        each.type for plan in plans.values() for each in plan.resources if "_iam_member" not in each.type
    }
    assert not kinds - set(NAMES) - WITHOUT


def test_a_metric_counts_its_own_deployment_s_entries(plans: dict[str, Plan]) -> None:
    for name in ("everything", "second_deployment"):
        functions = {each.values["name"] for each in plans[name].of("google_cloudfunctions2_function")}
        prefix = "crime-" if name == "everything" else "second-"
        assert functions
        assert all(function.startswith(prefix) for function in functions)
        for metric in plans[name].of("google_logging_metric"):
            assert f'service_name=~"^{prefix}"' in metric.values["filter"]
