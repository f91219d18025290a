"""Where the hub's thread takes requests for changes, in order, written down before they are answered."""
