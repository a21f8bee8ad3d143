"""Terraform sets what the functions, the jobs and the command line expect (docs/architecture.md)."""

from __future__ import annotations

import ast
import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.cloud import dataproc_v1 as dataproc

import crime_pipelines
from crime_pipelines import __version__
from crime_pipelines.cloud.dataproc.submission import Submission
from crime_pipelines.cloud.dataproc.templates import as_json
from crime_pipelines.cloud.functions.events import PUBSUB, Landed, Tick, arrival
from crime_pipelines.cloud.settings import VARIABLES, Settings
from crime_pipelines.cloud.warehouse.tables import ANSWER_TABLES
from crime_pipelines.cloud.warehouse.views import published_views, views
from crime_pipelines.localcloud.calls.accounts import FUNCTIONS, email
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.warehouse import TABLES
from tests.terraform.plans import ROOT, Plan, Resource

MAIN = Path(crime_pipelines.__file__).parent / "cloud" / "functions" / "main.py"
#: Set for Cloud Run's own sake.
_FOREIGN = {"LOG_EXECUTION_ID"}


def settings_of(plan: Plan) -> Settings:
    """The settings that the functions get."""
    environments = [
        function.values["service_config"][0]["environment_variables"]
        for function in plan.of("google_cloudfunctions2_function")
    ]
    assert environments
    assert all(each == environments[0] for each in environments)
    assert set(environments[0]) - _FOREIGN == set(VARIABLES.values())
    settings = Settings.from_environment(environments[0])
    assert settings.environment().items() <= environments[0].items()
    return settings


def test_functions_and_people_get_every_setting(plan: Plan) -> None:
    settings = settings_of(plan)
    assert settings.environment().items() <= plan.outputs["settings"].items()
    exported = dict(re.findall(r"^export (\w+)='([^']*)'$", plan.outputs["environment"], re.MULTILINE))
    assert exported == plan.outputs["settings"]
    if plan.prefix != "crime":
        return
    # what follows from the project when nothing is set is what Terraform names
    plain = Settings(settings.project, settings.region, settings.architecture)
    for name in ("landing", "lake", "report", "code"):
        assert getattr(plain, f"{name}_bucket") == getattr(settings, f"{name}_bucket")
    for name in VARIABLES:
        if name == "template" or name.endswith(("_topic", "_subscription", "_url", "dataset")):
            assert getattr(plain, name) == getattr(settings, name)
    assert plain.dataproc_endpoint == settings.dataproc_endpoint
    assert plain.retry_seconds == settings.retry_seconds


def test_everything_that_a_setting_names_is_made(plan: Plan) -> None:
    settings = settings_of(plan)
    for bucket in ("landing", "lake", "report", "code", "staging"):
        plan.one("google_storage_bucket", name=getattr(settings, f"{bucket}_bucket"))
    for topic in (settings.files_topic, settings.finished_topic, settings.answers_topic):
        plan.one("google_pubsub_topic", name=topic)
    for dataset in (name for name in VARIABLES if name.endswith("dataset")):
        plan.one("google_bigquery_dataset", dataset_id=getattr(settings, dataset), location=settings.region)
    plan.one("google_dataproc_workflow_template", name=settings.template, location=settings.region)
    plan.one("google_dataproc_autoscaling_policy", policy_id=settings.dataproc_autoscaling)
    plan.one("google_kms_crypto_key", id=settings.kms_key)
    plan.one("google_service_account", account_id=settings.dataproc_account.partition("@")[0])
    plan.one("google_compute_subnetwork", name=settings.dataproc_subnetwork.rpartition("/")[2])


def entry_points() -> dict[str, str]:
    """The functions' entry points and the kind of each, as main.py declares them."""
    tree = ast.parse(MAIN.read_text(encoding="utf-8"))
    return {
        node.name: decorator.attr
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Attribute)
    }


def test_every_entry_point_is_deployed_and_hears_its_topic(everything: Plan) -> None:
    settings = settings_of(everything)
    topics = {
        "start_processing": settings.files_topic,
        "load_tables": settings.finished_topic,
        "render_charts": settings.answers_topic,
        "poll_feed": "feed-ticks",
        "watch_surges": settings.answers_topic,
    }
    kinds = entry_points()
    functions = {
        each.values["build_config"][0]["entry_point"]: each.values["name"]
        for each in everything.of("google_cloudfunctions2_function")
    }
    assert set(functions) == set(kinds)
    for entry_point, name in functions.items():
        heard = [
            each.values["topic"].rpartition("/")[2]
            for each in everything.of("google_pubsub_subscription")
            if each.values["name"] == name
        ]
        assert heard == ([topics[entry_point]] if kinds[entry_point] == "cloud_event" else []), name
    for function in everything.of("google_cloudfunctions2_function"):
        assert function.values["build_config"][0]["runtime"] == "python311"


def test_each_architecture_deploys_what_it_needs(plans: dict[str, Plan]) -> None:
    def deployed(plan: Plan) -> set[str]:
        return {each.values["name"] for each in plan.of("google_cloudfunctions2_function")}

    assert deployed(plans["architecture_1"]) - deployed(plans["architecture_2"]) == {"crime-load-tables"}
    with_stream = {"crime-poll-feed", "crime-watch-surges"}
    assert deployed(plans["everything"]) - deployed(plans["architecture_1"]) == with_stream


def test_the_local_cloud_serves_what_is_deployed(plans: dict[str, Plan]) -> None:
    everything = plans["everything"]
    settings = settings_of(everything)
    kinds = {"cloudevent": "cloud_event", "http": "http"}
    assert {name: kinds[each.signature] for name, each in FUNCTIONS.items()} == {
        name: kind for name, kind in entry_points().items() if name != "poll_feed"
    }
    for name, served in FUNCTIONS.items():
        deployed = f"crime-{name.replace('_', '-')}"
        function = everything.one("google_cloudfunctions2_function", name=deployed)
        account = function.values["service_config"][0]["service_account_email"]
        assert account == email(served.account, settings.project)
        heard = {
            each.values["topic"].rpartition("/")[2]
            for each in everything.of("google_pubsub_subscription")
            if each.values["name"] == deployed
        }
        assert heard == ({getattr(settings, served.topic)} if served.topic else set())
        without_stream = {
            each.values["name"]
            for plan in (plans["architecture_1"], plans["architecture_2"])
            for each in plan.of("google_cloudfunctions2_function")
        }
        assert served.needs_stream == (deployed not in without_stream)
    everything.one("google_pubsub_subscription", name=f"{settings.surges_topic}-kept")


def test_the_feed_gets_its_token_as_it_reads_it(everything: Plan) -> None:
    from crime_pipelines.cloud.feed.api import TOKEN_VARIABLE

    function = everything.one("google_cloudfunctions2_function", name="crime-poll-feed").values
    (secret,) = function["service_config"][0]["secret_environment_variables"]
    assert secret["key"] == TOKEN_VARIABLE
    everything.one("google_secret_manager_secret", secret_id=secret["secret"])
    account = function["service_config"][0]["service_account_email"]
    everything.one("google_secret_manager_secret_iam_member", member=f"serviceAccount:{account}")


def rest(template: Resource) -> dict[str, Any]:
    """A planned workflow template as Dataproc's REST API writes it."""
    values = template.values
    cluster = values["placement"][0]["managed_cluster"][0]
    config = cluster["config"][0]
    machines = config["gce_cluster_config"][0]
    shielded = machines["shielded_instance_config"][0]
    written = {
        "id": values["name"],
        "labels": values["labels"],
        "dagTimeout": values["dag_timeout"],
        "encryptionConfig": {"kmsKey": values["encryption_config"][0]["kms_key"]},
        "placement": {
            "managedCluster": {
                "clusterName": cluster["cluster_name"],
                "config": {
                    "configBucket": config["staging_bucket"],
                    "tempBucket": config["temp_bucket"],
                    **_each(
                        "autoscalingConfig",
                        [{"policyUri": each["policy"]} for each in config["autoscaling_config"]],
                    ),
                    "encryptionConfig": {"kmsKey": config["encryption_config"][0]["gce_pd_kms_key_name"]},
                    "gceClusterConfig": {
                        "internalIpOnly": machines["internal_ip_only"],
                        "subnetworkUri": machines["subnetwork"],
                        "serviceAccount": machines["service_account"],
                        "serviceAccountScopes": machines["service_account_scopes"],
                        "metadata": machines["metadata"],
                        "shieldedInstanceConfig": {
                            "enableSecureBoot": shielded["enable_secure_boot"],
                            "enableVtpm": shielded["enable_vtpm"],
                            "enableIntegrityMonitoring": shielded["enable_integrity_monitoring"],
                        },
                    },
                    "masterConfig": _machines(config["master_config"][0]),
                    **_each("workerConfig", [_machines(each) for each in config["worker_config"]]),
                    "softwareConfig": {
                        "imageVersion": config["software_config"][0]["image_version"],
                        "properties": config["software_config"][0]["properties"] or {},
                    },
                    "lifecycleConfig": {
                        "idleDeleteTtl": config["lifecycle_config"][0]["idle_delete_ttl"],
                        "autoDeleteTtl": config["lifecycle_config"][0]["auto_delete_ttl"],
                    },
                },
            }
        },
        "jobs": [
            {
                "stepId": job["step_id"],
                "pysparkJob": {
                    "mainPythonFileUri": job["pyspark_job"][0]["main_python_file_uri"],
                    "args": job["pyspark_job"][0]["args"],
                    "pythonFileUris": job["pyspark_job"][0]["python_file_uris"],
                    "properties": job["pyspark_job"][0]["properties"],
                },
            }
            for job in values["jobs"]
        ],
        "parameters": [
            {
                "name": each["name"],
                "description": each["description"],
                "fields": each["fields"],
                "validation": {"regex": {"regexes": each["validation"][0]["regex"][0]["regexes"]}},
            }
            for each in values["parameters"]
        ],
    }
    # through Dataproc's own message, which refuses a field that it doesn't know
    message = dataproc.WorkflowTemplate.from_json(json.dumps(written))
    return canonical(message)


def canonical(message: dataproc.WorkflowTemplate) -> dict[str, Any]:
    text = dataproc.WorkflowTemplate.to_json(message, always_print_fields_with_no_presence=False)
    found: dict[str, Any] = json.loads(text)
    return found


def _each(name: str, blocks: list[Any]) -> dict[str, Any]:
    """A block that a cluster may be without."""
    return dict.fromkeys([name] * len(blocks), *blocks)


def _machines(group: dict[str, Any]) -> dict[str, Any]:
    disk = group["disk_config"][0]
    return {
        "numInstances": group["num_instances"],
        "machineTypeUri": group["machine_type"],
        "diskConfig": {"bootDiskType": disk["boot_disk_type"], "bootDiskSizeGb": disk["boot_disk_size_gb"]},
    }


def test_the_workflow_templates_are_those_of_the_command_line(plan: Plan) -> None:
    settings = settings_of(plan)
    for template in plan.of("google_dataproc_workflow_template"):
        architecture = int(template.values["labels"]["architecture"])
        account = f"{plan.prefix}-job-{architecture}@a-project.iam.gserviceaccount.com"
        own = Settings.from_environment(settings.environment() | {"CRIME_DATAPROC_ACCOUNT": account})
        expected = json.loads(as_json(own))[architecture - 1]
        assert rest(template) == expected


def tables(settings: Settings) -> list[tuple[str, Table]]:
    return [
        *((settings.dataset, table) for table in TABLES),
        *((settings.answers_dataset, table) for table in ANSWER_TABLES),
    ]


#: What tells where exactly an incident happened; a raw row tells all of it.
PLACES = re.compile("block|.*_coordinate|latitude|longitude|raw.*|payload|.*address.*")


def test_the_tables_are_those_that_the_code_declares(plan: Plan) -> None:
    settings = settings_of(plan)
    made = [each for each in plan.of("google_bigquery_table") if not each.values["view"]]
    declared = tables(settings)
    assert {(each.values["dataset_id"], each.values["table_id"]) for each in made} == {
        (dataset, table.name) for dataset, table in declared
    }
    for dataset, table in declared:
        values = plan.one("google_bigquery_table", dataset_id=dataset, table_id=table.name).values
        schema = json.loads(values["schema"])
        masked = [each["name"] for each in schema if each.pop("policyTags", None)]
        assert schema == table.json_schema()
        assert masked == [name for name in table.names if PLACES.fullmatch(name)], table.name
        assert (values["clustering"] or []) == list(table.cluster_by)
        parts = table.partitions
        assert [
            (each["type"], each["field"], each.get("expiration_ms")) for each in values["time_partitioning"]
        ] == ([(parts.unit, parts.column, parts.expire_milliseconds)] if parts else [])
        assert bool(values.get("require_partition_filter")) is bool(parts and parts.filter_required)
        assert values["description"] == table.description


def test_the_views_are_those_that_the_code_declares(plan: Plan) -> None:
    settings = settings_of(plan)
    made = {
        each.values["table_id"]: each.values["view"][0]["query"]
        for each in plan.of("google_bigquery_table")
        if each.values["view"] and each.values["dataset_id"] == settings.dataset
    }
    assert made == {view.name: view.query for view in views(settings.project, settings.dataset)}


def test_the_published_views_are_those_that_the_code_declares_and_alone_read_the_answers(plan: Plan) -> None:
    settings = settings_of(plan)
    declared = published_views(settings.project, settings.answers_dataset)
    made = {
        each.values["table_id"]: each.values["view"][0]["query"]
        for each in plan.of("google_bigquery_table")
        if each.values["dataset_id"] == settings.published_dataset
    }
    assert made == {view.name: view.query for view in declared}
    let_in = [
        (each.values["dataset_id"], view["dataset_id"], view["table_id"])
        for each in plan.of("google_bigquery_dataset_access")
        for view in each.values["view"]
    ]
    assert sorted(let_in) == sorted(
        (settings.answers_dataset, settings.published_dataset, view.name) for view in declared
    )


def test_the_jobs_may_say_that_they_are_done(plan: Plan) -> None:
    for template in plan.of("google_dataproc_workflow_template"):
        arguments = template.values["jobs"][0]["pyspark_job"][0]["args"]
        topic = arguments[arguments.index("--topic") + 1]
        account = rest(template)["placement"]["managedCluster"]["config"]["gceClusterConfig"][
            "serviceAccount"
        ]
        plan.one(
            "google_pubsub_topic_iam_member",
            topic=topic,
            role="roles/pubsub.publisher",
            member=f"serviceAccount:{account}",
        )


def test_a_tick_is_what_the_function_takes_for_one(plan: Plan) -> None:
    settings = settings_of(plan)
    target = plan.one("google_cloud_scheduler_job", name=f"{plan.prefix}-tick").values["http_target"][0]
    path = f"/v1/projects/{settings.project}/topics/{settings.files_topic}:publish"
    assert target["uri"] == f"https://pubsub.googleapis.com{path}"
    (message,) = json.loads(base64.b64decode(target["body"]))["messages"]
    event = {"message": {**message, "publishTime": "2026-01-01T06:15:00Z"}}
    assert isinstance(arrival(PUBSUB, event), Tick)


def test_a_landed_file_is_told_as_the_function_reads_it(plan: Plan) -> None:
    settings = settings_of(plan)
    (notification,) = plan.of("google_storage_notification")
    assert notification.values["bucket"] == settings.landing_bucket
    assert notification.values["topic"].endswith(f"/topics/{settings.files_topic}")
    assert notification.values["payload_format"] == "JSON_API_V1"
    (event_type,) = notification.values["event_types"]
    attributes = {
        "eventType": event_type,
        "bucketId": settings.landing_bucket,
        "objectId": "a.csv",
        "objectGeneration": "1",
    }
    assert isinstance(arrival(PUBSUB, {"message": {"attributes": attributes}}), Landed)


def test_the_second_schedule_asks_for_a_run_that_can_be(everything: Plan) -> None:
    job = everything.one("google_cloud_scheduler_job", name="crime-run-architecture-2")
    target = job.values["http_target"][0]
    parameters = json.loads(base64.b64decode(target["body"]))["parameters"]
    run = Submission(
        parameters["RUN_ID"],
        parameters["INPUT"],
        int(parameters["SHIFT_YEARS"]),
        parameters["AS_OF"],
        parameters["LAYOUT"],
    )
    assert run.parameters() == parameters
    template = everything.one("google_dataproc_workflow_template", name="crime-architecture-2")
    assert f"/workflowTemplates/{template.values['name']}:instantiate" in target["uri"]
    patterns = {
        each["name"]: each["validation"][0]["regex"][0]["regexes"][0]
        for each in template.values["parameters"]
    }
    assert set(patterns) == set(parameters)
    for name, pattern in patterns.items():
        assert re.fullmatch(pattern, parameters[name]), name


def test_the_pipeline_is_given_what_is_made_for_it(everything: Plan) -> None:
    parameters = dict(
        each.split("=", 1) for each in everything.outputs["launch"].rpartition("--parameters=")[2].split(",")
    )
    template = everything.one("google_storage_bucket_object", name="templates/crime-stream.json")
    specification = json.loads(template.values["content"])
    declared = specification["metadata"]["parameters"]
    # Beam's own: what starts the pipeline also runs on the workers
    assert parameters.pop("sdk_container_image") == specification["image"] == everything.outputs["image"]
    assert set(parameters) <= {each["name"] for each in declared}
    assert set(parameters) >= {each["name"] for each in declared if not each.get("isOptional")}
    for each in declared:
        if each["name"] in parameters:
            assert re.fullmatch(each["regexes"][0], parameters[each["name"]]), each["name"]
    settings = everything.outputs["settings"]
    assert parameters["feed_subscription"] == settings["CRIME_FEED_SUBSCRIPTION"]
    assert parameters["dataset"] == settings["CRIME_DATASET"]
    subscription = everything.one("google_pubsub_subscription", name=parameters["feed_subscription"])
    assert (
        subscription.values["topic"]
        == everything.one("google_pubsub_topic", name=settings["CRIME_FEED_TOPIC"]).values["id"]
    )
    for name in ("CRIME_DEAD_LETTERS_TOPIC", "CRIME_SURGES_TOPIC"):
        everything.one("google_pubsub_topic", name=settings[name])


def test_the_pipeline_has_the_options_that_its_template_declares() -> None:
    stream = ROOT / "beam" / "streaming" / "stream.py"
    options = set(re.findall(r'add_argument\(\s*"--(\w+)"', stream.read_text(encoding="utf-8")))
    metadata = ROOT / "beam" / "template" / "stream.json"
    declared = json.loads(metadata.read_text(encoding="utf-8"))["parameters"]
    assert {each["name"] for each in declared} == options


@pytest.mark.parametrize("kind", ["google_pubsub_topic", "google_cloudfunctions2_function"])
def test_the_contract_names_what_is_made(everything: Plan, kind: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for each in everything.of(kind):
        name = (
            each.values["build_config"][0]["entry_point"]
            if "build_config" in each.values
            else each.values["name"]
        )
        assert f"`{name.removesuffix('-dead-letters')}`" in text or f"`{name}`" in text, name


def test_the_version_that_is_put_up_is_the_code_s() -> None:
    text = (ROOT / "terraform" / "variables.tf").read_text(encoding="utf-8")
    assert re.search(r'variable "package_version" \{[^}]*default\s*=\s*"([^"]+)"', text)[1] == __version__  # type: ignore[index]
