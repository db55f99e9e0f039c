# Both architectures, with provenance, from the repository's root:
#
#   docker buildx bake --file deploy/docker/bake.hcl --set '*.tags=registry.example/ib-supervisor:0.1.0' --push
#
# arm64 was never built here. Every locked package has a wheel for it or needs no compiler.
variable "VERSION" { default = "0.1.0" }
variable "REVISION" { default = "unknown" }

group "default" { targets = ["ib-supervisor"] }

target "ib-supervisor" {
  context    = "."
  dockerfile = "deploy/docker/Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
  args       = { VERSION = VERSION, REVISION = REVISION }
  attest     = ["type=provenance,mode=max", "type=sbom"]
}
