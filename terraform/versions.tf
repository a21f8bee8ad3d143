terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
  }

  # Where the state lies is said at `terraform init -backend-config=bucket=...` (docs/deploy.md).
  backend "gcs" {}
}

provider "google" {
  project = var.project
  region  = var.region
  # Budgets and perimeters are asked for in this project's name.
  billing_project       = var.project
  user_project_override = true
}
