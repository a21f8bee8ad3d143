locals {
  # Title, what is drawn, how a series is aligned and put together, by what it is grouped.
  charts = concat([
    { title = "Rows read", filter = local.metric["rows_read"], align = "ALIGN_DELTA", reduce = "REDUCE_SUM", group = [], sum = true },
    { title = "Rows rejected", filter = local.metric["rows_rejected"], align = "ALIGN_DELTA", reduce = "REDUCE_SUM", group = [], sum = true },
    { title = "Reports written", filter = local.metric["reports"], align = "ALIGN_DELTA", reduce = "REDUCE_SUM", group = [], sum = false },
    { title = "Runs started", filter = local.metric["runs_started"], align = "ALIGN_DELTA", reduce = "REDUCE_SUM", group = [], sum = false },
    {
      title  = "Job duration on Dataproc"
      filter = "metric.type=\"dataproc.googleapis.com/cluster/job/completion_time\" AND resource.type=\"cloud_dataproc_cluster\""
      align  = "ALIGN_DELTA", reduce = "REDUCE_PERCENTILE_95", group = ["resource.labels.cluster_name"], sum = false
    },
    {
      title  = "Backlog: messages"
      filter = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND ${local.handled}"
      align  = "ALIGN_MAX", reduce = "REDUCE_MAX", group = ["resource.labels.subscription_id"], sum = false
    },
    {
      title  = "Backlog: age of the oldest message"
      filter = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND ${local.handled}"
      align  = "ALIGN_MAX", reduce = "REDUCE_MAX", group = ["resource.labels.subscription_id"], sum = false
    },
    {
      title  = "Dead letters"
      filter = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND ${local.dead}"
      align  = "ALIGN_MAX", reduce = "REDUCE_MAX", group = ["resource.labels.subscription_id"], sum = false
    },
    {
      title  = "Functions: time to answer"
      filter = "metric.type=\"run.googleapis.com/request_latencies\" AND resource.type=\"cloud_run_revision\""
      align  = "ALIGN_DELTA", reduce = "REDUCE_PERCENTILE_95", group = ["resource.labels.service_name"], sum = false
    },
    {
      title  = "BigQuery: bytes billed by queries"
      filter = "metric.type=\"bigquery.googleapis.com/query/statement_scanned_bytes_billed\" AND resource.type=\"global\""
      align  = "ALIGN_DELTA", reduce = "REDUCE_SUM", group = [], sum = false
    },
    ], var.streaming ? [
    {
      title  = "Lag of the live feed"
      filter = "metric.type=\"dataflow.googleapis.com/job/data_watermark_age\" AND resource.type=\"dataflow_job\""
      align  = "ALIGN_MAX", reduce = "REDUCE_MAX", group = ["resource.labels.job_name"], sum = false
    },
  ] : [])

  # A distribution's sum is had from PromQL alone; all else from filters.
  tiles = [for at, chart in local.charts : {
    xPos = (at % 3) * 16, yPos = floor(at / 3) * 16, width = 16, height = 16
    widget = {
      title = chart.title
      xyChart = { dataSets = [merge(
        { plotType = "LINE" },
        {
          timeSeriesQuery = {
            for kind, query in {
              prometheusQuery = chart.sum ? "sum(increase(${replace(regex("logging.googleapis.com/user/[a-z0-9_]+", chart.filter), "logging.googleapis.com/user/", "logging_googleapis_com:user_")}_sum[1h]))" : null
              timeSeriesFilter = chart.sum ? null : {
                filter = chart.filter
                aggregation = {
                  alignmentPeriod    = "300s"
                  perSeriesAligner   = chart.align
                  crossSeriesReducer = chart.reduce
                  groupByFields      = chart.group
                }
              }
            } : kind => query if query != null
          }
        },
      )] }
    }
  }]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project

  dashboard_json = jsonencode({
    displayName = "${var.prefix}-pipelines"
    labels      = { (var.labels["application"]) = "" }
    mosaicLayout = {
      columns = 48
      tiles = concat(local.tiles, [{
        xPos = 0, yPos = ceil(length(local.charts) / 3) * 16, width = 48, height = 8
        widget = {
          title = "What it costs"
          text = {
            format  = "MARKDOWN"
            content = "In the billing reports, everything here has the labels ${join(", ", [for key, value in var.labels : "`${key}=${value}`"])}; a run's cluster also has `run-id`. The budget is ${var.monthly_budget} a month."
          }
        }
      }])
    }
  })
}
