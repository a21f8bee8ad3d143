locals {
  declared = jsondecode(templatefile("${path.module}/../../declared/warehouse.json", {
    project         = var.project
    dataset         = var.dataset
    answers_dataset = var.answers_dataset
  }))

  # What points at a person's door is masked, in whatever table it stands.
  masked = {
    block       = ["block"]
    coordinates = ["x_coordinate", "y_coordinate", "latitude", "longitude"]
    raw         = ["raw_row", "payload"]
  }
  tag_of = merge([for tag, columns in local.masked : { for column in columns : column => google_data_catalog_policy_tag.this[tag].name }]...)

  tables = merge(
    { for name, table in local.declared.warehouse.tables : "${var.dataset}.${name}" => merge(table, { name = name, dataset = var.dataset }) },
    { for name, table in local.declared.answers.tables : "${var.answers_dataset}.${name}" => merge(table, { name = name, dataset = var.answers_dataset }) },
  )
  # The live answers read this view, which must be there first.
  live = "live_incidents"
}

resource "google_bigquery_dataset" "this" {
  for_each = {
    (var.dataset)           = "Incidents of a police department: what counts, every version, every reject, and live views."
    (var.answers_dataset)   = "The answers as of the latest run."
    (var.staging_dataset)   = local.declared.staging.description
    (var.published_dataset) = local.declared.published.description
  }

  project               = var.project
  dataset_id            = each.key
  description           = each.value
  location              = var.region
  labels                = var.labels
  max_time_travel_hours = "168"
  # What a run that broke has left.
  default_table_expiration_ms = each.key == var.staging_dataset ? 86400000 : null
  delete_contents_on_destroy  = !var.deletion_protection
  deletion_policy             = var.deletion_protection ? "PREVENT" : "DELETE"

  default_encryption_configuration {
    kms_key_name = var.kms_key
  }

  # Named, or BigQuery lets every reader and editor of the project in. All others are granted one by one.
  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  lifecycle {
    ignore_changes = [access]
  }
}

resource "google_bigquery_table" "this" {
  for_each = local.tables

  project             = var.project
  dataset_id          = google_bigquery_dataset.this[each.value.dataset].dataset_id
  table_id            = each.value.name
  description         = each.value.description
  labels              = var.labels
  deletion_protection = var.deletion_protection
  clustering          = length(each.value.cluster_by) == 0 ? null : each.value.cluster_by

  schema = jsonencode([
    for column in each.value.schema : merge(
      column,
      contains(keys(local.tag_of), column.name) ? { policyTags = { names = [local.tag_of[column.name]] } } : {}
    )
  ])

  encryption_configuration {
    kms_key_name = var.kms_key
  }

  require_partition_filter = each.value.partitions == null ? null : each.value.partitions.filter_required

  dynamic "time_partitioning" {
    for_each = each.value.partitions == null ? [] : [each.value.partitions]
    content {
      type          = time_partitioning.value.unit
      field         = time_partitioning.value.column
      expiration_ms = time_partitioning.value.expire_milliseconds
    }
  }

  # A table that takes masked columns before its tags have policies would show them to no one at all.
  depends_on = [google_bigquery_datapolicy_data_policy.mask]
}

resource "google_bigquery_table" "view" {
  #checkov:skip=CKV_GCP_80:a view holds no rows; the tables that it reads are encrypted
  for_each = { for name, view in local.declared.warehouse.views : name => view if name == local.live }

  project             = var.project
  dataset_id          = google_bigquery_dataset.this[var.dataset].dataset_id
  table_id            = each.key
  description         = each.value.description
  labels              = var.labels
  deletion_protection = var.deletion_protection

  # BigQuery makes it of the query; this puts the columns' descriptions beside it.
  schema = jsonencode(each.value.schema)

  view {
    query          = each.value.query
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.this]
}

resource "google_bigquery_table" "live" {
  #checkov:skip=CKV_GCP_80:a view holds no rows; the tables that it reads are encrypted
  for_each = { for name, view in local.declared.warehouse.views : name => view if name != local.live }

  project             = var.project
  dataset_id          = google_bigquery_dataset.this[var.dataset].dataset_id
  table_id            = each.key
  description         = each.value.description
  labels              = var.labels
  deletion_protection = var.deletion_protection

  # BigQuery makes it of the query; this puts the columns' descriptions beside it.
  schema = jsonencode(each.value.schema)

  view {
    query          = each.value.query
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.view]
}

resource "google_bigquery_table" "published" {
  #checkov:skip=CKV_GCP_80:a view holds no rows; the tables that it reads are encrypted
  for_each = local.declared.published.views

  project             = var.project
  dataset_id          = google_bigquery_dataset.this[var.published_dataset].dataset_id
  table_id            = each.key
  description         = each.value.description
  labels              = var.labels
  deletion_protection = var.deletion_protection

  # BigQuery makes it of the query; this puts the columns' descriptions beside it.
  schema = jsonencode(each.value.schema)

  view {
    query          = each.value.query
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.this]
}

# Their readers need no access to the answers.
resource "google_bigquery_dataset_access" "published" {
  for_each = google_bigquery_table.published

  project    = var.project
  dataset_id = google_bigquery_dataset.this[var.answers_dataset].dataset_id

  view {
    project_id = var.project
    dataset_id = each.value.dataset_id
    table_id   = each.value.table_id
  }
}

locals {
  # Tables whose rows follow from a layout that comes with the package.
  filled = startswith(var.layout, "gs://") ? {} : {
    for table in ["areas", "department"] : table => "${path.module}/../../declared/${var.layout}/${table}.jsonl"
  }
}

resource "google_storage_bucket_object" "filled" {
  for_each = local.filled

  bucket       = var.code_bucket
  name         = "warehouse/${each.key}.jsonl"
  source       = each.value
  content_type = "application/json"
}

# The department, its areas and their residents, loaded anew whenever they change.
resource "google_bigquery_job" "filled" {
  for_each = local.filled

  project  = var.project
  location = var.region
  job_id   = "${var.prefix}-${each.key}-${substr(filesha256(each.value), 0, 12)}-${var.load_again}"
  labels   = var.labels

  load {
    source_uris       = ["gs://${google_storage_bucket_object.filled[each.key].bucket}/${google_storage_bucket_object.filled[each.key].name}"]
    source_format     = "NEWLINE_DELIMITED_JSON"
    write_disposition = "WRITE_TRUNCATE"

    destination_table {
      project_id = var.project
      dataset_id = var.dataset
      table_id   = google_bigquery_table.this["${var.dataset}.${each.key}"].table_id
    }

    destination_encryption_configuration {
      kms_key_name = var.kms_key
    }
  }
}
