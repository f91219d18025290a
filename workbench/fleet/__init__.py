"""The domain: manifests, crates, ports, findings and the slot graph. Pure; it reads and writes nothing."""
