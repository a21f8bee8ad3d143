# What each module must hold, whatever it is given.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project             = "a-project"
  project_number      = "123456789012"
  region              = "us-central1"
  labels              = { application = "crime-pipelines", environment = "test" }
  kms_key             = "projects/a-project/locations/us-central1/keyRings/crime/cryptoKeys/a"
  audit_kms_key       = "projects/a-project/locations/us-central1/keyRings/crime/cryptoKeys/audit"
  deletion_protection = true
}

run "buckets" {
  command = plan

  module {
    source = "./modules/storage"
  }

  variables {
    landing_days = 90
    lake_days    = 365
    audit_days   = 365
    audit_locked = true
  }

  assert {
    condition = alltrue([for bucket in concat(values(google_storage_bucket.this), [google_storage_bucket.audit]) :
      bucket.public_access_prevention == "enforced" && bucket.uniform_bucket_level_access
    ])
    error_message = "A bucket can be made public."
  }

  assert {
    condition = alltrue([for bucket in values(google_storage_bucket.this) :
      bucket.encryption[0].default_kms_key_name == var.kms_key && !bucket.force_destroy && bucket.deletion_policy == "PREVENT"
    ])
    error_message = "A bucket is not encrypted with our key, or can be destroyed with what it holds."
  }

  assert {
    condition     = google_storage_bucket.audit.encryption[0].default_kms_key_name == var.audit_kms_key && google_storage_bucket.audit.deletion_policy == "ABANDON"
    error_message = "Audit logs have a key of their own, and outlive the rest."
  }

  assert {
    condition     = google_storage_bucket.audit.retention_policy[0].is_locked && google_storage_bucket.audit.retention_policy[0].retention_period == "31536000"
    error_message = "Audit logs are kept for a year."
  }

  assert {
    condition     = anytrue([for rule in google_storage_bucket.this["lake"].lifecycle_rule : anytrue([for when in rule.condition : when.age == var.lake_days])])
    error_message = "Runs leave the lake after a while."
  }
}

run "warehouse" {
  command = plan

  module {
    source = "./modules/bigquery"
  }

  variables {
    dataset           = "crime"
    answers_dataset   = "crime_answers"
    published_dataset = "crime_published"
    code_bucket       = "a-project-crime-code"
    layout            = "new_york"
    masked_readers    = ["group:investigators@example.org"]
    clear_readers     = ["group:detectives@example.org"]
  }

  assert {
    condition = alltrue([for table in values(google_bigquery_table.this) :
      table.encryption_configuration[0].kms_key_name == var.kms_key && table.deletion_protection
    ])
    error_message = "A table is not encrypted with our key, or can be destroyed."
  }

  assert {
    condition = alltrue([for dataset in values(google_bigquery_dataset.this) :
      dataset.default_encryption_configuration[0].kms_key_name == var.kms_key && !dataset.delete_contents_on_destroy &&
      [for access in dataset.access : access.special_group] == ["projectOwners"]
    ])
    error_message = "A dataset is not encrypted with our key, or lets readers of the whole project in."
  }

  assert {
    condition = toset([for column in jsondecode(google_bigquery_table.this["crime.incident_versions"].schema) : column.name if contains(keys(column), "policyTags")]) == toset([
      "block", "latitude", "longitude", "x_coordinate", "y_coordinate",
    ])
    error_message = "Block and coordinates are masked, and nothing else of an incident."
  }

  assert {
    condition     = contains([for column in jsondecode(google_bigquery_table.this["crime.rejects"].schema) : column.name if contains(keys(column), "policyTags")], "raw_row")
    error_message = "A raw row holds a block and coordinates."
  }

  assert {
    condition     = alltrue([for mask in values(google_bigquery_datapolicy_data_policy.mask) : mask.data_masking_policy[0].predefined_expression == "ALWAYS_NULL"])
    error_message = "Masked is nothing at all."
  }

  assert {
    condition     = google_bigquery_table.this["crime.incidents"].time_partitioning[0].field == "occurred_at" && google_bigquery_table.this["crime.incidents"].time_partitioning[0].type == "MONTH"
    error_message = "Incidents are partitioned by month."
  }

  assert {
    condition = alltrue([for name in ["crime.incident_versions", "crime.rejects"] :
      google_bigquery_table.this[name].time_partitioning[0].type == "DAY" && google_bigquery_table.this[name].time_partitioning[0].field == "loaded_at" && google_bigquery_table.this[name].time_partitioning[0].expiration_ms > 0 && google_bigquery_table.this[name].require_partition_filter
    ])
    error_message = "History is partitioned by the day of loading, expires, and is not read without a filter."
  }

  assert {
    condition = alltrue([for name, view in google_bigquery_table.published :
      strcontains(view.view[0].query, "FROM `a-project`.`crime_answers`.`published_${name}`")
    ]) && keys(google_bigquery_table.published) == keys(google_bigquery_dataset_access.published)
    error_message = "A published view reads something else than what was made for publishing, or is let into it in vain."
  }
}

run "keys_and_records" {
  command = plan

  module {
    source = "./modules/security"
  }

  variables {
    key_ring      = "crime"
    rotation      = "7776000s"
    accounts      = { job-1 = "jobs" }
    streaming     = true
    audit_bucket  = "a-project-crime-audit"
    access_policy = "42"
  }

  assert {
    condition = alltrue([for key in values(google_kms_crypto_key.this) :
      key.rotation_period == "7776000s" && key.version_template[0].protection_level == "HSM" && contains(["PREVENT", "ABANDON"], key.deletion_policy)
    ])
    error_message = "Keys rotate, are kept in hardware, and can't be destroyed by mistake."
  }

  assert {
    condition     = google_kms_crypto_key_iam_member.agents["pubsub/pubsub"].member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    error_message = "Pub/Sub's agent must be able to encrypt."
  }

  assert {
    condition     = alltrue([for config in values(google_project_iam_audit_config.data) : toset(config.audit_log_config[*].log_type) == toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])])
    error_message = "Who reads or writes leaves a record."
  }

  assert {
    condition     = contains(keys(google_project_iam_audit_config.data), "storage.googleapis.com") && contains(keys(google_project_iam_audit_config.data), "bigquery.googleapis.com")
    error_message = "Reads of buckets and tables are recorded."
  }

  assert {
    condition     = google_secret_manager_secret.feed_token[0].replication[0].user_managed[0].replicas[0].customer_managed_encryption[0].kms_key_name == google_kms_crypto_key.this["secrets"].id
    error_message = "The token is encrypted with our key."
  }

  assert {
    condition     = google_access_context_manager_service_perimeter.dry_run[0].use_explicit_dry_run_spec && length(google_access_context_manager_service_perimeter.dry_run[0].status) == 0
    error_message = "The perimeter is a dry run."
  }

  assert {
    condition = alltrue(flatten([for role in [google_project_iam_custom_role.run_starter, google_project_iam_custom_role.run_operator, google_project_iam_custom_role.cluster_node] :
      [for permission in role.permissions : !strcontains(permission, "*") && !endswith(permission, "setIamPolicy") && !startswith(permission, "storage.objects")]
    ]))
    error_message = "A custom role says each permission, gives none away, and opens no bucket of the whole project."
  }
}

run "messages" {
  command = plan

  module {
    source = "./modules/pubsub"
  }

  variables {
    streaming = true
    agent     = "service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    names     = { files = "incident-files", finished = "run-finished", answers = "answers-ready", feed = "incident-feed", dead_letters = "incident-feed-dead-letters", surges = "surges", ticks = "feed-ticks" }
  }

  assert {
    condition = alltrue([for topic in concat(values(google_pubsub_topic.event), values(google_pubsub_topic.dead), values(google_pubsub_topic.feed)) :
      topic.kms_key_name == var.kms_key && topic.message_storage_policy[0].allowed_persistence_regions == toset([var.region])
    ])
    error_message = "A topic is not encrypted with our key, or keeps messages elsewhere."
  }

  assert {
    condition = alltrue([for name, topic in google_pubsub_topic.dead :
      google_pubsub_topic_iam_member.dead[name].role == "roles/pubsub.publisher" && google_pubsub_topic_iam_member.dead[name].member == "serviceAccount:${var.agent}"
    ])
    error_message = "Pub/Sub's agent can't dead-letter."
  }

  assert {
    condition     = length(google_pubsub_subscription.pipeline[0].dead_letter_policy) == 0 && length(google_pubsub_subscription.pipeline[0].retry_policy) == 0
    error_message = "Dead letters and a retry policy don't work under Dataflow."
  }

  assert {
    condition     = alltrue([for each in concat(values(google_pubsub_subscription.dead), values(google_pubsub_subscription.kept), google_pubsub_subscription.pipeline) : each.expiration_policy[0].ttl == ""])
    error_message = "A subscription that nothing happens on must not go away."
  }
}

run "clusters" {
  command = plan

  module {
    source = "./modules/dataproc"
  }

  variables {
    accounts        = { "1" = "crime-job-1@a-project.iam.gserviceaccount.com", "2" = "crime-job-2@a-project.iam.gserviceaccount.com" }
    subnetwork      = "projects/a-project/regions/us-central1/subnetworks/crime-workers"
    package_version = "9.9.9"
    max_workers     = { primary = 10, secondary = 20 }
    names           = { code_bucket = "code", lake_bucket = "lake", staging_bucket = "staging", dataset = "crime", answers_dataset = "crime_answers", finished_topic = "run-finished", answers_topic = "answers-ready" }
  }

  assert {
    condition = alltrue([for template in values(google_dataproc_workflow_template.this) :
      length(template.placement[0].managed_cluster) == 1 && length(template.placement[0].cluster_selector) == 0
    ])
    error_message = "The cluster is made for the run and goes with it."
  }

  assert {
    condition = alltrue([for template in values(google_dataproc_workflow_template.this) : alltrue([
      template.dag_timeout != null,
      template.placement[0].managed_cluster[0].config[0].lifecycle_config[0].idle_delete_ttl != null,
      template.placement[0].managed_cluster[0].config[0].lifecycle_config[0].auto_delete_ttl != null,
    ])])
    error_message = "A workflow that hangs ends, and so does a cluster that is left over."
  }

  assert {
    condition = alltrue([for template in values(google_dataproc_workflow_template.this) : alltrue([
      template.placement[0].managed_cluster[0].config[0].gce_cluster_config[0].internal_ip_only,
      template.placement[0].managed_cluster[0].config[0].gce_cluster_config[0].subnetwork == var.subnetwork,
      template.placement[0].managed_cluster[0].config[0].gce_cluster_config[0].shielded_instance_config[0].enable_secure_boot,
      template.placement[0].managed_cluster[0].config[0].encryption_config[0].gce_pd_kms_key_name == var.kms_key,
      template.encryption_config[0].kms_key == var.kms_key,
      template.placement[0].managed_cluster[0].config[0].staging_bucket == "staging",
    ])])
    error_message = "Clusters have internal addresses, shielded machines, our key and our bucket."
  }

  assert {
    condition     = google_dataproc_workflow_template.this["1"].placement[0].managed_cluster[0].config[0].gce_cluster_config[0].service_account == var.accounts["1"] && google_dataproc_workflow_template.this["2"].placement[0].managed_cluster[0].config[0].gce_cluster_config[0].service_account == var.accounts["2"]
    error_message = "Each architecture's jobs have their own account."
  }

  assert {
    condition     = alltrue([for template in values(google_dataproc_workflow_template.this) : strcontains(template.jobs[0].pyspark_job[0].python_file_uris[0], "-9.9.9-")])
    error_message = "The jobs run the version that was asked for."
  }
}

run "functions" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    archive            = "tests/mocks/google.tfmock.hcl"
    code_bucket        = "code"
    environment        = { CRIME_REGION = "us-central1" }
    repository         = "projects/a-project/locations/us-central1/repositories/crime-pipelines"
    build_account      = "projects/a-project/serviceAccounts/crime-build@a-project.iam.gserviceaccount.com"
    push_account       = "crime-push@a-project.iam.gserviceaccount.com"
    pubsub_agent       = "service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    topics             = { t = "projects/a-project/topics/t" }
    dead_letter_topics = { t = "projects/a-project/topics/t-dead-letters" }
    functions = {
      pushed = { description = "d", entry_point = "start_processing", account = "a@x", topic = "t" }
      called = { description = "d", entry_point = "start_processing_http", account = "b@x", invokers = ["group:operators@example.org"] }
    }
  }

  assert {
    condition     = alltrue([for function in values(google_cloudfunctions2_function.this) : function.kms_key_name == var.kms_key && function.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"])
    error_message = "A function is not encrypted with our key, or is reached from outside."
  }

  assert {
    condition = alltrue([
      google_pubsub_subscription.push["pushed"].push_config[0].oidc_token[0].service_account_email == var.push_account,
      google_pubsub_subscription.push["pushed"].push_config[0].oidc_token[0].audience == google_pubsub_subscription.push["pushed"].push_config[0].push_endpoint,
      google_pubsub_subscription.push["pushed"].dead_letter_policy[0].dead_letter_topic == "projects/a-project/topics/t-dead-letters",
      google_pubsub_subscription.push["pushed"].ack_deadline_seconds == 600,
    ])
    error_message = "A message comes in a named account's name, and ends in the dead letters."
  }

  assert {
    condition     = google_pubsub_subscription_iam_member.agent["pushed"].role == "roles/pubsub.subscriber" && google_pubsub_subscription_iam_member.agent["pushed"].member == "serviceAccount:${var.pubsub_agent}"
    error_message = "Pub/Sub's agent can't take messages to the dead letters."
  }

  assert {
    condition     = google_service_account_iam_member.push.role == "roles/iam.serviceAccountTokenCreator" && google_service_account_iam_member.push.member == "serviceAccount:${var.pubsub_agent}"
    error_message = "Pub/Sub's agent can't sign in as the account that pushes."
  }

  assert {
    condition = toset([for each in google_cloud_run_v2_service_iam_member.invoker : "${each.name} ${each.member}"]) == toset([
      "crime-pushed serviceAccount:${var.push_account}", "crime-called group:operators@example.org",
    ])
    error_message = "Only those named call a function."
  }
}

run "schedule" {
  command = plan

  module {
    source = "./modules/scheduler"
  }

  variables {
    account   = "crime-scheduler@a-project.iam.gserviceaccount.com"
    topic     = "projects/a-project/topics/incident-files"
    schedule  = "15 6 * * *"
    time_zone = "America/Chicago"
    feed      = { topic = "projects/a-project/topics/feed-ticks", schedule = "*/15 * * * *" }
    templates = { second = { template = "crime-architecture-2", schedule = "15 9 * * 0", parameters = { INPUT = "gs://x/" } } }
  }

  assert {
    condition = alltrue([for job in concat([google_cloud_scheduler_job.tick], google_cloud_scheduler_job.feed, values(google_cloud_scheduler_job.template)) :
      job.http_target[0].oauth_token[0].service_account_email == var.account && length(job.http_target[0].oidc_token) == 0
    ])
    error_message = "Google's APIs take OAuth tokens, and no identity tokens."
  }

  assert {
    condition     = jsondecode(base64decode(jsondecode(base64decode(google_cloud_scheduler_job.tick.http_target[0].body)).messages[0].data)) == { scheduled = true }
    error_message = "A tick says that it is one."
  }

  assert {
    condition     = endswith(google_cloud_scheduler_job.template["second"].http_target[0].uri, "/workflowTemplates/crime-architecture-2:instantiate") && google_cloud_scheduler_job.template["second"].retry_config[0].retry_count == 0
    error_message = "A template is instantiated, and not twice."
  }
}

run "network" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    range      = "10.20.0.0/20"
    restricted = true
  }

  assert {
    condition     = google_compute_subnetwork.workers.private_ip_google_access && length(google_compute_subnetwork.workers.log_config) == 1
    error_message = "Machines without an address of their own reach Google's APIs, and what passes is logged."
  }

  assert {
    condition     = google_compute_network.this.delete_default_routes_on_create && google_compute_firewall.within.source_ranges == toset([var.range])
    error_message = "Nothing comes in from outside, and there is no way out."
  }

  assert {
    condition     = length(google_compute_firewall.nothing_else.deny) == 1 && google_compute_firewall.nothing_else.destination_ranges == toset(["0.0.0.0/0"])
    error_message = "All other traffic out is stopped."
  }

  assert {
    condition     = alltrue([for record in values(google_dns_record_set.apex) : alltrue([for address in record.rrdatas : startswith(address, "199.36.153.") && tonumber(split(".", address)[3]) < 8])])
    error_message = "With a perimeter, only the restricted addresses are used."
  }
}

run "stream" {
  command = plan

  module {
    source = "./modules/dataflow"
  }

  variables {
    image          = "us-central1-docker.pkg.dev/a-project/crime-pipelines/crime-stream:1"
    account        = "crime-stream@a-project.iam.gserviceaccount.com"
    subnetwork     = "projects/a-project/regions/us-central1/subnetworks/crime-workers"
    code_bucket    = "code"
    staging_bucket = "staging"
    subscription   = "incident-feed-pipeline"
    dataset        = "crime"
    shift_years    = 3
    layout         = "chicago"
  }

  assert {
    condition = alltrue([
      jsondecode(google_storage_bucket_object.template.content).defaultEnvironment.ipConfiguration == "WORKER_IP_PRIVATE",
      jsondecode(google_storage_bucket_object.template.content).defaultEnvironment.kmsKeyName == var.kms_key,
      jsondecode(google_storage_bucket_object.template.content).defaultEnvironment.serviceAccountEmail == var.account,
    ])
    error_message = "Workers have internal addresses, our key and their own account."
  }
}

run "alerts" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    notification_emails       = ["duty@example.org"]
    subscriptions             = ["crime-start-processing"]
    dead_letter_subscriptions = ["incident-files-dead-letters-kept"]
    dataset                   = "crime"
    streaming                 = true
    fresh_hours               = 25
    reject_share              = 0.02
    backlog_minutes           = 30
    billing_account           = "AAAAAA-BBBBBB-CCCCCC"
    monthly_budget            = 300
  }

  assert {
    condition = alltrue([for policy in [
      google_monitoring_alert_policy.failed_run, google_monitoring_alert_policy.stale, google_monitoring_alert_policy.rejects,
      google_monitoring_alert_policy.dead_letters, google_monitoring_alert_policy.backlog,
    ] : length(policy.notification_channels) == 1])
    error_message = "An alert reaches no one."
  }

  assert {
    condition     = google_monitoring_alert_policy.stale.conditions[0].condition_threshold[0].evaluation_missing_data == "EVALUATION_MISSING_DATA_ACTIVE"
    error_message = "Silence must raise the alarm."
  }

  assert {
    condition     = google_billing_budget.month[0].amount[0].specified_amount[0].units == "300" && length(google_billing_budget.month[0].threshold_rules) == 4
    error_message = "The budget warns before it is spent."
  }
}
