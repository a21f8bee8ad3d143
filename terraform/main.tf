locals {
  architectures = var.architecture == "both" ? ["1", "2"] : [var.architecture]
  # Events start the first; with both, the second has a schedule of its own.
  leading   = local.architectures[0]
  labels    = { application = "crime-pipelines", environment = var.environment }
  bucket    = { for part in ["landing", "lake", "reports", "code", "staging"] : part => "${var.project}-${var.prefix}-${part}" }
  dataset   = var.prefix
  answers   = "${var.prefix}_answers"
  staging   = "${var.prefix}_staging"
  published = "${var.prefix}_published"

  # The first deployment's topics are called as the command line's settings are by default.
  topic = { for what, name in {
    files        = "incident-files"
    finished     = "run-finished"
    answers      = "answers-ready"
    feed         = "incident-feed"
    dead_letters = "incident-feed-dead-letters"
    surges       = "surges"
    ticks        = "feed-ticks"
  } : what => var.prefix == "crime" ? name : "${var.prefix}-${name}" }

  # What crime_pipelines.cloud.settings reads: for the functions, and for whoever runs `crime-pipelines` by hand.
  environment = {
    GOOGLE_CLOUD_PROJECT       = var.project
    CRIME_REGION               = var.region
    CRIME_ARCHITECTURE         = local.leading
    CRIME_LANDING_BUCKET       = module.storage.buckets["landing"]
    CRIME_SOURCES              = join(",", var.sources)
    CRIME_LAKE_BUCKET          = module.storage.buckets["lake"]
    CRIME_REPORT_BUCKET        = module.storage.buckets["reports"]
    CRIME_CODE_BUCKET          = module.storage.buckets["code"]
    CRIME_STAGING_BUCKET       = module.storage.buckets["staging"]
    CRIME_DATASET              = local.dataset
    CRIME_ANSWERS_DATASET      = local.answers
    CRIME_STAGING_DATASET      = local.staging
    CRIME_PUBLISHED_DATASET    = local.published
    CRIME_FILES_TOPIC          = local.topic.files
    CRIME_FINISHED_TOPIC       = local.topic.finished
    CRIME_ANSWERS_TOPIC        = local.topic.answers
    CRIME_FEED_TOPIC           = local.topic.feed
    CRIME_FEED_SUBSCRIPTION    = "${local.topic.feed}-pipeline"
    CRIME_DEAD_LETTERS_TOPIC   = local.topic.dead_letters
    CRIME_SURGES_TOPIC         = local.topic.surges
    CRIME_FEED_URL             = var.feed_url
    CRIME_TEMPLATE             = module.dataproc.templates[local.leading]
    CRIME_SHIFT_YEARS          = tostring(var.shift_years)
    CRIME_LAYOUT               = var.layout
    CRIME_DATAPROC_ENDPOINT    = "${var.region}-dataproc.googleapis.com:443"
    CRIME_DATAPROC_ACCOUNT     = module.security.emails["job-${local.leading}"]
    CRIME_DATAPROC_SUBNETWORK  = module.network.subnetwork
    CRIME_DATAPROC_AUTOSCALING = module.dataproc.autoscaling
    CRIME_DATAPROC_SHAPE       = var.cluster_shape
    CRIME_KMS_KEY              = module.security.keys["compute"]
    CRIME_RETRY_SECONDS        = "120"
    CRIME_MAXIMUM_BYTES_BILLED = "1099511627776"
  }
}

module "apis" {
  source = "./modules/apis"

  project   = var.project
  streaming = var.streaming
  budget    = var.billing_account != null
  perimeter = var.access_policy != null
}

module "security" {
  source     = "./modules/security"
  depends_on = [module.apis]

  prefix              = var.prefix
  project             = var.project
  project_number      = var.project_number
  region              = var.region
  labels              = local.labels
  key_ring            = coalesce(var.key_ring, var.prefix)
  rotation            = var.key_rotation
  accounts            = local.accounts
  streaming           = var.streaming
  deletion_protection = var.deletion_protection
  audit_bucket        = module.storage.audit_bucket
  access_policy       = var.access_policy
}

module "network" {
  source     = "./modules/network"
  depends_on = [module.apis]

  prefix     = var.prefix
  project    = var.project
  region     = var.region
  range      = var.subnet_range
  restricted = var.access_policy != null
}

module "storage" {
  source = "./modules/storage"

  depends_on = [module.apis]

  prefix              = var.prefix
  project             = var.project
  region              = var.region
  labels              = local.labels
  kms_key             = module.security.keys["storage"]
  audit_kms_key       = module.security.keys["audit"]
  landing_days        = var.landing_days
  lake_days           = var.lake_days
  audit_days          = var.audit_days
  audit_locked        = var.audit_locked
  deletion_protection = var.deletion_protection
}

module "registry" {
  source = "./modules/registry"

  depends_on = [module.apis]

  prefix  = var.prefix
  project = var.project
  region  = var.region
  labels  = local.labels
  kms_key = module.security.keys["functions"]
}

module "bigquery" {
  source = "./modules/bigquery"

  depends_on = [module.apis]

  prefix              = var.prefix
  project             = var.project
  region              = var.region
  labels              = local.labels
  kms_key             = module.security.keys["bigquery"]
  dataset             = local.dataset
  answers_dataset     = local.answers
  staging_dataset     = local.staging
  published_dataset   = local.published
  code_bucket         = module.storage.buckets["code"]
  deletion_protection = var.deletion_protection
  load_again          = var.load_again
  layout              = var.layout
  masked_readers      = setsubtract(var.investigators, var.fine_grained_readers)
  clear_readers       = setunion(var.fine_grained_readers, [for account in local.warehouse_accounts : "serviceAccount:${module.security.emails[account]}"])
}

module "pubsub" {
  source = "./modules/pubsub"

  depends_on = [module.apis]

  prefix    = var.prefix
  project   = var.project
  region    = var.region
  labels    = local.labels
  kms_key   = module.security.keys["pubsub"]
  names     = local.topic
  streaming = var.streaming
  agent     = module.security.agents.pubsub
}

module "dataproc" {
  source = "./modules/dataproc"

  depends_on = [module.apis]

  prefix          = var.prefix
  project         = var.project
  region          = var.region
  accounts        = { for architecture in local.architectures : architecture => module.security.emails["job-${architecture}"] }
  subnetwork      = module.network.subnetwork
  kms_key         = module.security.keys["compute"]
  package_version = var.package_version
  max_workers     = var.max_workers
  shape           = var.cluster_shape

  names = {
    code_bucket     = module.storage.buckets["code"]
    lake_bucket     = module.storage.buckets["lake"]
    staging_bucket  = module.storage.buckets["staging"]
    dataset         = local.dataset
    answers_dataset = local.answers
    finished_topic  = local.topic.finished
    answers_topic   = local.topic.answers
  }
}

module "functions" {
  source = "./modules/functions"

  prefix             = var.prefix
  project            = var.project
  region             = var.region
  labels             = local.labels
  kms_key            = module.security.keys["functions"]
  environment        = local.environment
  archive            = var.functions_archive
  code_bucket        = module.storage.buckets["code"]
  repository         = module.registry.repository
  build_account      = module.security.account_names["build"]
  push_account       = module.security.emails["push"]
  pubsub_agent       = module.security.agents.pubsub
  topics             = module.pubsub.topics
  dead_letter_topics = module.pubsub.dead_letter_topics

  functions = merge(
    {
      start-processing = {
        description = "An incident file landed, or the scheduler ticks: start a run on Dataproc, once."
        entry_point = "start_processing"
        account     = module.security.emails["start"]
        topic       = local.topic.files
      }
      start-processing-http = {
        description = "Someone asks for a run: start it on Dataproc."
        entry_point = "start_processing_http"
        account     = module.security.emails["start-http"]
        ingress     = var.http_ingress
        invokers    = var.operators
      }
      render-charts = {
        description = "Answers are fresh: write the report and its charts."
        entry_point = "render_charts"
        account     = module.security.emails["charts"]
        topic       = local.topic.answers
        memory      = "2Gi"
        instances   = 1 # two at once would write the same latest report
      }
    },
    contains(local.architectures, "1") ? {
      load-tables = {
        description = "A run is finished: load it into BigQuery, reconcile, make the answers anew."
        entry_point = "load_tables"
        account     = module.security.emails["load"]
        topic       = local.topic.finished
        memory      = "1Gi"
        instances   = 1 # BigQuery does one MERGE into a table after another anyway
      }
    } : {},
    var.streaming ? {
      poll-feed = {
        description = "The feed's schedule ticks: publish what the City's API has that is new."
        entry_point = "poll_feed"
        account     = module.security.emails["feed"]
        topic       = local.topic.ticks
        memory      = "1Gi"
        instances   = 1 # one watermark
        secrets     = var.feed_token ? { SOCRATA_APP_TOKEN = module.security.feed_token } : {}
      }
    } : {},
    var.streaming ? {
      watch-surges = {
        description = "Answers are fresh: publish the surges that are new."
        entry_point = "watch_surges"
        account     = module.security.emails["surges"]
        topic       = local.topic.answers
        memory      = "1Gi"
        instances   = 1 # one note of what was published
      }
    } : {},
  )

  depends_on = [google_secret_manager_secret_iam_member.feed, google_project_iam_member.this, google_project_iam_member.build, google_storage_bucket_iam_member.this]
}

# Cloud Storage tells of every file that lands.
resource "google_storage_notification" "landed" {
  bucket         = module.storage.buckets["landing"]
  topic          = module.pubsub.topics[local.topic.files]
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]

  depends_on = [google_pubsub_topic_iam_member.this]
}

module "scheduler" {
  source = "./modules/scheduler"

  depends_on = [module.apis]

  prefix    = var.prefix
  project   = var.project
  region    = var.region
  account   = module.security.emails["scheduler"]
  topic     = module.pubsub.topics[local.topic.files]
  schedule  = var.schedule
  time_zone = var.time_zone

  feed = var.streaming ? { topic = module.pubsub.topics[local.topic.ticks], schedule = var.feed_schedule } : null

  templates = {
    for architecture in slice(local.architectures, 1, length(local.architectures)) : "architecture-${architecture}" => {
      template = module.dataproc.templates[architecture]
      schedule = var.second_schedule
      parameters = {
        INPUT       = "gs://${module.storage.buckets["landing"]}/"
        RUN_ID      = "scheduled-architecture-${architecture}"
        SHIFT_YEARS = tostring(var.shift_years)
        AS_OF       = "latest"
        LAYOUT      = var.layout
      }
    }
  }
}

module "dataflow" {
  source = "./modules/dataflow"
  count  = var.streaming ? 1 : 0

  prefix         = var.prefix
  project        = var.project
  region         = var.region
  labels         = local.labels
  image          = "${module.registry.host}/${var.stream_image}"
  account        = module.security.emails["stream"]
  subnetwork     = module.network.subnetwork
  kms_key        = module.security.keys["compute"]
  code_bucket    = module.storage.buckets["code"]
  staging_bucket = module.storage.buckets["staging"]
  subscription   = module.pubsub.pipeline_subscription
  dataset        = module.bigquery.dataset
  shift_years    = var.shift_years
  layout         = var.layout

  # A drain needs the workers' grants to the end.
  depends_on = [google_project_iam_member.this, google_storage_bucket_iam_member.this, google_pubsub_topic_iam_member.this]
}

module "monitoring" {
  source     = "./modules/monitoring"
  depends_on = [module.apis]

  prefix                    = var.prefix
  project                   = var.project
  project_number            = var.project_number
  labels                    = local.labels
  notification_emails       = var.notification_emails
  subscriptions             = concat(module.functions.subscriptions, var.streaming ? ["${local.topic.feed}-pipeline"] : [])
  dead_letter_subscriptions = module.pubsub.dead_letter_subscriptions
  dataset                   = local.dataset
  streaming                 = var.streaming
  fresh_hours               = var.fresh_hours
  reject_share              = var.reject_share
  backlog_minutes           = var.backlog_minutes
  billing_account           = var.billing_account
  monthly_budget            = var.monthly_budget
}
