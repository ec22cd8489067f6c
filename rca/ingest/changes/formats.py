"""The formats of changes."""

from __future__ import annotations

from rca.ingest.changes.alerts import ALERTMANAGER
from rca.ingest.changes.annotations import GRAFANA_ANNOTATIONS
from rca.ingest.changes.argocd import ARGOCD
from rca.ingest.changes.cloudevents import CLOUDEVENTS
from rca.ingest.changes.flags import FLAGSMITH, LAUNCHDARKLY, UNLEASH
from rca.ingest.changes.github import GITHUB_COMMITS, GITHUB_DEPLOYMENTS, GITHUB_RELEASES
from rca.ingest.changes.gitlab import GITLAB_COMMITS, GITLAB_DEPLOYMENTS
from rca.ingest.changes.gitlines import GIT_LINES
from rca.ingest.changes.gitlog import GIT_LOG
from rca.ingest.changes.kubernetes import KUBERNETES
from rca.ingest.changes.rollouts import HELM, ROLLOUT_TEXT
from rca.ingest.changes.spinnaker import SPINNAKER
from rca.ingest.changes.statusfeed import STATUS_FEED
from rca.ingest.changes.tools import TOOLS
from rca.ingest.contract import Format

__all__ = ["CHANGE_FORMATS"]

CHANGE_FORMATS: tuple[Format, ...] = (
    GITHUB_DEPLOYMENTS,
    GITHUB_RELEASES,
    GITHUB_COMMITS,
    GITLAB_DEPLOYMENTS,
    GITLAB_COMMITS,
    ARGOCD,
    SPINNAKER,
    HELM,
    ROLLOUT_TEXT,
    KUBERNETES,
    LAUNCHDARKLY,
    UNLEASH,
    FLAGSMITH,
    CLOUDEVENTS,
    GRAFANA_ANNOTATIONS,
    ALERTMANAGER,
    STATUS_FEED,
    GIT_LOG,
    GIT_LINES,
    *TOOLS,
)
