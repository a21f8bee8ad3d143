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
  description = "The repository's region."
  type        = string
}

variable "labels" {
  description = "The repository's labels."
  type        = map(string)
}

variable "kms_key" {
  description = "The key that images are encrypted with."
  type        = string
}
