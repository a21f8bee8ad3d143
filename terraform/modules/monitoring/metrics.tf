locals {
  # What the functions log (crime_pipelines/cloud/functions), as numbers. A test reads these filters and holds them
  # against the calls that log. `value` names the field that is summed up; without one, entries are counted.
  log_metrics = {
    runs_started = {
      description = "Runs that were started."
      filter      = "jsonPayload.message=\"run started\" AND severity=INFO"
      value       = null
    }
    rows_read = {
      description = "Rows read by runs, once they are in the warehouse."
      filter      = "jsonPayload.message=\"run is in the warehouse\" AND severity=INFO"
      value       = "read"
    }
    rows_rejected = {
      description = "Rows that can't be incidents, of the same runs."
      filter      = "jsonPayload.message=\"run is in the warehouse\" AND severity=INFO"
      value       = "rejected"
    }
    reports = {
      description = "Reports written: answers are fresh and can be looked at."
      filter      = "jsonPayload.message=\"report written\" AND severity=INFO"
      value       = null
    }
    given_up = {
      description = "Events that can never be handled."
      filter      = "jsonPayload.message=~\"^given up: \" AND severity>=ERROR"
      value       = null
    }
    failed_before_job = {
      description = "Runs that failed twice before they had a job: no quota, no machines, no right."
      filter      = "jsonPayload.message=~\"^the run failed before its job: \" AND severity>=ERROR"
      value       = null
    }
    not_started = {
      description = "Runs asked for over HTTP that could not be started."
      filter      = "jsonPayload.message=\"the run could not be started\" AND severity>=ERROR"
      value       = null
    }
  }
}

resource "google_logging_metric" "this" {
  for_each = local.log_metrics

  project         = var.project
  name            = "${var.prefix}_${each.key}"
  description     = each.value.description
  filter          = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^${var.prefix}-\" AND ${each.value.filter}"
  value_extractor = each.value.value == null ? null : "EXTRACT(jsonPayload.${each.value.value})"

  metric_descriptor {
    display_name = each.value.description
    metric_kind  = "DELTA"
    value_type   = each.value.value == null ? "INT64" : "DISTRIBUTION"
    unit         = "1"
  }

  dynamic "bucket_options" {
    for_each = each.value.value == null ? [] : [0]
    content {
      exponential_buckets {
        num_finite_buckets = 30
        growth_factor      = 2
        scale              = 1
      }
    }
  }
}
