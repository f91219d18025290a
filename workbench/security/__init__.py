"""Who may do what: rules, tokens, people, origins, and what keeps a server closed."""
