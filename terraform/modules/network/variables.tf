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
  description = "The subnetwork's region."
  type        = string
}

variable "range" {
  description = "The subnetwork's addresses."
  type        = string
}

variable "restricted" {
  description = "Whether only the APIs that VPC Service Controls knows are reached."
  type        = bool
}
