output "subnetwork" {
  description = "The subnetwork, as Dataproc and Dataflow name it."
  value       = "projects/${var.project}/regions/${var.region}/subnetworks/${google_compute_subnetwork.workers.name}"
  # Nothing may start in it before it is closed.
  depends_on = [
    google_compute_firewall.within, google_compute_firewall.out, google_compute_firewall.nothing_else,
    google_compute_route.google, google_dns_record_set.all,
  ]
}
