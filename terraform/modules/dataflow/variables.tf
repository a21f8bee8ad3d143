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
  description = "The job's region."
  type        = string
}

variable "labels" {
  description = "Labels of the job."
  type        = map(string)
}

variable "image" {
  description = "The pipeline's image, in full."
  type        = string
}

variable "account" {
  description = "The address of the account of the workers."
  type        = string
}

variable "subnetwork" {
  description = "The subnetwork of the workers."
  type        = string
}

variable "kms_key" {
  description = "The key of the workers' disks and of the pipeline's state."
  type        = string
}

variable "code_bucket" {
  description = "The bucket that the template lies in."
  type        = string
}

variable "staging_bucket" {
  description = "The bucket of temporary files."
  type        = string
}

variable "subscription" {
  description = "Name of the subscription to read."
  type        = string
}

variable "dataset" {
  description = "The warehouse's dataset."
  type        = string
}

variable "shift_years" {
  description = "Calendar years that every date is moved by."
  type        = number
}

variable "layout" {
  description = "The department's layout."
  type        = string
}

variable "max_workers" {
  description = "Most workers."
  type        = number
  default     = 4
}
