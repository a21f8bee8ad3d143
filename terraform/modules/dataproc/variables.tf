variable "prefix" {
  description = "What the names begin with."
  type        = string
  default     = "crime"
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "The templates' and clusters' region."
  type        = string
}

variable "accounts" {
  description = "The service account of the jobs, by architecture; a template for each."
  type        = map(string)
}

variable "subnetwork" {
  description = "The subnetwork of clusters."
  type        = string
}

variable "kms_key" {
  description = "The key of disks and of job arguments."
  type        = string
}

variable "names" {
  description = "Names of buckets, datasets and topics that the jobs are given."
  type = object({
    code_bucket     = string
    lake_bucket     = string
    staging_bucket  = string
    dataset         = string
    answers_dataset = string
    finished_topic  = string
    answers_topic   = string
  })
}

variable "package_version" {
  description = "The version of the package that the jobs run."
  type        = string
}

variable "max_workers" {
  description = "Most primary and secondary workers that a cluster grows to."
  type = object({
    primary   = number
    secondary = number
  })
}

variable "shape" {
  description = "The machines of clusters: standard, small, or single, one machine and no workers."
  type        = string
  default     = "standard"

  validation {
    condition     = contains(["standard", "small", "single"], var.shape)
    error_message = "There are standard, small and single."
  }
}
