{{- define "ib-supervisor.name" -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ib-supervisor.selector" -}}
app.kubernetes.io/name: ib-supervisor
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ib-supervisor.labels" -}}
{{ include "ib-supervisor.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* One gateway is one series, whichever pod watches it: the instance is what owns the pod. */ -}}
{{- define "ib-supervisor.relabelings" -}}
- action: replace
  targetLabel: instance
  replacement: {{ printf "%s/%s" .Release.Namespace (include "ib-supervisor.name" .) }}
- action: labeldrop
  regex: pod|endpoint|container
{{- end }}
