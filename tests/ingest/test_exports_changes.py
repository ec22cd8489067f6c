"""Changes as delivery tools and flag services list them."""

from __future__ import annotations

import json

import pytest

import rca

T0 = 1772633400 * 10**9
WHEN, LATER = "2026-03-04T14:10:00Z", "2026-03-04T14:11:00Z"
SHA = "5b8efff798038103d269b633813fc60c5b8efff7"


def ingest(tmp_path, document):
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(document))
    store = rca.open()
    item = store.ingest(path).inputs[0]
    assert item.records_read == item.records_kept + item.records_quarantined
    return store, item


DEPLOYS = {
    "pagerduty-changes": {"change_events": [{"id": "1", "summary": "shop 1.4 deployed", "timestamp": WHEN, "type": "change_event", "source": "ci", "services": [{"summary": "shop"}],
                                             "custom_details": {"version": "1.4", "sha": SHA}}]},
    "jenkins": {"name": "shop", "builds": [{"number": 14, "timestamp": T0 // 10**6, "result": "SUCCESS", "building": False, "fullDisplayName": "shop #14", "url": "https://ci/14"}]},
    "circleci": {"items": [{"id": "1", "name": "deploy", "project_slug": "gh/acme/shop", "status": "success", "created_at": WHEN, "stopped_at": LATER, "pipeline_number": 14}]},
    "codedeploy": {"deploymentInfo": {"applicationName": "shop", "deploymentId": "d-1", "createTime": WHEN, "completeTime": LATER, "status": "Succeeded",
                                      "revision": {"gitHubLocation": {"commitId": SHA}}}},
    "bitbucket": {"values": [{"type": "deployment", "environment": {"name": "prod"}, "release": {"name": "14", "commit": {"hash": SHA, "repository": {"name": "shop"}}},
                              "state": {"name": "COMPLETED", "started_on": WHEN, "completed_on": LATER}}]},
    "azure-devops": {"count": 1, "value": [{"id": 1, "name": "14", "createdOn": WHEN, "createdBy": {"displayName": "Someone"}, "releaseDefinition": {"id": 1, "name": "shop"}}]},
    "sentry-releases": [{"version": "shop@14", "shortVersion": "14", "dateCreated": "2026-03-04T10:00:00Z", "dateReleased": WHEN, "projects": [{"slug": "shop"}], "ref": SHA}],
    "octopus": {"Items": [{"Id": "Deployments-1", "ReleaseId": "14", "EnvironmentId": "e", "ProjectName": "shop", "Created": WHEN, "Name": "Deploy"}]},
    "ecs": {"services": [{"serviceName": "shop", "deployments": [{"id": "x", "taskDefinition": "arn:aws:ecs:eu:1:task-definition/shop:14", "rolloutState": "COMPLETED", "createdAt": WHEN}]}]},
    "vercel": {"deployments": [{"uid": "14", "name": "shop", "created": T0 // 10**6, "state": "READY", "target": "production", "meta": {"githubCommitSha": SHA}}]},
}  # fmt: skip


@pytest.mark.parametrize("name", DEPLOYS)
def test_deploys(tmp_path, name):
    store, item = ingest(tmp_path, DEPLOYS[name])
    assert (item.format, item.records_read) == (name, 1)
    row = store.query("SELECT time_ns, kind, service_name, service_version, revision FROM changes").rows()[0]
    assert row[:3] == (T0, "deploy", "shop")
    assert row[3] in {"14", "1.4", "shop:14", ""}
    assert row[3] or row[4] == SHA
    assert (row[4] == SHA) == (SHA in json.dumps(DEPLOYS[name]))


FLAGS = {
    "configcat": [{"auditLogId": 1, "auditLogDateTime": WHEN, "auditLogType": "Setting value changed", "actionTarget": "new_cart", "userEmail": "a@b.example"}],
    "split": {"data": [{"id": "1", "actor": "a@b.example", "organization": "o", "time": T0 // 10**6, "type": "split.updated", "object": {"name": "new_cart"}, "title": "updated"}]},
    "statsig": {"data": [{"id": "1", "name": "new_cart", "changeType": "update", "modifierEmail": "a@b.example", "date": "2026-03-04", "time": "14:10:00", "changes": "10 to 50"}]},
}  # fmt: skip


@pytest.mark.parametrize("name", FLAGS)
def test_flags(tmp_path, name):
    store, item = ingest(tmp_path, FLAGS[name])
    assert item.format == name
    assert store.query("SELECT time_ns, kind, feature_flag_key, author FROM changes").rows() == [(T0, "flag", "new_cart", "a@b.example")]  # fmt: skip


def test_runs_of_terraform_take_effect_when_applied(tmp_path):
    run = {"id": "run-1", "type": "runs", "attributes": {"created-at": "2026-03-04T10:00:00Z", "message": "raise limits", "status": "applied", "status-timestamps": {"applied-at": WHEN}}}  # fmt: skip
    store, _ = ingest(tmp_path, {"data": [run]})
    assert store.query("SELECT time_ns, kind, title FROM changes").rows() == [(T0, "config", "raise limits")]


@pytest.mark.parametrize(("title", "status", "kind", "shown"), [("roll back shop", "success", "rollback", "roll back shop"), ("deploy", "failed", "deploy", "deploy (failed)")])  # fmt: skip
def test_what_a_title_says(tmp_path, title, status, kind, shown):
    store, _ = ingest(tmp_path, [{"name": title, "project_slug": "gh/acme/shop", "status": status, "created_at": WHEN}])
    assert store.query("SELECT kind, title FROM changes").rows() == [(kind, shown)]


def test_a_change_event_of_a_flag(tmp_path):
    event = {"summary": "toggled new_cart", "timestamp": WHEN, "type": "change_event", "services": []}
    store, _ = ingest(tmp_path, {"change_events": [event]})
    assert store.query("SELECT kind FROM changes").item() == "flag"


def test_a_time_that_is_none_is_set_apart(tmp_path):
    good = {"name": "deploy", "project_slug": "gh/acme/shop", "created_at": WHEN}
    _, item = ingest(tmp_path, [good, {**good, "created_at": "soon"}])
    assert (item.records_kept, item.records_quarantined) == (1, 1)
