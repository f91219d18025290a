"""The answers and events of the contract as models. They describe; nothing is validated when a request is answered."""
