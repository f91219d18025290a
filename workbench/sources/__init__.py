"""The outside world as stimuli for the hub: manifests on disk and changes to them."""
