{{/* Labels of everything the chart makes itself; call with (list . "operator"). */}}
{{- define "hubbub.labels" -}}
{{- $root := index . 0 -}}
{{ include "hubbub.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: hubbub
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{/* The labels that select a part's pods; call with (list . "operator"). */}}
{{- define "hubbub.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: hubbub-{{ index . 1 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- end }}

{{- define "hubbub.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "hubbub.redisUrl" -}}
{{ .Values.redis.url | default (printf "redis://%s-redis.%s.svc:6379/0" .Release.Name .Release.Namespace) }}
{{- end }}

{{/* Where a part's pods may run; call with its values. */}}
{{- define "hubbub.placement" -}}
{{- range $field := list "nodeSelector" "tolerations" }}
{{- with get $ $field }}
{{ toYaml (dict $field .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What Kubernetes calls the restricted pod security standard, with a read-only root. */}}
{{- define "hubbub.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
"true" when Redis gets a volume claim. A StatefulSet's claims can't be changed, so the one that is there decides for
`auto`, whatever StorageClasses have come and gone since.
*/}}
{{- define "hubbub.redisClaim" -}}
{{- $enabled := toString .Values.redis.persistence.enabled -}}
{{- if ne $enabled "auto" -}}
{{ $enabled }}
{{- else -}}
{{- $there := lookup "apps/v1" "StatefulSet" .Release.Namespace (printf "%s-redis" .Release.Name) -}}
{{- if $there -}}
{{ not (empty $there.spec.volumeClaimTemplates) }}
{{- else if .Values.redis.persistence.storageClass -}}
true
{{- else -}}
{{- $found := false -}}
{{- range (lookup "storage.k8s.io/v1" "StorageClass" "" "").items -}}
{{- if eq (dig "annotations" "storageclass.kubernetes.io/is-default-class" "" .metadata) "true" -}}
{{- $found = true -}}
{{- end -}}
{{- end -}}
{{ $found }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "hubbub.leaseRule" }}
  - apiGroups: [coordination.k8s.io]
    resources: [leases]
    verbs: [create]
  - apiGroups: [coordination.k8s.io]
    resources: [leases]
    resourceNames: [hubbub-operator]
    verbs: [get, update]
{{- end }}
