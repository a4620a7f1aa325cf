{{- define "dormer.labels" -}}
{{ include "dormer.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "dormer.selector" -}}
app.kubernetes.io/name: dormer
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .Values.mode }}
{{- end }}

{{- /* The names that a certificate of our own has, and that requests may ask for. */ -}}
{{- define "dormer.hostNames" -}}
{{- $service := printf "%s.%s.svc" .Release.Name .Release.Namespace -}}
{{- $names := list $service (printf "%s.cluster.local" $service) -}}
{{- if and .Values.ingress.enabled .Values.ingress.host }}{{ $names = append $names .Values.ingress.host }}{{ end -}}
{{- concat $names .Values.serve.hostNames | uniq | join "," -}}
{{- end }}

{{- /* Where kubectl reaches an agent: what was said, or the name of its Ingress. */ -}}
{{- define "dormer.endpoint" -}}
{{- .Values.agent.endpoint | default (ternary .Values.ingress.host "" .Values.ingress.enabled) -}}
{{- end }}

{{- /* One argument a line, as JSON, which is YAML. */ -}}
{{- define "dormer.arguments" -}}
{{- $arguments := list .Values.mode "--listen" "0.0.0.0:9898" "--data" "/data/dormer" -}}
{{- $arguments = concat $arguments (list "--drain" (toString .Values.drain)) -}}
{{- if eq .Values.mode "serve" -}}
  {{- $arguments = concat $arguments (list "--host-name" (include "dormer.hostNames" .)) -}}
  {{- with .Values.serve.url }}{{ $arguments = concat $arguments (list "--url" .) }}{{ end -}}
  {{- with .Values.serve.allowClusterAddresses -}}
    {{- $arguments = concat $arguments (list "--allow-cluster-address" (join "," .)) -}}
  {{- end -}}
  {{- if .Values.serve.adminPasswordSecret -}}
    {{- $arguments = concat $arguments (list "--admin-password-file" "/admin/password") -}}
  {{- end -}}
{{- else -}}
  {{- $url := required "agent.url: say the https:// URL of the central instance" .Values.agent.url -}}
  {{- $cluster := required "agent.cluster: say the name of this cluster there" .Values.agent.cluster -}}
  {{- $arguments = concat $arguments (list "--url" $url "--cluster" $cluster) -}}
  {{- with .Values.agent.caData }}{{ $arguments = concat $arguments (list "--ca-data" .) }}{{ end -}}
  {{- with include "dormer.endpoint" . }}{{ $arguments = concat $arguments (list "--endpoint" .) }}{{ end -}}
{{- end -}}
{{- if .Values.tls.secret -}}
  {{- $arguments = concat $arguments (list "--tls-cert" "/tls/tls.crt" "--tls-key" "/tls/tls.key") -}}
{{- end -}}
{{- range $i, $argument := $arguments }}
{{- if $i }}
{{ end }}- {{ toJson $argument }}
{{- end }}
{{- end }}
