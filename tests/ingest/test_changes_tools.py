"""Changes as the tools that record them export them, and as people write them down."""

from __future__ import annotations

import json
import subprocess

import pytest

import rca
from rca.errors import SourceError

T0 = 1772633400 * 10**9
SHA = "94e921a612d3e77d02a767522a6dee322cc5bd40"
AT = "2026-03-04T14:10:00Z"


def ingest(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    store = rca.open()
    item = store.ingest(path).inputs[0]
    assert item.records_read == item.records_kept + item.records_quarantined
    return store, item


def changes(store):
    found = store.query("SELECT * FROM changes ORDER BY record_no").to_dicts()
    return [{**row, "attributes": dict(row["attributes"])} for row in found]


def only(tmp_path, name, content, format_name):
    store, item = ingest(tmp_path, name, content)
    assert item.format == format_name
    assert item.records_quarantined == 0
    (row,) = changes(store)
    return row


def has(row, **expected):
    assert {key: row[key] for key in expected} == expected


PEOPLE = [
    ("deploys.json", [{"timestamp": AT, "service": "pay", "commit_sha": SHA, "version": "v1"}], {"kind": "deploy", "service_name": "pay", "revision": SHA, "service_version": "v1"}),
    ("d.csv", f"deployed_at,app,git_sha,image,deployed_by\n{AT},pay,{SHA},shop/pay:1.4.2,ann\n", {"kind": "deploy", "service_name": "pay", "revision": SHA, "service_version": "1.4.2", "author": "ann"}),
    ("flags.json", [{"timestamp": AT, "flag": "new_ui", "service": "web", "change": "off->on", "actor": "ann"}], {"kind": "flag", "feature_flag_key": "new_ui", "from_value": "off", "to_value": "on", "author": "ann"}),
    ("f.ndjson", f'{{"time":"{AT}","feature_flag":"new_ui","enabled":true}}\n{{"time":"{AT}","feature_flag":"b","enabled":false}}\n', {"kind": "flag", "feature_flag_key": "new_ui", "from_value": "off", "to_value": "on"}),
    ("commits.json", [{"sha": SHA, "author": "ann", "timestamp": AT, "message": "fix: x\n\nlong", "files_changed": ["a.py"], "diff": "@@ -1 +1 @@\n-a\n+b"}], {"kind": "commit", "revision": SHA, "author": "ann", "title": "fix: x", "files": ["a.py"], "diff": "@@ -1 +1 @@\n-a\n+b"}),
    ("commits.json", [{"id": SHA, "commit": SHA, "author": {"name": "Ann", "email": "a@b.c"}, "date": AT, "subject": "x", "diff": None}], {"kind": "commit", "author": "Ann", "diff": "", "files": []}),
    ("changes.json", [{"kind": "scale", "time": AT, "service": "pay", "from": "500m", "to": "2000m", "title": "more CPU"}], {"kind": "scale", "from_value": "500m", "to_value": "2000m", "title": "more CPU"}),
    ("changes.json", [{"type": "Feature Flag", "time": AT, "name": "promo", "state": "on"}], {"kind": "flag", "feature_flag_key": "promo", "to_value": "on"}),
    ("changes.json", [{"kind": "config", "at": AT, "service": "pay", "key": "timeout", "old_value": "1s", "new_value": "5s"}], {"kind": "config", "from_value": "1s", "to_value": "5s"}),
    ("migrations.csv", f"executed_at,migration,service\n{AT},0042_add_index,pay\n", {"kind": "migration", "title": "0042_add_index", "service_name": "pay"}),
    ("changes.json", [{"kind": "rollback", "time": AT, "service": "pay", "version": "1.1", "previous_version": "1.2"}], {"kind": "rollback", "service_version": "1.1", "from_value": "1.2", "to_value": "1.1"}),
    ("changes.json", [{"kind": "experiment", "time": AT, "end": "2026-03-04T14:20:00Z", "experiment": "flag off", "service": "pay", "title": "toggled", "control_start": "x"}], {"kind": "experiment", "title": "toggled", "end_ns": T0 + 600 * 10**9}),
    ("alert.json", {"service": "pay", "metric": "errors", "threshold": 0.05, "observed": 0.71, "fired_at": AT, "severity": "critical", "summary": "pay fails"}, {"kind": "incident", "service_name": "pay", "title": "pay fails"}),
    ("incidents.csv", f"started_at,resolved_at,service,title,severity\n{AT},2026-03-04T14:20:00Z,pay,down,1\n", {"kind": "incident", "service_name": "pay", "title": "down", "end_ns": T0 + 600 * 10**9}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "expected"), PEOPLE, ids=[f"{name}-{at}" for at, (name, _, _) in enumerate(PEOPLE)]
)
def test_people_s_names(tmp_path, name, content, expected):
    store, item = ingest(tmp_path, name, content)
    assert item.records_quarantined == 0
    row = changes(store)[0]
    has(row, time_ns=T0, **expected)


def test_attributes_of_an_alert_keep_their_digits(tmp_path):
    store, _ = ingest(
        tmp_path,
        "alert.json",
        f'{{"service": "pay", "metric": "errors", "threshold": 0.050, "observed": 0.71, "fired_at": "{AT}"}}',
    )
    assert changes(store)[0]["attributes"] == {"metric": "errors", "threshold": "0.050", "observed": "0.71"}


def test_several_commits_share_a_deploy(tmp_path):
    deploy = {
        "time": AT,
        "service": "pay",
        "version": "2",
        "commits": [
            {"sha": "a" * 40, "message": "one"},
            {"sha": "b" * 40, "message": "two", "files": [{"filename": "x", "patch": "@@"}]},
        ],
    }
    store, _ = ingest(tmp_path, "deploys.json", [deploy])
    found = changes(store)
    assert [(row["kind"], row["revision"], row["files"]) for row in found] == [
        ("deploy", "", []),
        ("commit", "a" * 40, []),
        ("commit", "b" * 40, ["x"]),
    ]
    assert found[2]["diff"] == "--- a/x\n+++ b/x\n@@\n"
    assert "a" * 40 in found[0]["attributes"]["commits"]


def test_a_record_whose_time_is_none_is_set_apart(tmp_path):
    store, item = ingest(
        tmp_path,
        "deploys.json",
        [{"time": "soon", "service": "pay", "version": "1"}, {"time": AT, "service": "pay", "version": "2"}],
    )
    assert [row["service_version"] for row in changes(store)] == ["2"]
    assert store.query("SELECT reason, record_no FROM quarantine").rows() == [("time is 'soon', which is no time", 0)]
    assert item.status == "partial"


STATUS = {
    "provider": "cards-inc",
    "components": [{"name": "API", "status": "degraded"}],
    "incidents": [
        {
            "id": "i1",
            "name": "Errors",
            "impact": "major",
            "status": "monitoring",
            "started_at": AT,
            "updates": [{"timestamp": AT, "body": "looking"}],
        }
    ],
    "error_rate_pct": [{"timestamp": AT, "endpoint": "/charges", "value": 12.7}],
}


def test_status_feeds(tmp_path):
    store, item = ingest(tmp_path, "status.json", STATUS)
    assert item.format == "status-feed"
    (row,) = changes(store)
    has(row, kind="incident", service_name="", title="Errors", time_ns=T0)
    assert {key: row["attributes"][key] for key in ("rca.source", "provider", "impact", "id")} == {
        "rca.source": "status_feed",
        "provider": "cards-inc",
        "impact": "major",
        "id": "i1",
    }
    assert store.query("SELECT metric_name, service_name, value FROM metrics").rows() == [("error_rate_pct", "", 12.7)]
    events = {
        "source": "infra",
        "component": "dns",
        "events": [{"timestamp": AT, "status": "degraded", "detail": "SERVFAIL"}],
    }
    row = only(tmp_path, "feed.json", events, "status-feed")
    has(row, title="SERVFAIL", kind="incident")
    assert row["attributes"]["component"] == "dns"


def test_github(tmp_path):
    deployment = {"id": 1, "sha": SHA, "ref": "v1.2", "task": "deploy", "environment": "production", "created_at": "2026-03-04T14:05:00Z", "creator": {"login": "ann"},
                  "repository_url": "https://api.github.com/repos/shop/pay", "statuses_url": "u", "statuses": [{"state": "success", "created_at": AT}]}  # fmt: skip
    row = only(tmp_path, "d.json", [deployment], "github-deployments")
    has(row, kind="deploy", time_ns=T0, service_name="pay", revision=SHA, service_version="v1.2", author="ann")
    assert row["attributes"]["deployment.status"] == "success"
    commit = {
        "sha": SHA,
        "commit": {
            "author": {"name": "Ann", "date": AT},
            "committer": {"name": "Ann", "date": AT},
            "message": "x\n\ny",
        },
        "files": [{"filename": "a.py", "patch": "@@ -1 +1 @@\n-a\n+b"}],
        "html_url": "u",
    }
    row = only(tmp_path, "c.json", [commit], "github-commits")
    has(
        row,
        kind="commit",
        time_ns=T0,
        revision=SHA,
        author="Ann",
        title="x",
        files=["a.py"],
        diff="--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+b\n",
    )
    release = {
        "tag_name": "v2",
        "target_commitish": "main",
        "published_at": AT,
        "name": "Two",
        "author": {"login": "ann"},
        "html_url": "https://github.com/shop/pay/releases/v2",
    }
    has(
        only(tmp_path, "r.json", [release], "github-releases"),
        kind="deploy",
        service_version="v2",
        service_name="pay",
        revision="",
    )


def test_gitlab(tmp_path):
    deployment = {"id": 4, "iid": 2, "ref": "main", "sha": SHA, "status": "success", "created_at": "2026-03-04T14:00:00Z", "environment": {"name": "prod"}, "user": {"username": "ann"},
                  "deployable": {"finished_at": AT, "web_url": "https://gitlab.example/team/pay/-/jobs/1", "commit": {"title": "fix"}}}  # fmt: skip
    has(
        only(tmp_path, "d.json", [deployment], "gitlab-deployments"),
        kind="deploy",
        time_ns=T0,
        revision=SHA,
        service_name="pay",
        author="ann",
        title="fix",
    )
    commit = {
        "id": SHA,
        "short_id": SHA[:8],
        "title": "x",
        "message": "x",
        "author_name": "Ann",
        "committed_date": AT,
        "web_url": "u",
    }
    has(
        only(tmp_path, "c.json", [commit], "gitlab-commits"),
        kind="commit",
        revision=SHA,
        author="Ann",
        title="x",
        time_ns=T0,
    )


def test_argo_and_spinnaker(tmp_path):
    history = [
        {
            "id": 1,
            "revision": "a" * 40,
            "deployedAt": "2026-03-04T14:00:00Z",
            "source": {"repoURL": "r", "targetRevision": "HEAD"},
        },
        {
            "id": 2,
            "revision": SHA,
            "deployedAt": AT,
            "initiatedBy": {"username": "ann"},
            "source": {"repoURL": "r", "helm": {"parameters": [{"name": "image.tag", "value": "1.3"}]}},
        },
    ]
    store, item = ingest(
        tmp_path, "app.json", {"kind": "Application", "metadata": {"name": "pay"}, "status": {"history": history}}
    )
    assert item.format == "argocd"
    has(
        changes(store)[1],
        kind="deploy",
        service_name="pay",
        revision=SHA,
        service_version="1.3",
        time_ns=T0,
        from_value="a" * 40,
        author="ann",
    )
    execution = {
        "id": "e",
        "application": "pay",
        "name": "to prod",
        "status": "SUCCEEDED",
        "startTime": 1772633400000,
        "endTime": 1772633460000,
        "stages": [{"type": "undoRolloutManifest"}],
        "trigger": {"tag": "1.2"},
        "authentication": {"user": "ann"},
    }
    has(
        only(tmp_path, "s.json", [execution], "spinnaker"),
        kind="rollback",
        service_name="pay",
        service_version="1.2",
        time_ns=T0,
        end_ns=T0 + 60 * 10**9,
        author="ann",
        title="to prod",
    )


def test_helm_and_kubectl(tmp_path):
    row = only(
        tmp_path,
        "h.json",
        [
            {
                "revision": 2,
                "updated": "2026-03-04 14:10:00.5 +0000 UTC",
                "status": "deployed",
                "chart": "pay-1.2.3",
                "app_version": "4.5",
                "description": "Upgrade complete",
            }
        ],
        "helm",
    )
    has(row, kind="deploy", service_name="pay", service_version="4.5", time_ns=T0 + 500_000_000)
    text = "REVISION\tUPDATED                 \tSTATUS    \tCHART    \tAPP VERSION\tDESCRIPTION     \n1       \tWed Mar  4 14:10:00 2026\tsuperseded\tpay-1.2.3\t4.5        \tRollback to 1\n"
    has(
        only(tmp_path, "h.txt", text, "rollout-history"),
        kind="rollback",
        service_name="pay",
        service_version="4.5",
        time_ns=T0,
    )
    text = "deployment.apps/pay \nREVISION  CHANGE-CAUSE\n1         <none>\n2         kubectl set image deployment/pay pay=shop/pay:1.2\n"
    store, _ = ingest(tmp_path, "k.txt", text)
    assert [
        (row["service_name"], row["service_version"], row["time_ns"], row["attributes"]["rollout.revision"])
        for row in changes(store)
    ] == [("pay", "", None, "1"), ("pay", "1.2", None, "2")]


def event(reason, message, kind, name, **more):
    return {
        "kind": "Event",
        "type": "Normal",
        "reason": reason,
        "message": message,
        "involvedObject": {"kind": kind, "name": name},
        "lastTimestamp": AT,
        "metadata": {"name": "e", "creationTimestamp": AT},
        **more,
    }


def test_kubernetes(tmp_path):
    items = [
        event("ScalingReplicaSet", "Scaled up replica set pay-7d9f8b6c5d to 3 from 1", "Deployment", "pay"),
        event(
            "OOMKilling",
            "killed",
            "Pod",
            "pay-7d9f8b6c5d-x2k4p",
            type="Warning",
            lastTimestamp=None,
            eventTime=None,
            firstTimestamp=None,
        ),
        {
            "kind": "ReplicaSet",
            "metadata": {
                "name": "pay-7d9f8b6c5d",
                "creationTimestamp": AT,
                "annotations": {"deployment.kubernetes.io/revision": "7"},
                "ownerReferences": [{"name": "pay"}],
            },
            "spec": {"template": {"spec": {"containers": [{"image": "shop/pay:1.3"}]}}},
        },
    ]
    store, item = ingest(tmp_path, "events.json", {"apiVersion": "v1", "kind": "List", "items": items})
    assert (item.format, item.records_kept) == ("kubernetes", 3)
    found = changes(store)
    has(found[0], kind="scale", service_name="pay", from_value="1", to_value="3", time_ns=T0)
    has(found[1], kind="deploy", service_name="pay", service_version="1.3", time_ns=T0)
    assert store.query("SELECT time_ns, service_name, severity_number, body FROM logs").rows() == [
        (T0, "pay", 13, "killed")
    ]


def test_flag_services(tmp_path):
    entry = {
        "_id": "1",
        "date": 1772633400000,
        "kind": "flag",
        "name": "New UI",
        "titleVerb": "turned on the flag",
        "member": {"email": "a@b.c"},
        "accesses": [{"action": "updateOn", "resource": "proj/shop:env/production:flag/new-ui"}],
    }
    row = only(tmp_path, "ld.json", {"items": [entry], "totalCount": 1}, "launchdarkly")
    has(row, kind="flag", feature_flag_key="new-ui", from_value="off", to_value="on", time_ns=T0, author="a@b.c")
    assert row["attributes"]["environment"] == "production"
    row = only(
        tmp_path,
        "u.json",
        {
            "events": [
                {
                    "id": 1,
                    "type": "feature-environment-disabled",
                    "createdBy": "ann",
                    "createdAt": AT,
                    "featureName": "new-ui",
                    "environment": "prod",
                }
            ]
        },
        "unleash",
    )
    has(row, kind="flag", feature_flag_key="new-ui", to_value="off", time_ns=T0, author="ann")
    row = only(
        tmp_path,
        "fs.json",
        {
            "count": 1,
            "results": [
                {
                    "created_date": AT,
                    "log": "Flag state / Remote Config value updated to True for feature: new_ui",
                    "author": {"email": "a@b.c"},
                    "environment": {"name": "prod"},
                }
            ],
        },
        "flagsmith",
    )
    has(row, kind="flag", feature_flag_key="new_ui", to_value="on", time_ns=T0)


def test_events_annotations_alerts(tmp_path):
    cd = {
        "context": {
            "version": "0.4.0",
            "id": "1",
            "source": "/ci",
            "type": "dev.cdevents.service.rolledback.0.3.0",
            "timestamp": AT,
        },
        "subject": {
            "id": "/apps/pay",
            "type": "service",
            "content": {"environment": {"id": "prod"}, "artifactId": "pkg:oci/pay@sha256:ab?tag=1.2"},
        },
    }
    has(
        only(tmp_path, "cd.json", [cd], "cloudevents"),
        kind="rollback",
        service_name="pay",
        service_version="1.2",
        time_ns=T0,
    )
    ce = {
        "specversion": "1.0",
        "id": "2",
        "source": "/flags",
        "type": "com.shop.flag.toggled",
        "time": AT,
        "data": {"flag": "new_ui", "service": "web"},
    }
    has(only(tmp_path, "ce.json", ce, "cloudevents"), kind="flag", feature_flag_key="new_ui", service_name="web")
    mark = {
        "id": 1,
        "dashboardId": 2,
        "time": 1772633400000,
        "timeEnd": 1772633460000,
        "tags": ["deploy", "service:pay"],
        "text": "pay <b>1.4.2</b> out",
        "login": "ann",
    }
    has(
        only(tmp_path, "a.json", [mark], "grafana-annotations"),
        kind="deploy",
        service_name="pay",
        service_version="1.4.2",
        time_ns=T0,
        end_ns=T0 + 60 * 10**9,
        title="pay 1.4.2 out",
    )
    alert = {
        "labels": {"alertname": "HighErrors", "service": "pay", "severity": "page"},
        "annotations": {"summary": "pay fails"},
        "startsAt": AT,
        "endsAt": "0001-01-01T00:00:00Z",
        "status": {"state": "active"},
    }
    row = only(tmp_path, "am.json", {"status": "success", "data": {"alerts": [alert]}}, "alertmanager")
    has(row, kind="incident", service_name="pay", title="pay fails", time_ns=T0, end_ns=None)


LOG = f"""commit {SHA} (HEAD -> main, tag: v1)
Author: Ann <a@b.c>
Date:   Wed Mar 4 15:10:00 2026 +0100

    Fix the cart

    Long words.

 cart/a.py | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/cart/a.py b/cart/a.py
index 1..2 100644
--- a/cart/a.py
+++ b/cart/a.py
@@ -1 +1 @@
-commit {SHA}
+b

commit {"b" * 40}
Merge: 1 2
Author: Bo <b@b.c>
Date:   2026-03-04T14:10:00+00:00

    Second

1\t2\tx.py
M\ty.py
"""


def test_git_log(tmp_path):
    store, item = ingest(tmp_path, "commits.txt", LOG)
    assert (item.format, item.records_kept) == ("git-log", 2)
    first, second = changes(store)
    has(first, kind="commit", revision=SHA, author="Ann", title="Fix the cart", files=["cart/a.py"], time_ns=T0)
    assert first["diff"].startswith("diff --git a/cart/a.py")
    assert first["diff"].endswith("+b\n")
    assert first["attributes"]["message"] == "Fix the cart\n\nLong words."
    has(second, title="Second", files=["x.py", "y.py"], time_ns=T0, diff="")


def git(folder, *words):
    safe = ["-c", "user.name=Ann", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *safe, *words], cwd=folder, check=True, capture_output=True)


def test_a_repository_is_its_history_and_runs_nothing(tmp_path):
    repo, trap = tmp_path / "repo", tmp_path / "ran"
    repo.mkdir()
    git(repo, "init", "-q", ".")
    (repo / "a.py").write_text("one\n")
    (repo / ".gitattributes").write_text("*.py diff=trap\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "First")
    (repo / "a.py").write_text("two\n")
    git(repo, "commit", "-qam", "Second")
    script = tmp_path / "trap.sh"
    script.write_text(f'#!/bin/sh\ntouch {trap}\ncat "$1"\n')
    script.chmod(0o755)
    for key in (
        "diff.trap.command",
        "diff.trap.textconv",
        "diff.external",
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
        "core.sshCommand",
    ):
        git(repo, "config", key, str(script))
    git(repo, "config", "log.showSignature", "true")
    with rca.open() as store:
        (item,) = store.ingest(repo).inputs
        found = changes(store)
    assert (item.format, item.records_kept) == ("git-log", 2)
    assert [(row["title"], row["files"]) for row in found] == [
        ("Second", ["a.py"]),
        ("First", [".gitattributes", "a.py"]),
    ]
    assert "-one\n+two\n" in found[0]["diff"]
    assert not trap.exists()


def test_a_repository_without_commits_says_so(tmp_path):
    git(tmp_path, "init", "-q", ".")
    with rca.open() as store, pytest.raises(SourceError, match="git cannot read"):
        store.ingest(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        f"commit {SHA}\ntree {SHA}\nparent {SHA}\nauthor Ann B <a@example.org> 1772629000 +0100\ncommitter Bob <b@example.org> 1772633400 +0100\n\n    Fix: it\n",
        f"* commit {SHA}\n| Author: Ann B <a@example.org>\n| Date:   Wed Mar 4 15:10:00 2026 +0100\n| \n|     Fix: it\n| \n| diff --git a/a.py b/a.py\n| --- a/a.py\n| +++ b/a.py\n| @@ -1 +1 @@\n| -x\n| +y\n",
        f"{SHA}|Ann B|2026-03-04T15:10:00+01:00|Fix: it\n",
        f"{SHA}\t1772633400\tAnn B\ta@example.org\tFix: it\n" if False else f"{SHA};Ann B;a@example.org;1772633400;Fix: it\n",
    ],
    ids=["raw", "graph", "bars", "semicolons"],
)  # fmt: skip
def test_more_ways_to_print_a_log(tmp_path, text):
    store, item = ingest(tmp_path, "log.txt", text)
    assert (item.records_read, item.records_quarantined) == (1, 0)
    (row,) = changes(store)
    has(row, kind="commit", revision=SHA, author="Ann B", title="Fix: it", time_ns=1772633400 * 10**9)
    assert ("+y" in row["diff"]) == ("diff" in text)


RUN = {"id": 1, "workflow_id": 2, "name": "Deploy", "display_title": "Fix", "head_sha": SHA, "status": "completed", "conclusion": "success", "created_at": AT, "run_started_at": AT, "updated_at": AT, "actor": {"login": "ann"}, "repository": {"name": "shop"}}  # fmt: skip
RELEASE = {"kind": "HelmRelease", "metadata": {"name": "shop"}, "status": {"history": [{"appVersion": "1.2", "chartName": "shop", "lastDeployed": AT, "status": "deployed"}]}}  # fmt: skip
APPLIED = {"kind": "Kustomization", "metadata": {"name": "shop"}, "status": {"lastAppliedRevision": f"main@sha1:{SHA}", "conditions": [{"lastTransitionTime": AT, "message": "Applied"}]}}  # fmt: skip


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"workflow_runs": [RUN]}, {"kind": "deploy", "service_name": "shop", "revision": SHA, "author": "ann"}),
        ({"workflow_runs": [RUN | {"name": "Tests"}]}, {"kind": "commit", "service_name": "shop", "revision": SHA}),
        (RELEASE, {"kind": "deploy", "service_name": "shop", "service_version": "1.2"}),
        (APPLIED, {"kind": "deploy", "service_name": "shop", "revision": SHA}),
    ],
    ids=["run", "tests", "helm", "kustomization"],
)
def test_runs_and_flux(tmp_path, record, expected):
    store, _ = ingest(tmp_path, "changes.json", json.dumps(record))
    (row,) = changes(store)
    has(row, time_ns=1772633400 * 10**9, **expected)
