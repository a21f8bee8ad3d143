variable "prefix" {
  description = "What the names begin with."
  type        = string
  default     = "crime"
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "project_number" {
  description = "The project's number."
  type        = string
}

variable "region" {
  description = "The keys' and secrets' region."
  type        = string
}

variable "labels" {
  description = "Labels of keys and secrets."
  type        = map(string)
}

variable "key_ring" {
  description = "The key ring's name."
  type        = string
}

variable "rotation" {
  description = "How often keys rotate, in seconds with an s."
  type        = string
}

variable "accounts" {
  description = "Service accounts: what each is for, by its name without the prefix."
  type        = map(string)
}

variable "streaming" {
  description = "Whether there is a live feed."
  type        = bool
}

variable "deletion_protection" {
  description = "Whether keys and secrets refuse to be destroyed."
  type        = bool
}

variable "audit_bucket" {
  description = "The bucket that audit logs go to."
  type        = string
}

variable "access_policy" {
  description = "Number of the organisation's access policy, or null for no perimeter."
  type        = string
}

variable "perimeter_services" {
  description = "Services inside the perimeter."
  type        = set(string)
  default = [
    "artifactregistry", "bigquery", "bigquerydatapolicy", "cloudfunctions", "cloudkms", "datacatalog", "dataflow",
    "dataproc", "logging", "monitoring", "pubsub", "run", "secretmanager", "storage",
  ]
}
