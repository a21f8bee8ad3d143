locals {
  # As `crime-pipelines dataproc templates --print` gives them, names left open.
  declared = {
    for architecture, account in var.accounts : architecture => one([
      for template in jsondecode(templatefile("${path.module}/../../declared/templates.json", merge(var.names, {
        project         = var.project
        region          = var.region
        account         = account
        subnetwork      = var.subnetwork
        kms_key         = var.kms_key
        autoscaling     = google_dataproc_autoscaling_policy.this.policy_id
        package_version = var.package_version
      }))) : template if template.labels.architecture == architecture
    ])
  }
  shape = jsondecode(file("${path.module}/../../declared/shapes.json"))[var.shape]
}

resource "google_dataproc_autoscaling_policy" "this" {
  project   = var.project
  location  = var.region
  policy_id = var.prefix

  worker_config {
    min_instances = 2
    max_instances = var.max_workers.primary
    weight        = 1
  }

  # Spot machines: a task that dies with one is done again.
  secondary_worker_config {
    min_instances = 0
    max_instances = var.max_workers.secondary
    weight        = 2
  }

  basic_algorithm {
    cooldown_period = "120s"

    yarn_config {
      graceful_decommission_timeout = "600s"
      scale_up_factor               = 0.5
      scale_down_factor             = 1
    }
  }
}

resource "google_dataproc_workflow_template" "this" {
  for_each = local.declared

  project     = var.project
  location    = var.region
  name        = "${var.prefix}-architecture-${each.key}"
  labels      = each.value.labels
  dag_timeout = each.value.dagTimeout

  encryption_config {
    kms_key = each.value.encryptionConfig.kmsKey
  }

  placement {
    managed_cluster {
      cluster_name = each.value.placement.managedCluster.clusterName

      config {
        staging_bucket = each.value.placement.managedCluster.config.configBucket
        temp_bucket    = each.value.placement.managedCluster.config.tempBucket

        # A cluster without workers does not grow.
        dynamic "autoscaling_config" {
          for_each = local.shape.workers == 0 ? [] : [each.value.placement.managedCluster.config.autoscalingConfig]
          content {
            policy = autoscaling_config.value.policyUri
          }
        }

        encryption_config {
          gce_pd_kms_key_name = each.value.placement.managedCluster.config.encryptionConfig.kmsKey
        }

        gce_cluster_config {
          internal_ip_only       = each.value.placement.managedCluster.config.gceClusterConfig.internalIpOnly
          subnetwork             = each.value.placement.managedCluster.config.gceClusterConfig.subnetworkUri
          service_account        = each.value.placement.managedCluster.config.gceClusterConfig.serviceAccount
          service_account_scopes = each.value.placement.managedCluster.config.gceClusterConfig.serviceAccountScopes
          metadata               = each.value.placement.managedCluster.config.gceClusterConfig.metadata

          shielded_instance_config {
            enable_secure_boot          = each.value.placement.managedCluster.config.gceClusterConfig.shieldedInstanceConfig.enableSecureBoot
            enable_vtpm                 = each.value.placement.managedCluster.config.gceClusterConfig.shieldedInstanceConfig.enableVtpm
            enable_integrity_monitoring = each.value.placement.managedCluster.config.gceClusterConfig.shieldedInstanceConfig.enableIntegrityMonitoring
          }
        }

        lifecycle_config {
          idle_delete_ttl = each.value.placement.managedCluster.config.lifecycleConfig.idleDeleteTtl
          auto_delete_ttl = each.value.placement.managedCluster.config.lifecycleConfig.autoDeleteTtl
        }

        master_config {
          num_instances = each.value.placement.managedCluster.config.masterConfig.numInstances
          machine_type  = local.shape.master_machine

          disk_config {
            boot_disk_type    = each.value.placement.managedCluster.config.masterConfig.diskConfig.bootDiskType
            boot_disk_size_gb = local.shape.master_disk_gb
          }
        }

        dynamic "worker_config" {
          for_each = local.shape.workers == 0 ? [] : [each.value.placement.managedCluster.config.workerConfig]
          content {
            num_instances = local.shape.workers
            machine_type  = local.shape.worker_machine

            disk_config {
              boot_disk_type    = worker_config.value.diskConfig.bootDiskType
              boot_disk_size_gb = local.shape.worker_disk_gb
            }
          }
        }

        software_config {
          image_version = each.value.placement.managedCluster.config.softwareConfig.imageVersion
          properties    = local.shape.workers == 0 ? { "dataproc:dataproc.allow.zero.workers" = "true" } : {}
        }
      }
    }
  }

  dynamic "jobs" {
    for_each = each.value.jobs
    content {
      step_id = jobs.value.stepId

      pyspark_job {
        main_python_file_uri = jobs.value.pysparkJob.mainPythonFileUri
        args                 = jobs.value.pysparkJob.args
        python_file_uris     = jobs.value.pysparkJob.pythonFileUris
        properties           = jobs.value.pysparkJob.properties
      }
    }
  }

  dynamic "parameters" {
    for_each = each.value.parameters
    content {
      name        = parameters.value.name
      description = parameters.value.description
      fields      = parameters.value.fields

      validation {
        regex {
          regexes = parameters.value.validation.regex.regexes
        }
      }
    }
  }
}
