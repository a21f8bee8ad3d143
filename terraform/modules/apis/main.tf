locals {
  # These enable the others.
  first = ["cloudresourcemanager", "serviceusage", "iam"]
  rest = concat(
    [
      "artifactregistry", "bigquery", "bigquerydatapolicy", "bigquerystorage", "cloudbuild", "cloudfunctions",
      "cloudkms", "cloudscheduler", "compute", "datacatalog", "dataproc", "dns", "logging", "monitoring", "pubsub",
      "run", "secretmanager", "storage",
    ],
    var.streaming ? ["dataflow"] : [],
    var.budget ? ["billingbudgets"] : [],
    var.perimeter ? ["accesscontextmanager"] : [],
  )
}

resource "google_project_service" "first" {
  for_each = toset(local.first)

  project            = var.project
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service" "rest" {
  for_each = toset(local.rest)

  project            = var.project
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false

  depends_on = [google_project_service.first]
}

# Some agents come into being at their first use only, and can't be granted anything before. The provider's
# resource for this is in google-beta.
resource "terraform_data" "service_agents" {
  triggers_replace = [var.project, join(",", local.rest)]

  provisioner "local-exec" {
    command = "${path.module}/service-agents.sh"
    environment = {
      PROJECT  = var.project
      SERVICES = join(" ", [for service in local.rest : "${service}.googleapis.com" if contains(var.agents, service)])
    }
  }

  depends_on = [google_project_service.rest]
}
