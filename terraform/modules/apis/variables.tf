variable "project" {
  description = "The project's id."
  type        = string
}

variable "streaming" {
  description = "Whether Dataflow is needed."
  type        = bool
}

variable "budget" {
  description = "Whether a budget is made."
  type        = bool
}

variable "perimeter" {
  description = "Whether a perimeter is made."
  type        = bool
}

variable "agents" {
  description = "Services whose agents are brought into being before anything is granted to them."
  type        = set(string)
  default     = ["artifactregistry", "cloudfunctions", "cloudscheduler", "dataflow", "dataproc", "pubsub", "run", "secretmanager"]
}
