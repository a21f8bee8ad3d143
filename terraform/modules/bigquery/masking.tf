resource "google_data_catalog_taxonomy" "this" {
  project                = var.project
  region                 = var.region
  display_name           = "${var.prefix}-places"
  description            = "What tells where exactly an incident happened."
  activated_policy_types = ["FINE_GRAINED_ACCESS_CONTROL"]
}

resource "google_data_catalog_policy_tag" "this" {
  for_each = local.masked

  taxonomy     = google_data_catalog_taxonomy.this.id
  display_name = each.key
  description  = "Masked: ${join(", ", each.value)}."
}

# A hash of a block could be undone by hashing the city's blocks.
resource "google_bigquery_datapolicy_data_policy" "mask" {
  for_each = local.masked

  project          = var.project
  location         = var.region
  data_policy_id   = "${var.prefix}_mask_${each.key}"
  policy_tag       = google_data_catalog_policy_tag.this[each.key].name
  data_policy_type = "DATA_MASKING_POLICY"

  data_masking_policy {
    predefined_expression = "ALWAYS_NULL"
  }
}

resource "google_bigquery_datapolicy_data_policy_iam_member" "masked" {
  for_each = { for pair in setproduct(keys(local.masked), var.masked_readers) : "${pair[0]}/${pair[1]}" => { tag = pair[0], member = pair[1] } }

  project        = var.project
  location       = var.region
  data_policy_id = google_bigquery_datapolicy_data_policy.mask[each.value.tag].data_policy_id
  role           = "roles/bigquerydatapolicy.maskedReader"
  member         = each.value.member
}

resource "google_data_catalog_policy_tag_iam_member" "clear" {
  for_each = { for pair in setproduct(keys(local.masked), var.clear_readers) : "${pair[0]}/${pair[1]}" => { tag = pair[0], member = pair[1] } }

  policy_tag = google_data_catalog_policy_tag.this[each.value.tag].name
  role       = "roles/datacatalog.categoryFineGrainedReader"
  member     = each.value.member
}
