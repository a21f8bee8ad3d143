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
  description = "The one region that messages are stored in."
  type        = string
}

variable "labels" {
  description = "Labels of topics and subscriptions."
  type        = map(string)
}

variable "kms_key" {
  description = "The key that messages are encrypted with."
  type        = string
}

variable "names" {
  description = "The topics' names."
  type = object({
    files        = string
    finished     = string
    answers      = string
    feed         = string
    dead_letters = string
    surges       = string
    ticks        = string
  })
}

variable "streaming" {
  description = "Whether there is a live feed."
  type        = bool
}

variable "agent" {
  description = "The address of Pub/Sub's service agent."
  type        = string
}
