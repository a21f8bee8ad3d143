# Who may do what: the whole of it. Accounts and custom roles are made in modules/security.

locals {
  accounts = merge(
    {
      build      = "builds the functions' images"
      charts     = "the function render_charts"
      push       = "in whose name Pub/Sub calls functions"
      scheduler  = "in whose name the scheduler ticks"
      start      = "the function start_processing"
      start-http = "the function start_processing_http"
    },
    contains(local.architectures, "1") ? {
      job-1 = "jobs of architecture 1"
      load  = "the function load_tables"
    } : {},
    contains(local.architectures, "2") ? { job-2 = "jobs of architecture 2" } : {},
    var.streaming ? {
      feed   = "the function poll_feed, which publishes new incidents"
      stream = "workers of the streaming pipeline"
      surges = "the function watch_surges, which publishes surges"
    } : {},
  )
  jobs = [for architecture in local.architectures : "job-${architecture}"]
  # Those that read incidents as they are; the stream adds to them and reads none.
  warehouse_accounts = [for account in ["charts", "load", "job-2", "surges"] : account if contains(keys(local.accounts), account)]

  has = { for account in keys(local.accounts) : account => "serviceAccount:${module.security.emails[account]}" }

  starter      = module.security.roles["run_starter"]
  batch        = module.security.roles["batch_starter"]
  operator     = module.security.roles["run_operator"]
  cluster_node = module.security.roles["cluster_node"]
  row_appender = module.security.roles["row_appender"]
  row_writer   = module.security.roles["row_writer"]

  # On the project: what can't be granted on anything smaller.
  project_roles = merge(
    {
      build      = ["roles/logging.logWriter"]
      charts     = ["roles/bigquery.jobUser", "roles/logging.logWriter"]
      push       = []
      scheduler  = length(local.architectures) > 1 ? [local.starter] : []
      start      = [local.starter, "roles/logging.logWriter"]
      start-http = [local.starter, "roles/logging.logWriter"]
      load       = ["roles/bigquery.jobUser", "roles/logging.logWriter"]
      job-1      = [local.cluster_node]
      job-2      = [local.cluster_node, "roles/bigquery.jobUser"]
      feed       = ["roles/logging.logWriter"]
      stream     = ["roles/dataflow.worker"]
      surges     = ["roles/bigquery.jobUser", "roles/logging.logWriter"]
    },
  )
  people_roles = {
    operators     = { members = var.operators, roles = [local.starter, local.operator] }
    batch         = { members = var.batch_starters, roles = [local.batch] }
    analysts      = { members = var.analysts, roles = ["roles/bigquery.jobUser"] }
    investigators = { members = var.investigators, roles = ["roles/bigquery.jobUser"] }
    publish       = { members = var.publish_readers, roles = ["roles/bigquery.jobUser"] }
  }
  project_grants = merge(
    merge([for account, roles in local.project_roles : {
      for role in roles : "${account}/${role}" => { member = local.has[account], role = role }
    } if contains(keys(local.accounts), account)]...),
    merge([for group in values(local.people_roles) : merge([for member in group.members : {
      for role in group.roles : "${member}/${role}" => { member = member, role = role }
    }]...)]...),
  )

  # Runs' folders in the lake hold every incident as it is: who starts runs has folders apart, of the markers by which
  # a run starts once, and of what has landed. Buckets themselves are for listing names.
  in_bucket   = "resource.type == \"storage.googleapis.com/Bucket\""
  in_lake     = { for folder in ["arrivals", "feed", "markers", "surges"] : folder => "resource.name.startsWith(\"projects/_/buckets/${local.bucket.lake}/objects/${folder}/\")" }
  in_feed     = "${local.in_bucket} || ${local.in_lake.feed}"
  in_surges   = "${local.in_bucket} || ${local.in_lake.surges}"
  in_marks    = "${local.in_bucket} || ${local.in_lake.markers}"
  in_arrivals = "${local.in_bucket} || ${local.in_lake.markers} || ${local.in_lake.arrivals}"
  in_lists    = "${local.in_bucket} || ${local.in_lake.arrivals}"

  # bucket, who, role, and under which condition
  bucket_grants = merge(
    {
      "start reads landing"       = { bucket = "landing", account = "start", role = "roles/storage.objectViewer", when = null }
      "start marks runs"          = { bucket = "lake", account = "start", role = "roles/storage.objectUser", when = local.in_arrivals }
      "feed keeps its watermark"  = { bucket = "lake", account = "feed", role = "roles/storage.objectUser", when = local.in_feed }
      "surges note what is told"  = { bucket = "lake", account = "surges", role = "roles/storage.objectUser", when = local.in_surges }
      "start-http marks runs"     = { bucket = "lake", account = "start-http", role = "roles/storage.objectUser", when = local.in_marks }
      "load reads runs"           = { bucket = "lake", account = "load", role = "roles/storage.objectViewer", when = null }
      "charts write reports"      = { bucket = "reports", account = "charts", role = "roles/storage.objectUser", when = null }
      "build reads source"        = { bucket = "code", account = "build", role = "roles/storage.objectViewer", when = null }
      "job-1 writes runs"         = { bucket = "lake", account = "job-1", role = "roles/storage.objectUser", when = null }
      "job-2 reads lists"         = { bucket = "lake", account = "job-2", role = "roles/storage.objectViewer", when = local.in_lists }
      "stream keeps its state"    = { bucket = "staging", account = "stream", role = "roles/storage.objectUser", when = null }
      "stream reads its template" = { bucket = "code", account = "stream", role = "roles/storage.objectViewer", when = null }
    },
    startswith(var.layout, "gs://") ? {
      "feed reads its layout" = { bucket = "code", account = "feed", role = "roles/storage.objectViewer", when = null }
    } : {},
    merge([for job in ["job-1", "job-2"] : {
      "${job} reads landing" = { bucket = "landing", account = job, role = "roles/storage.objectViewer", when = null }
      "${job} reads code"    = { bucket = "code", account = job, role = "roles/storage.objectViewer", when = null }
      "${job} stages"        = { bucket = "staging", account = job, role = "roles/storage.objectUser", when = null }
    }]...),
  )
  people_buckets = merge(
    { for member in var.analysts : "${member} reads reports" => { bucket = "reports", member = member, role = "roles/storage.objectViewer", when = null } },
    { for member in var.operators : "${member} marks runs" => { bucket = "lake", member = member, role = "roles/storage.objectUser", when = local.in_marks } },
  )

  # dataset, who, role
  dataset_grants = {
    "charts read incidents"   = { dataset = "warehouse", account = "charts", role = "roles/bigquery.dataViewer" }
    "charts read answers"     = { dataset = "answers", account = "charts", role = "roles/bigquery.dataViewer" }
    "surges read incidents"   = { dataset = "warehouse", account = "surges", role = "roles/bigquery.dataViewer" }
    "load stages"             = { dataset = "staging", account = "load", role = "roles/bigquery.dataEditor" }
    "job-2 stages analyses"   = { dataset = "staging", account = "job-2", role = "roles/bigquery.dataEditor" }
    "load writes incidents"   = { dataset = "warehouse", account = "load", role = local.row_writer }
    "load writes answers"     = { dataset = "answers", account = "load", role = local.row_writer }
    "job-2 writes incidents"  = { dataset = "warehouse", account = "job-2", role = local.row_writer }
    "job-2 writes answers"    = { dataset = "answers", account = "job-2", role = local.row_writer }
    "stream writes incidents" = { dataset = "warehouse", account = "stream", role = local.row_appender }
  }
  people_datasets = merge(
    { for member in var.analysts : "${member}/answers" => { dataset = "answers", member = member } },
    { for member in var.investigators : "${member}/warehouse" => { dataset = "warehouse", member = member } },
    { for member in var.publish_readers : "${member}/published" => { dataset = "published", member = member } },
  )
  datasets = {
    warehouse = module.bigquery.dataset
    answers   = module.bigquery.answers_dataset
    staging   = module.bigquery.staging_dataset
    published = module.bigquery.published_dataset
  }

  # topic, who
  publishers = merge(
    {
      "Cloud Storage tells of landed files" = { topic = local.topic.files, member = "serviceAccount:${module.security.agents.storage}" }
      "the scheduler ticks"                 = { topic = local.topic.files, member = local.has["scheduler"] }
    },
    contains(local.architectures, "1") ? {
      "job-1 is finished"      = { topic = local.topic.finished, member = local.has["job-1"] }
      "load has fresh answers" = { topic = local.topic.answers, member = local.has["load"] }
    } : {},
    contains(local.architectures, "2") ? {
      "job-2 has fresh answers" = { topic = local.topic.answers, member = local.has["job-2"] }
    } : {},
    var.streaming ? {
      "the scheduler ticks for the feed" = { topic = local.topic.ticks, member = local.has["scheduler"] }
      "the feed gives up on a row"       = { topic = local.topic.dead_letters, member = local.has["feed"] }
      "the feed publishes incidents"     = { topic = local.topic.feed, member = local.has["feed"] }
      "the stream gives up on a message" = { topic = local.topic.dead_letters, member = local.has["stream"] }
      "surges are published"             = { topic = local.topic.surges, member = local.has["surges"] }
    } : {},
  )
}

resource "google_project_iam_member" "this" {
  for_each = local.project_grants

  project = var.project
  role    = each.value.role
  member  = each.value.member
}

# Cloud Build reads the source from a bucket that Cloud Run functions make at the first deployment.
resource "google_project_iam_member" "build" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = local.has["build"]

  condition {
    title      = "only-functions-source"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${var.project_number}-${var.region}\")"
  }
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = { for what, grant in local.bucket_grants : what => grant if contains(keys(local.accounts), grant.account) }

  bucket = module.storage.buckets[each.value.bucket]
  role   = each.value.role
  member = local.has[each.value.account]

  dynamic "condition" {
    for_each = each.value.when == null ? [] : [each.value.when]
    content {
      title      = "only-its-folder"
      expression = condition.value
    }
  }
}

resource "google_storage_bucket_iam_member" "people" {
  for_each = local.people_buckets

  bucket = module.storage.buckets[each.value.bucket]
  role   = each.value.role
  member = each.value.member

  dynamic "condition" {
    for_each = each.value.when == null ? [] : [each.value.when]
    content {
      title      = "only-its-folder"
      expression = condition.value
    }
  }
}

resource "google_bigquery_dataset_iam_member" "this" {
  for_each = { for what, grant in local.dataset_grants : what => grant if contains(keys(local.accounts), grant.account) }

  project    = var.project
  dataset_id = local.datasets[each.value.dataset]
  role       = each.value.role
  member     = local.has[each.value.account]
}

resource "google_bigquery_dataset_iam_member" "people" {
  for_each = local.people_datasets

  project    = var.project
  dataset_id = local.datasets[each.value.dataset]
  role       = "roles/bigquery.dataViewer"
  member     = each.value.member
}

resource "google_pubsub_topic_iam_member" "this" {
  for_each = local.publishers

  project = var.project
  topic   = each.value.topic
  role    = "roles/pubsub.publisher"
  member  = each.value.member

  depends_on = [module.pubsub]
}

resource "google_pubsub_subscription_iam_member" "stream" {
  for_each = var.streaming ? toset(["roles/pubsub.subscriber", "roles/pubsub.viewer"]) : toset([])

  project      = var.project
  subscription = module.pubsub.pipeline_subscription
  role         = each.value
  member       = local.has["stream"]
}

resource "google_artifact_registry_repository_iam_member" "this" {
  for_each = merge(
    { build = "roles/artifactregistry.writer" },
    var.streaming ? { stream = "roles/artifactregistry.reader" } : {},
  )

  project    = var.project
  location   = var.region
  repository = module.registry.repository_id
  role       = each.value
  member     = local.has[each.key]
}

resource "google_secret_manager_secret_iam_member" "feed" {
  count = var.streaming ? 1 : 0

  project   = var.project
  secret_id = module.security.feed_token
  role      = "roles/secretmanager.secretAccessor"
  member    = local.has["feed"]
}

# Who starts a run starts machines in the name of the job's account.
resource "google_service_account_iam_member" "starters" {
  for_each = merge([for job in local.jobs : merge(
    { for starter in ["start", "start-http"] : "${starter} as ${job}" => { job = job, member = local.has[starter] } },
    { for member in setunion(var.operators, var.batch_starters) : "${member} as ${job}" => { job = job, member = member } },
    length(local.architectures) > 1 && job != "job-${local.leading}" ? {
      "scheduler as ${job}" = { job = job, member = local.has["scheduler"] }
    } : {},
  )]...)

  service_account_id = module.security.account_names[each.value.job]
  role               = "roles/iam.serviceAccountUser"
  member             = each.value.member
}

resource "google_storage_bucket_iam_member" "audit" {
  bucket = module.storage.audit_bucket
  role   = "roles/storage.objectCreator"
  member = module.security.audit_writer
}
