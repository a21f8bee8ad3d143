locals {
  buckets = {
    # Days after which content goes, and after which replaced content goes; null for never.
    landing = { delete_after = null, replaced_after = 90, cold_after = var.landing_days }
    lake    = { delete_after = var.lake_days, replaced_after = 7, cold_after = null }
    reports = { delete_after = null, replaced_after = 30, cold_after = null }
    code    = { delete_after = null, replaced_after = 90, cold_after = null }
    staging = { delete_after = 14, replaced_after = 1, cold_after = null }
  }
}

resource "google_storage_bucket" "this" {
  for_each = local.buckets

  project                     = var.project
  name                        = "${var.project}-${var.prefix}-${each.key}"
  location                    = var.region
  storage_class               = "STANDARD"
  labels                      = merge(var.labels, { part = each.key })
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection
  deletion_policy             = var.deletion_protection ? "PREVENT" : "DELETE"

  encryption {
    default_kms_key_name = var.kms_key
  }

  versioning {
    enabled = true
  }

  # What was deleted or overwritten by mistake can be had back.
  soft_delete_policy {
    retention_duration_seconds = 7 * 86400
  }

  lifecycle_rule {
    action { type = "AbortIncompleteMultipartUpload" }
    condition { age = 1 }
  }

  lifecycle_rule {
    action { type = "Delete" }
    condition {
      days_since_noncurrent_time = each.value.replaced_after
      with_state                 = "ARCHIVED"
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.delete_after == null ? [] : [each.value.delete_after]
    content {
      action { type = "Delete" }
      condition { age = lifecycle_rule.value }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.cold_after == null ? [] : [each.value.cold_after]
    content {
      action {
        type          = "SetStorageClass"
        storage_class = "NEARLINE"
      }
      condition { age = lifecycle_rule.value }
    }
  }
}

resource "google_storage_bucket" "audit" {
  #checkov:skip=CKV_GCP_78:retention lets nothing be replaced, and Cloud Storage takes one of the two only
  project                     = var.project
  name                        = "${var.project}-${var.prefix}-audit"
  location                    = var.region
  storage_class               = "NEARLINE"
  labels                      = merge(var.labels, { part = "audit" })
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  # A destroy leaves it where it is: what was done must be seen afterwards too.
  deletion_policy = "ABANDON"

  encryption {
    default_kms_key_name = var.audit_kms_key
  }

  retention_policy {
    retention_period = tostring(var.audit_days * 86400)
    is_locked        = var.audit_locked
  }

  lifecycle_rule {
    action { type = "Delete" }
    condition { age = var.audit_days + 30 }
  }
}
