# All images: docker buildx bake [GROUP or TARGET]. Without one, what `default` lists is built for this machine.
# Variables are set from the environment, SOURCE_DATE_EPOCH among them, which buildx reads by itself: the time of every file
# that the build makes, in seconds since 1970.

variable "REPOSITORY" {
  description = "Where tags are made, like ghcr.io/NAME/wherry"
  default     = "wherry"
}

variable "VERSION" {
  description = "Of Wherry: a tag without it, and one with it, like wherry:0.1.0-node24"
  default     = ""
}

variable "REVISION" {
  description = "The commit that is built, for the labels"
  default     = ""
}

variable "PLATFORMS" {
  description = "Processors, separated by commas, like linux/amd64,linux/arm64. Empty: this machine's"
  default     = ""
}

variable "NETWORK" {
  description = "Of RUN lines: host where containers have no network of their own (with --allow network.host)"
  default     = "default"
}

variable "RELEASE" {
  description = "Adds annotations, an SBOM and the provenance to each image. Needs a builder or store that can hold them"
  default     = false
}

variable "BASES" {
  description = "Every base image: Node's version, and Debian's or Alpine's name in its tag"
  default = [
    { node = "22", variant = "bookworm-slim", libc = "glibc", suffix = "" },
    { node = "24", variant = "bookworm-slim", libc = "glibc", suffix = "" },
    { node = "26", variant = "bookworm-slim", libc = "glibc", suffix = "" },
    { node = "22", variant = "trixie-slim", libc = "glibc", suffix = "-trixie" },
    { node = "24", variant = "trixie-slim", libc = "glibc", suffix = "-trixie" },
    { node = "26", variant = "trixie-slim", libc = "glibc", suffix = "-trixie" },
    { node = "22", variant = "alpine", libc = "musl", suffix = "-alpine" },
    { node = "24", variant = "alpine", libc = "musl", suffix = "-alpine" },
    { node = "26", variant = "alpine", libc = "musl", suffix = "-alpine" },
  ]
}

function "tags" {
  params = [name]
  result = compact(["${REPOSITORY}:${name}", VERSION == "" ? "" : "${REPOSITORY}:${VERSION}-${name}"])
}

function "annotations" {
  params = [title]
  result = RELEASE ? [for key, value in labels(title) : "${length(split(",", PLATFORMS)) > 1 ? "index,manifest" : "manifest"}:${key}=${value}"] : []
}

function "labels" {
  params = [title]
  result = { for key, value in {
    "org.opencontainers.image.title"       = title
    "org.opencontainers.image.description" = "A container supervisor with a SQLite replication engine inside"
    "org.opencontainers.image.licenses"    = "Apache-2.0"
    "org.opencontainers.image.version"     = VERSION
    "org.opencontainers.image.revision"    = REVISION
  } : key => value if value != "" }
}

group "default" {
  targets = ["node24", "tool"]
}

group "all" {
  targets = ["base", "tools"]
}

# What the tests use.
group "test" {
  targets = ["node22", "node24", "node24-alpine", "tool", "tool-musl"]
}

target "_common" {
  context    = "."
  dockerfile = "images/Dockerfile"
  network    = NETWORK
  platforms  = compact(split(",", PLATFORMS))
  attest     = RELEASE ? ["type=sbom", "type=provenance,mode=max"] : []
}

target "base" {
  name        = "node${base.node}${base.suffix}"
  matrix      = { base = BASES }
  inherits    = ["_common"]
  target      = "base"
  args        = { NODE = base.node, VARIANT = base.variant, LIBC = base.libc }
  tags        = tags("node${base.node}${base.suffix}")
  labels      = labels("Wherry on Node ${base.node} (${base.variant})")
  annotations = annotations("Wherry on Node ${base.node} (${base.variant})")
}

target "tools" {
  name = tool.name
  matrix = {
    tool = [
      { name = "tool", variant = "bookworm-slim", libc = "glibc" },
      { name = "tool-musl", variant = "alpine", libc = "musl" },
    ]
  }
  inherits    = ["_common"]
  target      = "tool"
  args        = { NODE = "24", VARIANT = tool.variant, LIBC = tool.libc }
  tags        = tags(tool.name)
  labels      = labels("Wherry with its own Node (${tool.libc})")
  annotations = annotations("Wherry with its own Node (${tool.libc})")
}
