"""The one table of the ecosystem's annotations (reference section 12): whose they are, how a value is split, where it
leads, and what it can be looked up by. Only data.
"""

from dataclasses import dataclass
from typing import Final, Literal

Category = Literal[
    "source",
    "ci",
    "gitops",
    "kubernetes",
    "infrastructure",
    "monitoring",
    "logs",
    "traces",
    "errors",
    "incidents",
    "security",
    "quality",
    "documentation",
    "work",
    "flags",
    "cost",
    "people",
    "origin",
    "other",
]
CATEGORIES: Final[dict[Category, str]] = {
    "incidents": "On call and incidents",
    "monitoring": "Monitoring",
    "logs": "Logs",
    "traces": "Traces",
    "errors": "Errors",
    "source": "Source code",
    "ci": "CI/CD",
    "gitops": "GitOps",
    "kubernetes": "Kubernetes",
    "infrastructure": "Infrastructure",
    "security": "Security",
    "quality": "Quality",
    "documentation": "Documentation",
    "flags": "Feature flags",
    "work": "Issues and planning",
    "cost": "Cost",
    "people": "Identity",
    "origin": "Where it comes from",
    "other": "Other annotations",
}
"""The headings, in the order in which pages show them: what is needed in an incident first."""

Shape = Literal["text", "list", "labels", "path", "url", "urls"]
"""`list` is comma-separated, `labels` is `k=v` pairs, `path` is parts between slashes such as `org/project`."""

Lookup = Literal[
    "",
    "pagerduty-service",
    "pagerduty-key",
    "opsgenie",
    "on-call",
    "alert-name",
    "label-set",
    "repository",
    "kubernetes",
    "argocd-app",
    "sentry-project",
    "service-name",
    "image",
    "cloud-resource",
    "team",
    "url",
]
"""What kind of key the value is for whoever starts from an alert; empty where nobody would."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One well-known annotation.

    `links` are pairs of a label and a template: `{base}` is the instance (`BASES[tool]` or as configured), `{value}` the
    value with its slashes, `{query}` the value encoded whole, `{first}` and `{last}` its outer parts between slashes.
    """

    key: str
    label: str
    category: Category
    tool: str
    shape: Shape = "text"
    lookup: Lookup = ""
    links: tuple[tuple[str, str], ...] = ()
    is_secret: bool = False


BASES: Final[dict[str, str]] = {
    "GitHub": "https://github.com",
    "GitLab": "https://gitlab.com",
    "Bitbucket": "https://bitbucket.org",
    "CircleCI": "https://app.circleci.com",
    "Travis CI": "https://app.travis-ci.com",
    "Buildkite": "https://buildkite.com",
    "Cloud Build": "https://console.cloud.google.com",
    "Quay": "https://quay.io",
    "SonarQube": "https://sonarcloud.io",
    "Snyk": "https://app.snyk.io",
    "Sentry": "https://sentry.io",
    "PagerDuty": "https://app.pagerduty.com",
    "Opsgenie": "https://app.opsgenie.com",
    "Rootly": "https://rootly.com",
    "Datadog": "https://app.datadoghq.com",
    "New Relic": "https://one.newrelic.com",
}
"""The public instance of each tool that has one. Tools that everybody runs at home have none until it is configured."""

_REPOSITORY = (("Repository", "{base}/{value}"),)
_OWN_URL = (("Open", "{url}"),)


def _row(key: str, label: str, category: Category, tool: str, shape: Shape = "text", lookup: Lookup = "",
         *links: tuple[str, str], is_secret: bool = False) -> Annotation:  # fmt: skip
    return Annotation(key, label, category, tool, shape, lookup, links, is_secret)


# fmt: off
_ROWS: Final = (
    _row("github.com/project-slug", "Repository", "source", "GitHub", "path", "repository", *_REPOSITORY,
         ("Pull requests", "{base}/{value}/pulls"), ("Actions", "{base}/{value}/actions"),
         ("Issues", "{base}/{value}/issues")),
    _row("github.com/team-slug", "Team", "people", "GitHub", "path", "team", ("Team", "{base}/orgs/{first}/teams/{last}")),
    _row("github.com/user-login", "User", "people", "GitHub", "path", "", ("Profile", "{base}/{value}")),
    _row("github.com/user-id", "User id", "people", "GitHub"),
    _row("github.com/project-readme-path", "Readme", "documentation", "GitHub"),
    _row("github.com/workflows", "Workflows", "ci", "GitHub", "list"),
    _row("gitlab.com/project-slug", "Project", "source", "GitLab", "path", "repository", *_REPOSITORY,
         ("Merge requests", "{base}/{value}/-/merge_requests"), ("Pipelines", "{base}/{value}/-/pipelines"),
         ("Issues", "{base}/{value}/-/issues")),
    _row("gitlab.com/project-id", "Project id", "source", "GitLab", "text", "repository",
         ("Project", "{base}/projects/{query}")),
    _row("gitlab.com/instance", "Instance", "source", "GitLab"),
    _row("gitlab.com/readme-path", "Readme", "documentation", "GitLab"),
    _row("gitlab.com/codeowners-path", "CODEOWNERS", "source", "GitLab"),
    _row("gitlab.com/user-login", "User", "people", "GitLab", "path", "", ("Profile", "{base}/{value}")),
    _row("gitlab.com/team-path", "Group", "people", "GitLab", "path", "", ("Group", "{base}/{value}")),
    _row("bitbucket.org/project-slug", "Repository", "source", "Bitbucket", "path", "repository", *_REPOSITORY,
         ("Pull requests", "{base}/{value}/pull-requests/"), ("Pipelines", "{base}/{value}/pipelines")),
    _row("bitbucket.org/repo-slug", "Repository", "source", "Bitbucket", "path", "repository", *_REPOSITORY),
    _row("bitbucket.org/repo-url", "Repository", "source", "Bitbucket", "url", "repository", *_OWN_URL),
    _row("bitbucket.org/default-branch", "Default branch", "source", "Bitbucket"),
    _row("dev.azure.com/project-repo", "Repository", "source", "Azure DevOps", "path", "repository",
         ("Repository", "{base}/{first}/_git/{last}"), ("Pull requests", "{base}/{first}/_git/{last}/pullrequests")),
    _row("dev.azure.com/project", "Project", "source", "Azure DevOps", "path", "", ("Project", "{base}/{value}")),
    _row("dev.azure.com/build-definition", "Pipelines", "ci", "Azure DevOps", "list"),
    _row("dev.azure.com/readme-path", "Readme", "documentation", "Azure DevOps"),
    _row("dev.azure.com/host-org", "Organisation", "source", "Azure DevOps"),
    _row("jenkins.io/job-full-name", "Jobs", "ci", "Jenkins", "list", "service-name"),
    _row("jenkins.io/github-folder", "Folder", "ci", "Jenkins"),
    _row("circleci.com/project-slug", "Project", "ci", "CircleCI", "path", "", ("Pipelines", "{base}/pipelines/{value}")),
    _row("travis-ci.com/repo-slug", "Builds", "ci", "Travis CI", "path", "", ("Builds", "{base}/{value}")),
    _row("gocd.org/pipelines", "Pipelines", "ci", "GoCD", "list", "", ("{item}", "{base}/go/pipeline/activity/{item}")),
    _row("buildkite.com/project-slug", "Pipeline", "ci", "Buildkite", "path", "", ("Builds", "{base}/{value}")),
    _row("google.com/cloudbuild-project-slug", "Builds", "ci", "Cloud Build", "text", "",
         ("Builds", "{base}/cloud-build/builds?project={query}")),
    _row("google.com/cloudbuild-repo-name", "Repository", "ci", "Cloud Build"),
    _row("janus-idp.io/tekton", "Pipelines", "ci", "Tekton", "text", "kubernetes"),
    _row("tekton.dev/cicd", "Pipelines", "ci", "Tekton"),
    _row("harness.io/pipelines", "Pipelines", "ci", "Harness"),
    _row("quay.io/repository-slug", "Images", "ci", "Quay", "path", "image", ("Images", "{base}/repository/{value}")),
    _row("jfrog-artifactory/image-name", "Images", "ci", "Artifactory", "text", "image"),
    _row("argocd/app-name", "Applications", "gitops", "Argo CD", "list", "argocd-app",
         ("{item}", "{base}/applications/{item}")),
    _row("argocd/app-selector", "Applications with", "gitops", "Argo CD", "labels", "argocd-app",
         ("Applications", "{base}/applications?labels={query}")),
    _row("argocd/project-name", "Project", "gitops", "Argo CD", "text", "argocd-app",
         ("Applications", "{base}/applications?proj={query}")),
    _row("argocd/app-namespace", "Namespace", "gitops", "Argo CD"),
    _row("argocd/instance-name", "Instance", "gitops", "Argo CD"),
    _row("flux/kustomization", "Kustomization", "gitops", "Flux"),
    _row("backstage.io/kubernetes-id", "Workloads", "kubernetes", "Kubernetes", "text", "kubernetes"),
    _row("backstage.io/kubernetes-label-selector", "Workloads with", "kubernetes", "Kubernetes", "labels", "kubernetes"),
    _row("backstage.io/kubernetes-namespace", "Namespace", "kubernetes", "Kubernetes", "text", "kubernetes"),
    _row("backstage.io/kubernetes-cluster", "Cluster", "kubernetes", "Kubernetes", "text", "kubernetes"),
    _row("kubernetes.io/api-server", "API server", "kubernetes", "Kubernetes", "url", "url"),
    _row("kubernetes.io/dashboard-url", "Dashboard", "kubernetes", "Kubernetes", "url", "url", *_OWN_URL),
    _row("kubernetes.io/auth-provider", "Sign-in", "kubernetes", "Kubernetes"),
    _row("amazonaws.com/account-id", "Account", "infrastructure", "AWS", "text", "cloud-resource"),
    _row("amazonaws.com/arn", "ARN", "infrastructure", "AWS", "text", "cloud-resource"),
    _row("amazonaws.com/organization-id", "Organisation", "infrastructure", "AWS"),
    _row("aws.com/lambda-function-name", "Function", "infrastructure", "AWS", "text", "cloud-resource"),
    _row("aws.com/lambda-region", "Region", "infrastructure", "AWS"),
    _row("puppet.com/certname", "Host", "infrastructure", "Puppet", "text", "cloud-resource"),
    _row("pagerduty.com/service-id", "Service", "incidents", "PagerDuty", "list", "pagerduty-service",
         ("{item}", "{base}/service-directory/{item}")),
    _row("pagerduty.com/integration-key", "Integration key", "incidents", "PagerDuty", "text", "pagerduty-key",
         is_secret=True),
    _row("pagerduty.com/account", "Account", "incidents", "PagerDuty"),
    _row("pagerduty.com/escalation-policy-id", "Escalation policy", "incidents", "PagerDuty", "text", "on-call",
         ("Escalation policy", "{base}/escalation_policies#{query}")),
    _row("opsgenie.com/component-selector", "Alerts matching", "incidents", "Opsgenie", "text", "opsgenie",
         ("Alerts", "{base}/alert/list?query={query}")),
    _row("opsgenie.com/team", "Team", "incidents", "Opsgenie", "text", "opsgenie", ("Teams", "{base}/teams/list")),
    _row("splunk.com/on-call-team", "Team", "incidents", "Splunk On-Call", "text", "on-call"),
    _row("rootly.com/service-id", "Service", "incidents", "Rootly", "text", "on-call"),
    _row("rootly.com/service-slug", "Service", "incidents", "Rootly", "text", "on-call",
         ("Service", "{base}/account/services/{query}")),
    _row("firehydrant.com/service-name", "Service", "incidents", "FireHydrant", "text", "on-call"),
    _row("ilert.com/integration-key", "Integration key", "incidents", "iLert", "text", "on-call", is_secret=True),
    _row("incident.io/service-id", "Service", "incidents", "incident.io", "text", "on-call"),
    _row("betteruptime.com/monitor-url", "Monitored address", "incidents", "Better Uptime", "url", "url", *_OWN_URL),
    _row("prometheus.io/alert", "Alerts", "monitoring", "Prometheus", "list", "alert-name"),
    _row("prometheus.io/labels", "Alerts with", "monitoring", "Prometheus", "labels", "label-set"),
    _row("prometheus.io/rule", "Graphs", "monitoring", "Prometheus", "list"),
    _row("prometheus.io/service-name", "Instance", "monitoring", "Prometheus"),
    _row("grafana/dashboard-selector", "Dashboards", "monitoring", "Grafana", "text", "",
         ("Dashboards", "{base}/dashboards?tag={query}")),
    _row("grafana/tag-selector", "Dashboards", "monitoring", "Grafana", "text", "",
         ("Dashboards", "{base}/dashboards?tag={query}")),
    _row("grafana/alert-label-selector", "Alerts with", "monitoring", "Grafana", "labels", "label-set"),
    _row("grafana/overview-dashboard", "Overview", "monitoring", "Grafana", "url", "url", *_OWN_URL),
    _row("grafana/host-id", "Instance", "monitoring", "Grafana"),
    _row("grafana/grafana-instance", "Instance", "monitoring", "Grafana"),
    _row("datadoghq.com/dashboard-url", "Dashboards", "monitoring", "Datadog", "urls", "url", *_OWN_URL),
    _row("datadoghq.com/graph-token", "Graph token", "monitoring", "Datadog", is_secret=True),
    _row("datadoghq.com/slo_tag", "SLOs with", "monitoring", "Datadog"),
    _row("datadoghq.com/monitor_tags", "Monitors with", "monitoring", "Datadog", "list", "label-set",
         ("Monitors", "{base}/monitors/manage?q={query}")),
    _row("datadoghq.com/service-name", "Service", "monitoring", "Datadog", "text", "service-name",
         ("Service", "{base}/services?query={query}"), ("Logs", "{base}/logs?query=service%3A{query}"),
         ("Traces", "{base}/apm/traces?query=service%3A{query}")),
    _row("datadoghq.com/site", "Site", "monitoring", "Datadog"),
    _row("dynatrace.com/dynatrace-entity-id", "Entity", "monitoring", "Dynatrace", "text", "service-name"),
    _row("newrelic.com/dashboard-guid", "Dashboard", "monitoring", "New Relic", "text", "service-name"),
    _row("lighthouse.com/website-url", "Audited address", "quality", "Lighthouse", "url", "url", *_OWN_URL),
    _row("loki/label-selector", "Logs with", "logs", "Loki", "labels", "label-set"),
    _row("elastic.co/index", "Index", "logs", "Elasticsearch", "text", "service-name"),
    _row("splunk.com/index", "Index", "logs", "Splunk", "text", "service-name"),
    _row("jaegertracing.io/service", "Service", "traces", "Jaeger", "text", "service-name",
         ("Traces", "{base}/search?service={query}")),
    _row("tempo/service-name", "Service", "traces", "Tempo", "text", "service-name"),
    _row("sentry.io/project-slug", "Project", "errors", "Sentry", "path", "sentry-project",
         ("Issues", "{base}/organizations/{first}/issues/?query=project%3A{last}")),
    _row("rollbar.com/project-slug", "Project", "errors", "Rollbar", "path", "service-name"),
    _row("bugsnag.com/project-key", "Project", "errors", "Bugsnag", "path", "service-name"),
    _row("periskop.io/service-name", "Service", "errors", "Periskop", "text", "service-name"),
    _row("vault.io/secrets-path", "Secrets at", "security", "Vault", "list"),
    _row("vault.io/secrets-engine", "Engine", "security", "Vault"),
    _row("snyk.io/org-name", "Organisation", "security", "Snyk", "path", "", ("Organisation", "{base}/org/{value}")),
    _row("snyk.io/org-id", "Organisation id", "security", "Snyk"),
    _row("snyk.io/org-ids", "Organisation ids", "security", "Snyk", "list"),
    _row("snyk.io/target-id", "Target", "security", "Snyk"),
    _row("snyk.io/targets", "Targets", "security", "Snyk", "list"),
    _row("snyk.io/project-ids", "Projects", "security", "Snyk", "list"),
    _row("mend.io/project-token", "Project token", "security", "Mend", is_secret=True),
    _row("sonarqube.org/project-key", "Project", "quality", "SonarQube", "path", "service-name",
         ("Dashboard", "{base}/dashboard?id={last}")),
    _row("sonarqube.org/project-instance", "Instance", "quality", "SonarQube"),
    _row("backstage.io/code-coverage", "Code coverage", "quality", "Backstage"),
    _row("qameta.io/allure-project", "Test reports", "quality", "Allure"),
    _row("backstage.io/techdocs-ref", "Read from", "documentation", "TechDocs"),
    _row("backstage.io/techdocs-entity", "Documented with", "documentation", "TechDocs"),
    _row("backstage.io/techdocs-entity-path", "First page", "documentation", "TechDocs"),
    _row("backstage.io/adr-location", "Decisions", "documentation", "ADR"),
    _row("jira/project-key", "Project", "work", "Jira", "text", "", ("Board", "{base}/browse/{query}")),
    _row("jira/component", "Component", "work", "Jira"),
    _row("launchdarkly.com/project-key", "Project", "flags", "LaunchDarkly"),
    _row("unleash/project", "Project", "flags", "Unleash"),
    _row("opencost.io/label-selector", "Workloads with", "cost", "OpenCost", "labels"),
    _row("infracost.io/project", "Project", "cost", "Infracost"),
    _row("graph.microsoft.com/tenant-id", "Tenant", "people", "Microsoft Entra"),
    _row("graph.microsoft.com/group-id", "Group", "people", "Microsoft Entra"),
    _row("graph.microsoft.com/user-id", "User", "people", "Microsoft Entra"),
    _row("microsoft.com/email", "E-mail", "people", "Microsoft Entra"),
    _row("backstage.io/ldap-rdn", "Name", "people", "LDAP"),
    _row("backstage.io/ldap-dn", "Distinguished name", "people", "LDAP"),
    _row("backstage.io/ldap-uuid", "UUID", "people", "LDAP"),
    _row("backstage.io/managed-by-location", "Read from", "origin", "Backstage", "url"),
    _row("backstage.io/managed-by-origin-location", "Named by", "origin", "Backstage", "url"),
    _row("backstage.io/view-url", "View", "origin", "Backstage", "url", "url", *_OWN_URL),
    _row("backstage.io/edit-url", "Edit", "origin", "Backstage", "url", "", *_OWN_URL),
    _row("backstage.io/source-location", "Source", "origin", "Backstage", "url", "repository", *_OWN_URL),
    _row("backstage.io/source-template", "Made with", "origin", "Backstage"),
    _row("backstage.io/orphan", "Orphan", "origin", "Backstage"),
)
# fmt: on
ANNOTATIONS: Final[dict[str, Annotation]] = {row.key: row for row in _ROWS}
"""All of them, by key."""
