locals {
  tick = jsonencode({ messages = [{ data = base64encode(jsonencode({ scheduled = true })) }] })
  look = jsonencode({ messages = [{ data = base64encode(jsonencode({ look = true })) }] })
}

# A tick is a message like a landed file's. It is published through Pub/Sub's API in the scheduler's own account's
# name, so that who ticks is in the audit logs and may do nothing else.
resource "google_cloud_scheduler_job" "tick" {
  project          = var.project
  region           = var.region
  name             = "${var.prefix}-tick"
  description      = "Read the whole landing bucket."
  schedule         = var.schedule
  time_zone        = var.time_zone
  attempt_deadline = "60s"

  retry_config {
    retry_count          = 5
    min_backoff_duration = "10s"
    max_backoff_duration = "300s"
  }

  http_target {
    http_method = "POST"
    uri         = "https://pubsub.googleapis.com/v1/${var.topic}:publish"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(local.tick)

    oauth_token {
      service_account_email = var.account
      scope                 = "https://www.googleapis.com/auth/pubsub"
    }
  }
}

# What lands while a run is under way waits for its end; and a cluster that was refused is asked for again.
resource "google_cloud_scheduler_job" "look" {
  project          = var.project
  region           = var.region
  name             = "${var.prefix}-look"
  description      = "Look after the run that is under way."
  schedule         = "*/5 * * * *"
  time_zone        = var.time_zone
  attempt_deadline = "60s"

  http_target {
    http_method = "POST"
    uri         = "https://pubsub.googleapis.com/v1/${var.topic}:publish"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(local.look)

    oauth_token {
      service_account_email = var.account
      scope                 = "https://www.googleapis.com/auth/pubsub"
    }
  }
}

resource "google_cloud_scheduler_job" "feed" {
  count = var.feed == null ? 0 : 1

  project          = var.project
  region           = var.region
  name             = "${var.prefix}-feed"
  description      = "Ask the City's API for what is new."
  schedule         = var.feed.schedule
  time_zone        = var.time_zone
  attempt_deadline = "60s"

  http_target {
    http_method = "POST"
    uri         = "https://pubsub.googleapis.com/v1/${var.feed.topic}:publish"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(local.tick)

    oauth_token {
      service_account_email = var.account
      scope                 = "https://www.googleapis.com/auth/pubsub"
    }
  }
}

# One run that is done again each time and replaces its own rows.
resource "google_cloud_scheduler_job" "template" {
  for_each = var.templates

  project          = var.project
  region           = var.region
  name             = "${var.prefix}-run-${each.key}"
  description      = "Read the whole landing bucket, through ${each.value.template}."
  schedule         = each.value.schedule
  time_zone        = var.time_zone
  attempt_deadline = "180s"

  # Not again by itself: an instantiation without a request id would start a second cluster.
  retry_config {
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = "https://dataproc.googleapis.com/v1/projects/${var.project}/regions/${var.region}/workflowTemplates/${each.value.template}:instantiate"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode({ parameters = each.value.parameters }))

    oauth_token {
      service_account_email = var.account
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }
}
