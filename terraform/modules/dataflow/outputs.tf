output "template" {
  description = "Where the flex template is."
  value       = "gs://${google_storage_bucket_object.template.bucket}/${google_storage_bucket_object.template.name}"
}

output "job" {
  description = "What the names of its jobs begin with; a destroy drains those."
  value       = local.job
}

output "launch" {
  description = "The command that launches the pipeline."
  value = join(" ", [
    "gcloud dataflow flex-template run ${local.job}-$(date +%Y%m%d-%H%M%S)",
    "--project=${var.project} --region=${var.region}",
    "--template-file-gcs-location=gs://${google_storage_bucket_object.template.bucket}/${google_storage_bucket_object.template.name}",
    "--parameters=${join(",", [for name, value in local.launched : "${name}=${value}"])}",
  ])
}
