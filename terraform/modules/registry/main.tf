resource "google_artifact_registry_repository" "this" {
  project       = var.project
  location      = var.region
  repository_id = "${var.prefix}-pipelines"
  description   = "Images of the functions and of the streaming pipeline."
  format        = "DOCKER"
  kms_key_name  = var.kms_key
  labels        = var.labels

  cleanup_policies {
    id     = "keep-the-latest"
    action = "KEEP"
    most_recent_versions { keep_count = 5 }
  }

  cleanup_policies {
    id     = "old-images-go"
    action = "DELETE"
    condition { older_than = "2592000s" }
  }
}
