locals {
  job = "${var.prefix}-stream"

  specification = {
    image    = var.image
    sdkInfo  = { language = "PYTHON" }
    metadata = jsondecode(file("${path.module}/../../../beam/template/stream.json"))
    defaultEnvironment = {
      serviceAccountEmail   = var.account
      subnetwork            = "https://www.googleapis.com/compute/v1/${var.subnetwork}"
      ipConfiguration       = "WORKER_IP_PRIVATE"
      kmsKeyName            = var.kms_key
      tempLocation          = "gs://${var.staging_bucket}/dataflow/temp"
      stagingLocation       = "gs://${var.staging_bucket}/dataflow/staging"
      enableStreamingEngine = true
      machineType           = "n2-standard-2"
      numWorkers            = 1
      maxWorkers            = var.max_workers
      additionalUserLabels  = var.labels
      additionalExperiments = ["enable_secure_boot"]
    }
  }

  parameters = {
    feed_subscription = var.subscription
    dataset           = var.dataset
    shift_years       = tostring(var.shift_years)
    layout            = var.layout
  }

  # The image runs on the workers too, which reach no package index. The option is Beam's, not the template's.
  launched = merge(local.parameters, { sdk_container_image = var.image })
}

resource "google_storage_bucket_object" "template" {
  bucket       = var.code_bucket
  name         = "templates/${local.job}.json"
  content      = jsonencode(local.specification)
  content_type = "application/json"

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(local.parameters), local.specification.metadata.parameters[*].name)) == 0
      error_message = "The pipeline is given a parameter that beam/template/stream.json does not declare."
    }
  }
}

# The job is launched by hand (output `launch`): the provider's resource for it is in google-beta, and ends a job
# where a change should only replace it. What it leaves behind is seen to here: a destroy drains what runs, so that
# what the pipeline has acknowledged gets to the warehouse.
resource "terraform_data" "drain" {
  input = {
    project = var.project
    region  = var.region
    job     = local.job
    script  = abspath("${path.module}/drain.sh")
  }

  provisioner "local-exec" {
    when    = destroy
    command = self.input.script
    environment = {
      PROJECT = self.input.project
      REGION  = self.input.region
      JOB     = self.input.job
    }
  }
}
