locals {
  # What the parts say to one another (docs/architecture.md), each with its form; none where Cloud Storage speaks.
  events = merge(
    {
      (var.names.files)    = null
      (var.names.finished) = "finished"
      (var.names.answers)  = "answers"
    },
    var.streaming ? { (var.names.ticks) = null } : {},
  )
  feed = var.streaming ? toset([var.names.feed, var.names.dead_letters, var.names.surges]) : toset([])

  week  = "604800s"
  month = "2678400s"
}

resource "google_pubsub_schema" "this" {
  for_each = toset(["finished", "answers"])

  project    = var.project
  name       = "${var.prefix}-${each.value}"
  type       = "PROTOCOL_BUFFER"
  definition = file("${path.module}/schemas/${each.value}.proto")
}

resource "google_pubsub_topic" "event" {
  for_each = local.events

  project                    = var.project
  name                       = each.key
  labels                     = var.labels
  kms_key_name               = var.kms_key
  message_retention_duration = local.week

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  dynamic "schema_settings" {
    for_each = each.value == null ? [] : [each.value]
    content {
      schema   = google_pubsub_schema.this[schema_settings.value].id
      encoding = "JSON"
    }
  }
}

# What a function has failed on again and again.
resource "google_pubsub_topic" "dead" {
  for_each = local.events

  project                    = var.project
  name                       = "${each.key}-dead-letters"
  labels                     = var.labels
  kms_key_name               = var.kms_key
  message_retention_duration = local.month

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_subscription" "dead" {
  for_each = local.events

  project                    = var.project
  name                       = "${each.key}-dead-letters-kept"
  topic                      = google_pubsub_topic.dead[each.key].id
  labels                     = var.labels
  ack_deadline_seconds       = 60
  message_retention_duration = local.month

  expiration_policy { ttl = "" }
}

# Without this, messages that fail are tried for ever: dead lettering is done in the agent's name.
resource "google_pubsub_topic_iam_member" "dead" {
  for_each = local.events

  project = var.project
  topic   = google_pubsub_topic.dead[each.key].name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${var.agent}"
}

resource "google_pubsub_topic" "feed" {
  for_each = local.feed

  project                    = var.project
  name                       = each.value
  labels                     = var.labels
  kms_key_name               = var.kms_key
  message_retention_duration = each.value == var.names.dead_letters ? local.month : local.week

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

# Neither dead letters nor a retry policy: they don't work under Dataflow, which keeps dead letters of its own.
# What is acknowledged is kept, so that the feed can be wound back.
resource "google_pubsub_subscription" "pipeline" {
  count = var.streaming ? 1 : 0

  project                    = var.project
  name                       = "${var.names.feed}-pipeline"
  topic                      = google_pubsub_topic.feed[var.names.feed].id
  labels                     = var.labels
  ack_deadline_seconds       = 120
  message_retention_duration = local.week
  retain_acked_messages      = true

  expiration_policy { ttl = "" }
}

resource "google_pubsub_subscription" "kept" {
  for_each = var.streaming ? toset([var.names.dead_letters, var.names.surges]) : toset([])

  project                    = var.project
  name                       = "${each.value}-kept"
  topic                      = google_pubsub_topic.feed[each.value].id
  labels                     = var.labels
  ack_deadline_seconds       = 60
  message_retention_duration = each.value == var.names.dead_letters ? local.month : local.week

  expiration_policy { ttl = "" }
}
