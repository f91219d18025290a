"""What is observed beside the manifests: registrations, listeners, the Mux and health."""
