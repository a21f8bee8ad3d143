# Values that can't be right are refused before anything is planned.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project           = "a-project"
  project_number    = "123456789012"
  functions_archive = "tests/mocks/google.tfmock.hcl"
}

run "wrong" {
  command = plan

  variables {
    prefix               = "crime-2"
    region               = "us-central1-a"
    environment          = "Prod"
    architecture         = "3"
    shift_years          = 2.5
    layout               = "Chicago"
    sources              = ["gs://bucket::file:///etc"]
    stream_image         = "crime-stream"
    schedule             = "every day"
    second_schedule      = "15 9 * *"
    feed_schedule        = "*/15 * * * * *"
    feed_url             = "http://data.example.org/x.json"
    time_zone            = "Chicago time"
    operators            = ["someone@example.org"]
    analysts             = ["allUsers"]
    investigators        = ["group:"]
    fine_grained_readers = ["allAuthenticatedUsers"]
    publish_readers      = ["press"]
    key_ring             = "a ring"
    key_rotation         = "90d"
    landing_days         = 0
    lake_days            = 0
    audit_days           = 30
    access_policy        = "accessPolicies/42"
    subnet_range         = "10.20.0.0"
    http_ingress         = "ALL"
    notification_emails  = ["duty"]
    fresh_hours          = 48
    reject_share         = 5
    billing_account      = "AAAAAA"
    max_workers          = { primary = 1 }
    cluster_shape        = "large"
    backlog_minutes      = 0
    monthly_budget       = 0
    package_version      = "latest"
  }

  expect_failures = [
    var.region, var.environment, var.architecture, var.shift_years, var.layout, var.sources, var.stream_image, var.schedule,
    var.second_schedule, var.feed_schedule, var.feed_url, var.time_zone, var.operators, var.analysts, var.investigators,
    var.fine_grained_readers, var.publish_readers, var.key_ring, var.key_rotation, var.landing_days,
    var.lake_days, var.audit_days, var.access_policy, var.subnet_range, var.http_ingress, var.notification_emails,
    var.fresh_hours, var.reject_share, var.billing_account, var.max_workers, var.prefix,
    var.cluster_shape, var.backlog_minutes, var.monthly_budget, var.package_version,
  ]
}

run "unusual_but_right" {
  command = plan

  variables {
    region              = "northamerica-northeast2"
    schedule            = "0 0 1 JAN MON-FRI"
    second_schedule     = "@daily"
    feed_schedule       = "1,31 */2 * * 1-5"
    time_zone           = "America/Argentina/Buenos_Aires"
    operators           = ["principalSet://iam.googleapis.com/locations/global/workforcePools/pool/*"]
    sources             = ["gs://bucket", "gs://a-bucket.example.org/exports/2026"]
    stream_image        = "crime-stream@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    notification_emails = ["duty+crime@police.example.org"]
    shift_years         = -3
    layout              = "gs://a-project-crime-code/layouts/mine-2.toml"
  }
}
