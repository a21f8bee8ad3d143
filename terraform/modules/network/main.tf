locals {
  # https://cloud.google.com/vpc/docs/configure-private-google-access#domain-options
  vips = {
    private    = ["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"]
    restricted = ["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"]
  }
  vip     = local.vips[var.restricted ? "restricted" : "private"]
  range   = "${local.vip[0]}/30"
  domains = { googleapis = "googleapis.com.", images = "pkg.dev.", older-images = "gcr.io." }
}

resource "google_compute_network" "this" {
  project                 = var.project
  name                    = var.prefix
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
  # No way to the internet: the only route out is the one below.
  delete_default_routes_on_create = true
}

resource "google_compute_subnetwork" "workers" {
  project                  = var.project
  name                     = "${var.prefix}-workers"
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.range
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_route" "google" {
  project          = var.project
  name             = "${var.prefix}-google-apis"
  network          = google_compute_network.this.id
  dest_range       = local.range
  next_hop_gateway = "default-internet-gateway"
  description      = "To Google's APIs, within Google's network."
}

resource "google_compute_firewall" "within" {
  project       = var.project
  name          = "${var.prefix}-within"
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 1000
  source_ranges = [var.range]
  description   = "Nodes of a cluster, and workers of a pipeline, speak to one another."

  allow { protocol = "tcp" }
  allow { protocol = "udp" }
  allow { protocol = "icmp" }

  log_config { metadata = "EXCLUDE_ALL_METADATA" }
}

resource "google_compute_firewall" "out" {
  project            = var.project
  name               = "${var.prefix}-out"
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = [var.range, local.range]
  description        = "To one another and to Google's APIs."

  allow { protocol = "tcp" }
  allow { protocol = "udp" }
  allow { protocol = "icmp" }
}

resource "google_compute_firewall" "nothing_else" {
  project            = var.project
  name               = "${var.prefix}-nothing-else"
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 65000
  destination_ranges = ["0.0.0.0/0"]
  description        = "Nowhere else."

  deny { protocol = "all" }

  log_config { metadata = "INCLUDE_ALL_METADATA" }
}

resource "google_dns_managed_zone" "google" {
  for_each = local.domains

  project     = var.project
  name        = "${var.prefix}-${each.key}"
  dns_name    = each.value
  description = "Google's names lead to the addresses that the network reaches."
  visibility  = "private"

  private_visibility_config {
    networks { network_url = google_compute_network.this.id }
  }
}

resource "google_dns_record_set" "apex" {
  for_each = local.domains

  project      = var.project
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = each.key == "googleapis" ? "${var.restricted ? "restricted" : "private"}.${each.value}" : each.value
  type         = "A"
  ttl          = 300
  rrdatas      = local.vip
}

resource "google_dns_record_set" "all" {
  for_each = local.domains

  project      = var.project
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = "*.${each.value}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [google_dns_record_set.apex[each.key].name]
}
