"""A lab for Terraform: a small cloud in a directory, and a provider with which real Terraform works on it."""
