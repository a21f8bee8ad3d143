locals {
  metric   = { for name, each in google_logging_metric.this : name => "metric.type=\"logging.googleapis.com/user/${each.name}\" AND resource.type=\"cloud_run_revision\"" }
  channels = [for each in google_monitoring_notification_channel.email : each.id]
  dead     = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=one_of(${join(", ", [for name in var.dead_letter_subscriptions : "\"${name}\""])})"
  rejected_share = join(" / ", [for name in ["rows_rejected", "rows_read"] :
    "sum(increase(logging_googleapis_com:user_${google_logging_metric.this[name].name}_sum{monitored_resource=\"cloud_run_revision\"}[24h]))"
  ])
  handled = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=one_of(${join(", ", [for name in var.subscriptions : "\"${name}\""])})"
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.notification_emails

  project      = var.project
  display_name = "crime-pipelines: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = var.labels
}

resource "google_monitoring_alert_policy" "failed_run" {
  project               = var.project
  display_name          = "${var.prefix}: a run failed"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "A job on Dataproc failed"
    condition_threshold {
      filter          = "metric.type=\"dataproc.googleapis.com/cluster/job/failed_count\" AND resource.type=\"cloud_dataproc_cluster\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  dynamic "conditions" {
    for_each = {
      failed_before_job = "A run failed before it had a job"
      given_up          = "An event can't be handled"
      not_started       = "A run could not be started"
    }
    content {
      display_name = conditions.value
      condition_threshold {
        filter          = local.metric[conditions.key]
        comparison      = "COMPARISON_GT"
        threshold_value = 0
        duration        = "0s"
        aggregations {
          alignment_period     = "300s"
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "`crime-pipelines dataproc status RUN_ID` tells how the run's attempts stand; the run's id is in the log entry. A run that is done again replaces its own rows."
  }

  alert_strategy { auto_close = "86400s" }
}

resource "google_monitoring_alert_policy" "stale" {
  project               = var.project
  display_name          = "${var.prefix}: no new answers in ${var.fresh_hours} hours"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "No report was written"
    condition_threshold {
      filter          = local.metric["reports"]
      comparison      = "COMPARISON_LT"
      threshold_value = 1
      duration        = "60s"
      # Nothing logged is no data, not zero.
      evaluation_missing_data = "EVALUATION_MISSING_DATA_ACTIVE"
      aggregations {
        alignment_period     = "${var.fresh_hours * 3600}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Has anything landed? Does the scheduler's job `${var.prefix}-tick` run? Do messages wait on `incident-files`, or lie in its dead letters?"
  }
}

resource "google_monitoring_alert_policy" "rejects" {
  project               = var.project
  display_name          = "${var.prefix}: more than ${var.reject_share * 100} % of rows rejected"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = var.labels

  # A distribution's sum, which only PromQL can ask for.
  conditions {
    display_name = "Share of rejected rows in a day"
    condition_prometheus_query_language {
      query               = "${local.rejected_share} > ${var.reject_share}"
      duration            = "0s"
      evaluation_interval = "300s"
      # Before the first run the metric is not there yet.
      disable_metric_validation = true
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The table `rejects` holds each such row, whole, with its reason: `SELECT reason, COUNT(*) FROM ${var.dataset}.rejects WHERE run_id = '...' GROUP BY reason`."
  }
}

resource "google_monitoring_alert_policy" "dead_letters" {
  project               = var.project
  display_name          = "${var.prefix}: dead letters"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "Messages that could not be handled"
    condition_threshold {
      filter          = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND ${local.dead}"
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_MAX"
        cross_series_reducer = "REDUCE_MAX"
        group_by_fields      = ["resource.labels.subscription_id"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Look: `gcloud pubsub subscriptions pull SUBSCRIPTION --limit=10`. Mended, they are published to their topic again; handling a message twice changes nothing."
  }
}

resource "google_monitoring_alert_policy" "backlog" {
  project               = var.project
  display_name          = "${var.prefix}: messages wait for ${var.backlog_minutes} minutes"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "Age of the oldest message"
    condition_threshold {
      filter          = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND ${local.handled}"
      comparison      = "COMPARISON_GT"
      threshold_value = var.backlog_minutes * 60
      duration        = "300s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_MAX"
        cross_series_reducer = "REDUCE_MAX"
        group_by_fields      = ["resource.labels.subscription_id"]
      }
    }
  }
}

# ---- how fresh the answers are

resource "google_monitoring_custom_service" "answers" {
  project      = var.project
  service_id   = "${var.prefix}-answers"
  display_name = "The answers"
  user_labels  = var.labels
}

# Cloud Monitoring knows windows of a day at most.
resource "google_monitoring_slo" "fresh" {
  project             = var.project
  service             = google_monitoring_custom_service.answers.service_id
  slo_id              = "fresh"
  display_name        = "New answers on ${var.fresh_goal * 100} % of days"
  goal                = var.fresh_goal
  rolling_period_days = 28
  user_labels         = var.labels

  windows_based_sli {
    window_period = "86400s"
    metric_sum_in_range {
      time_series = local.metric["reports"]
      range { min = 1 }
    }
  }
}

# ---- what it costs

resource "google_billing_budget" "month" {
  count = var.billing_account == null ? 0 : 1

  billing_account = var.billing_account
  display_name    = "crime-pipelines, ${var.project}"

  budget_filter {
    projects               = ["projects/${var.project_number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount { units = tostring(var.monthly_budget) }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content { threshold_percent = threshold_rules.value }
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  # The billing account's administrators are told in any case.
  dynamic "all_updates_rule" {
    for_each = length(local.channels) == 0 ? [] : [slice(local.channels, 0, min(5, length(local.channels)))]
    content { monitoring_notification_channels = all_updates_rule.value }
  }
}
