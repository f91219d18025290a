"""What listens at the server's ports, from the first moment to the last request."""
