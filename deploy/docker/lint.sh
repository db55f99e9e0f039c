#!/bin/sh
# What linters say of the shell scripts and of the files for containers: shellcheck, hadolint, Compose's own schema,
# Kubernetes' own schemas, Helm. From the repository's root, with the linters' folder: deploy/docker/lint.sh .venvs/lint/bin
set -eu
tools=$1

"$tools/shellcheck" .ci/run systemd/install.sh deploy/docker/*.sh deploy/debian/build.sh deploy/debian/ib-supervisor-install-ibapi deploy/debian/scripts/*
"$tools/hadolint" deploy/docker/Dockerfile
"$tools/check-jsonschema" --builtin-schema vendor.compose-spec deploy/docker/compose.yaml
for file in deploy/kubernetes/*.yaml; do
    case ${file##*/} in
    kustomization.yaml | supervisor.yaml) ;;            # not an object of Kubernetes' own
    *monitor.yaml | prometheusrule.yaml) ;;             # the Prometheus operator's: no schema in the registries
    *) "$tools/kubernetes-validate" --strict --quiet "$file" ;;
    esac
done

rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT
"$tools/python" deploy/helm/render.py "$rendered" 2> "$rendered/log" || { cat "$rendered/log"; exit 1; }
for file in "$rendered"/*/*.yaml; do
    case ${file##*/} in
    monitor.yaml | prometheusrule.yaml) ;;
    *) "$tools/kubernetes-validate" --strict --quiet "$file" ;;
    esac
done
