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
  description = "The buckets' region."
  type        = string
}

variable "labels" {
  description = "Labels of every bucket."
  type        = map(string)
}

variable "kms_key" {
  description = "The key that buckets are encrypted with."
  type        = string
}

variable "audit_kms_key" {
  description = "The key that audit logs are encrypted with; it outlives the others."
  type        = string
}

variable "landing_days" {
  description = "Days after which landed files go to colder storage."
  type        = number
}

variable "lake_days" {
  description = "Days after which a run's files are deleted."
  type        = number
}

variable "audit_days" {
  description = "Days that audit logs are kept."
  type        = number
}

variable "audit_locked" {
  description = "Whether that can be shortened no more."
  type        = bool
}

variable "deletion_protection" {
  description = "Whether buckets refuse to be destroyed; that of the audit logs is left where it is in any case."
  type        = bool
}
