locals {
  agent = {
    artifactregistry = "service-${var.project_number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    bigquery         = "bq-${var.project_number}@bigquery-encryption.iam.gserviceaccount.com"
    compute          = "service-${var.project_number}@compute-system.iam.gserviceaccount.com"
    dataflow         = "service-${var.project_number}@dataflow-service-producer-prod.iam.gserviceaccount.com"
    dataproc         = "service-${var.project_number}@dataproc-accounts.iam.gserviceaccount.com"
    functions        = "service-${var.project_number}@gcf-admin-robot.iam.gserviceaccount.com"
    pubsub           = "service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    run              = "service-${var.project_number}@serverless-robot-prod.iam.gserviceaccount.com"
    scheduler        = "service-${var.project_number}@gcp-sa-cloudscheduler.iam.gserviceaccount.com"
    secrets          = "service-${var.project_number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    storage          = "service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com"
  }

  # A key for each kind of store, and who encrypts with it.
  keys = {
    storage   = ["storage"]
    bigquery  = ["bigquery"]
    pubsub    = ["pubsub"]
    compute   = concat(["compute", "dataproc", "storage"], var.streaming ? ["dataflow"] : [])
    functions = ["functions", "artifactregistry", "run", "storage"]
    secrets   = ["secrets"]
    # Audit logs outlive the rest, and so does their key.
    audit = ["storage"]
  }
  uses = merge([for key, agents in local.keys : { for agent in agents : "${key}/${agent}" => { key = key, agent = agent } }]...)
}

# Agents that are created on request get no role by themselves.
resource "google_project_iam_member" "service_agents" {
  for_each = merge(
    {
      dataproc  = "roles/dataproc.serviceAgent"
      functions = "roles/cloudfunctions.serviceAgent"
      pubsub    = "roles/pubsub.serviceAgent"
      run       = "roles/run.serviceAgent"
      scheduler = "roles/cloudscheduler.serviceAgent"
    },
    var.streaming ? { dataflow = "roles/dataflow.serviceAgent" } : {},
  )

  project = var.project
  role    = each.value
  member  = "serviceAccount:${local.agent[each.key]}"
}

resource "google_kms_key_ring" "this" {
  project  = var.project
  name     = var.key_ring
  location = var.region
}

resource "google_kms_crypto_key" "this" {
  for_each = local.keys

  name                       = each.key
  key_ring                   = google_kms_key_ring.this.id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = var.rotation
  destroy_scheduled_duration = "2592000s"
  labels                     = var.labels
  deletion_policy            = each.key == "audit" ? "ABANDON" : var.deletion_protection ? "PREVENT" : "DELETE"

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = "HSM"
  }
}

resource "google_kms_crypto_key_iam_member" "agents" {
  for_each = local.uses

  crypto_key_id = google_kms_crypto_key.this[each.value.key].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${local.agent[each.value.agent]}"
}

# One account for each job, each with what it needs (../../iam.tf).
resource "google_service_account" "this" {
  for_each = var.accounts

  project      = var.project
  account_id   = "${var.prefix}-${each.key}"
  display_name = "crime-pipelines: ${each.value}"
}

# What starting a run takes, and nothing more: dataproc.editor would give every cluster and job of the project.
resource "google_project_iam_custom_role" "run_starter" {
  project     = var.project
  role_id     = "${var.prefix}RunStarter"
  title       = "Crime pipelines: start runs"
  description = "Instantiate workflow templates, which name their code."
  permissions = [
    "dataproc.autoscalingPolicies.use", "dataproc.operations.get", "dataproc.workflowTemplates.get",
    "dataproc.workflowTemplates.instantiate",
  ]
}

# Who creates a batch says what code it runs, in the name of a job's account: nobody unless named.
resource "google_project_iam_custom_role" "batch_starter" {
  project     = var.project
  role_id     = "${var.prefix}BatchStarter"
  title       = "Crime pipelines: start serverless batches"
  description = "Create batches, which run any code as the account of a job."
  permissions = ["dataproc.batches.create", "dataproc.batches.get", "dataproc.operations.get"]
}

resource "google_project_iam_custom_role" "run_operator" {
  project     = var.project
  role_id     = "${var.prefix}RunOperator"
  title       = "Crime pipelines: watch and end runs"
  description = "See runs' jobs, clusters, batches and operations; cancel them."
  permissions = [
    "dataproc.batches.cancel", "dataproc.batches.get", "dataproc.batches.list", "dataproc.clusters.get",
    "dataproc.clusters.list", "dataproc.jobs.cancel", "dataproc.jobs.get", "dataproc.jobs.list",
    "dataproc.operations.cancel", "dataproc.operations.get", "dataproc.operations.list",
    "dataproc.workflowTemplates.get", "dataproc.workflowTemplates.list",
  ]
}

# Who adds rows, reads none.
resource "google_project_iam_custom_role" "row_appender" {
  project     = var.project
  role_id     = "${var.prefix}RowAppender"
  title       = "Crime pipelines: add rows"
  description = "Add rows to tables that are there, unread."
  permissions = ["bigquery.tables.updateData"]
}

# What adding rows and replacing them takes: dataEditor would let every one of these accounts drop and make tables.
resource "google_project_iam_custom_role" "row_writer" {
  project     = var.project
  role_id     = "${var.prefix}RowWriter"
  title       = "Crime pipelines: write rows"
  description = "Read and write rows of tables that are there; make, change and drop none."
  permissions = ["bigquery.tables.get", "bigquery.tables.getData", "bigquery.tables.updateData"]
}

# roles/dataproc.worker less its access to every bucket of the project: buckets are granted one by one.
resource "google_project_iam_custom_role" "cluster_node" {
  project     = var.project
  role_id     = "${var.prefix}ClusterNode"
  title       = "Crime pipelines: node of a cluster"
  description = "Take jobs from Dataproc, log, report metrics."
  permissions = [
    "dataproc.agents.create", "dataproc.agents.delete", "dataproc.agents.get", "dataproc.agents.list",
    "dataproc.agents.update", "dataproc.batches.sparkApplicationWrite", "dataproc.tasks.lease",
    "dataproc.tasks.listInvalidatedLeases", "dataproc.tasks.reportStatus", "logging.logEntries.create",
    "monitoring.metricDescriptors.create", "monitoring.metricDescriptors.get", "monitoring.metricDescriptors.list",
    "monitoring.monitoredResourceDescriptors.get", "monitoring.monitoredResourceDescriptors.list",
    "monitoring.timeSeries.create", "storage.buckets.get",
  ]
}

resource "google_secret_manager_secret" "feed_token" {
  count = var.streaming ? 1 : 0

  project             = var.project
  secret_id           = "${var.prefix}-feed-token"
  labels              = var.labels
  deletion_protection = var.deletion_protection
  # The value is added by hand (docs/deploy.md): it never stands in the state.
  version_destroy_ttl = "604800s"

  replication {
    user_managed {
      replicas {
        location = var.region
        customer_managed_encryption { kms_key_name = google_kms_crypto_key.this["secrets"].id }
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agents]
}

# Everything that reads or writes data leaves a record.
resource "google_project_iam_audit_config" "data" {
  for_each = toset([
    "bigquery.googleapis.com", "cloudkms.googleapis.com", "dataproc.googleapis.com", "iam.googleapis.com",
    "pubsub.googleapis.com", "secretmanager.googleapis.com", "storage.googleapis.com",
  ])

  project = var.project
  service = each.value

  audit_log_config { log_type = "ADMIN_READ" }
  audit_log_config { log_type = "DATA_READ" }
  audit_log_config { log_type = "DATA_WRITE" }
}

resource "google_logging_project_sink" "audit" {
  project                = var.project
  name                   = "${var.prefix}-audit"
  destination            = "storage.googleapis.com/${var.audit_bucket}"
  filter                 = "logName:\"cloudaudit.googleapis.com\""
  unique_writer_identity = true
}

resource "google_access_context_manager_service_perimeter" "dry_run" {
  count = var.access_policy == null ? 0 : 1

  parent                    = "accessPolicies/${var.access_policy}"
  name                      = "accessPolicies/${var.access_policy}/servicePerimeters/${var.prefix}_pipelines"
  title                     = "${var.prefix}_pipelines"
  perimeter_type            = "PERIMETER_TYPE_REGULAR"
  use_explicit_dry_run_spec = true

  # A dry run: what the perimeter would stop is logged, and nothing is stopped.
  spec {
    resources           = ["projects/${var.project_number}"]
    restricted_services = [for service in var.perimeter_services : "${service}.googleapis.com"]

    vpc_accessible_services {
      enable_restriction = true
      allowed_services   = ["RESTRICTED-SERVICES"]
    }
  }
}
