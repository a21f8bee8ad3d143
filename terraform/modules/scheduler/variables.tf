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
  description = "The jobs' region."
  type        = string
}

variable "account" {
  description = "The address of the account in whose name the scheduler calls."
  type        = string
}

variable "topic" {
  description = "Resource name of the topic that ticks go to."
  type        = string
}

variable "schedule" {
  description = "When to tick, as cron says it."
  type        = string
}

variable "time_zone" {
  description = "The schedules' time zone."
  type        = string
}

variable "feed" {
  description = "Resource name of the topic of the feed's ticks, and when to tick; null without a feed."
  type = object({
    topic    = string
    schedule = string
  })
  default = null
}

variable "templates" {
  description = "Workflow templates that have a schedule of their own, by a short name."
  type = map(object({
    template   = string
    schedule   = string
    parameters = map(string)
  }))
  default = {}
}
