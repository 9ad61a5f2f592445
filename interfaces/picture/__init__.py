"""Pictures of an infrastructure and of the services on it. Pure: domain types in, text out."""
