output "buckets" {
  description = "The buckets' names: landing, lake, reports, code, staging."
  value       = { for part, bucket in google_storage_bucket.this : part => bucket.name }
}

output "audit_bucket" {
  description = "The name of the audit logs' bucket."
  value       = google_storage_bucket.audit.name
}
