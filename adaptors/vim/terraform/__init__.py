"""Any cloud that has a Terraform provider: a PoP is a module, its variables and a credential."""
