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
  description = "The datasets' region."
  type        = string
}

variable "labels" {
  description = "Labels of datasets, tables and views."
  type        = map(string)
}

variable "kms_key" {
  description = "The key that tables are encrypted with."
  type        = string
}

variable "dataset" {
  description = "The warehouse's dataset."
  type        = string
}

variable "answers_dataset" {
  description = "The dataset of the answers."
  type        = string
}

variable "staging_dataset" {
  description = "The dataset that runs load into before rows are counted; nobody else may read it."
  type        = string
  default     = "crime_staging"
}

variable "published_dataset" {
  description = "The dataset of views of what is fit to be published."
  type        = string
}

variable "code_bucket" {
  description = "The bucket that the areas and the department are loaded from."
  type        = string
}

variable "load_again" {
  description = "Another number loads the areas and the department again; a destroyed and remade deployment needs one, as BigQuery never forgets a job's id."
  type        = number
  default     = 1
}

variable "layout" {
  description = "The department's layout. The areas of one that lies in a bucket are left to `crime-pipelines warehouse setup`."
  type        = string
}

variable "deletion_protection" {
  description = "Whether tables and datasets with tables refuse to be destroyed."
  type        = bool
}

variable "masked_readers" {
  description = "IAM members that read masked columns as nothing. Without this or clear sight, a query that touches one fails."
  type        = set(string)
}

variable "clear_readers" {
  description = "IAM members that read masked columns as they are."
  type        = set(string)
}
