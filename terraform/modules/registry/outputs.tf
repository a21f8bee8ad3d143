output "repository" {
  description = "The repository's resource name."
  value       = "projects/${var.project}/locations/${var.region}/repositories/${google_artifact_registry_repository.this.repository_id}"
}

output "repository_id" {
  description = "The repository's short name."
  value       = google_artifact_registry_repository.this.repository_id
}

output "host" {
  description = "What an image's name begins with."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.this.repository_id}"
}
