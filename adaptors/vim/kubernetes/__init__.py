"""Kubernetes: instances as pods of Deployments and StatefulSets, links as NetworkPolicies."""
