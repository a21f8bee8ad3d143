locals {
  pushed = { for name, function in var.functions : name => function if function.topic != null }
}

# A new archive is a new object, and so a new revision.
resource "google_storage_bucket_object" "source" {
  bucket       = var.code_bucket
  name         = "functions/${filesha256(var.archive)}.zip"
  source       = var.archive
  content_type = "application/zip"
}

resource "google_cloudfunctions2_function" "this" {
  for_each = var.functions

  project      = var.project
  location     = var.region
  name         = "${var.prefix}-${each.key}"
  description  = each.value.description
  labels       = var.labels
  kms_key_name = var.kms_key

  build_config {
    runtime           = "python311"
    entry_point       = each.value.entry_point
    docker_repository = var.repository
    service_account   = var.build_account

    source {
      storage_source {
        bucket = google_storage_bucket_object.source.bucket
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    service_account_email            = each.value.account
    available_memory                 = each.value.memory
    available_cpu                    = "1"
    timeout_seconds                  = var.timeout_seconds
    min_instance_count               = 0
    max_instance_count               = each.value.instances
    max_instance_request_concurrency = 1
    ingress_settings                 = each.value.ingress
    all_traffic_on_latest_revision   = true
    environment_variables            = merge(var.environment, { LOG_EXECUTION_ID = "true" })

    dynamic "secret_environment_variables" {
      for_each = each.value.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }
  }
}

# Subscriptions of our own, where a trigger's would have neither dead letters nor a backoff.
resource "google_pubsub_subscription" "push" {
  for_each = local.pushed

  project = var.project
  name    = "${var.prefix}-${each.key}"
  topic   = var.topics[each.value.topic]
  labels  = var.labels
  # As long as a function may take: a message that is being worked on is not delivered again.
  ack_deadline_seconds       = var.timeout_seconds + 60
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = google_cloudfunctions2_function.this[each.key].service_config[0].uri

    oidc_token {
      service_account_email = var.push_account
      audience              = google_cloudfunctions2_function.this[each.key].service_config[0].uri
    }
  }

  dead_letter_policy {
    dead_letter_topic = var.dead_letter_topics[each.value.topic]
    # About four hours: an instance limit, a busy BigQuery and a quota pass (docs/architecture.md).
    max_delivery_attempts = 30
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  expiration_policy { ttl = "" }
}

# Who moves a message to the dead letters must be able to take it from here.
resource "google_pubsub_subscription_iam_member" "agent" {
  for_each = local.pushed

  project      = var.project
  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${var.pubsub_agent}"
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = merge(
    { for name in keys(local.pushed) : name => { function = name, member = "serviceAccount:${var.push_account}" } },
    merge([for name, function in var.functions : {
      for member in function.invokers : "${name}/${member}" => { function = name, member = member }
    }]...),
  )

  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.this[each.value.function].name
  role     = "roles/run.invoker"
  member   = each.value.member
}

resource "google_service_account_iam_member" "push" {
  service_account_id = "projects/${var.project}/serviceAccounts/${var.push_account}"
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:${var.pubsub_agent}"
}
