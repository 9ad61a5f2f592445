# A module for a PoP of Interlace: what docs/vim/terraform.md asks of one, over the lab's provider.

terraform {
  required_providers {
    lab = {
      source = "registry.example.test/interlace/lab"
    }
  }
}

variable "instances" {
  description = "What is to run, by the name of the instance."
  type = map(object({
    image       = string
    vcpus       = number
    memory_mib  = number
    disk_gib    = number
    config      = map(string)
    environment = map(string)
    tags        = map(string)
  }))
}

variable "secrets" {
  description = "Environment variables with secret values, by the name of the instance."
  type        = map(map(string))
  default     = {}
  sensitive   = true
}

variable "directory" {
  description = "Where the lab's cloud is."
  type        = string
}

variable "password" {
  description = "Of the lab's cloud, where it has one: TF_VAR_password in the PoP's credential."
  type        = string
  default     = null
  sensitive   = true
}

provider "lab" {
  directory = var.directory
  password  = var.password
}

resource "lab_server" "instance" {
  for_each = var.instances

  name        = each.key
  image       = each.value.image
  vcpus       = each.value.vcpus
  memory_mib  = each.value.memory_mib
  disk_gib    = each.value.disk_gib
  config      = each.value.config
  environment = merge(each.value.environment, lookup(var.secrets, each.key, {}))
  tags        = each.value.tags
}

output "instances" {
  value = {
    for name, server in lab_server.instance : name => {
      id      = server.id
      address = server.address
      status  = server.status
    }
  }
}
