"""What the client says: enquiries, requests, complaints and suggestions with their clocks."""
