"""The recovery model held against times that were measured on the running system."""
