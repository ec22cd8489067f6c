"""Small diffs in many languages: the mechanism is read, and what runs nowhere or changes nothing is not."""

from __future__ import annotations

import pytest

from rca.mechanisms.diffs import parse_diff
from rca.mechanisms.weigh import MECHANISMS

CULPRITS = [
    ("timeout_lowered", "app/http.kt", "-val callTimeout = Duration.ofSeconds(8)\n+val callTimeout = Duration.ofSeconds(1)"),
    ("timeout_lowered", "deploy/proxy.conf", "-proxy_read_timeout 30s;\n+proxy_read_timeout 2s;"),
    ("pool_lowered", "src/db.ts", "-const pool = new Pool({ max: 40 })\n+const pool = new Pool({ max: 4 })"),
    ("pool_lowered", "src/main/resources/application.yml", "-      maximum-pool-size: 30\n+      maximum-pool-size: 3"),
    ("pool_lowered", "store/open.go", "-\tdb.SetMaxOpenConns(60)\n+\tdb.SetMaxOpenConns(6)"),
    ("retries_raised", "lib/client.rb", "-  MAX_RETRIES = 1\n+  MAX_RETRIES = 8"),
    ("retries_raised", "client/send.py", "-send(order, retries=1)\n+send(order, retries=9)"),
    ("index_lost", "db/migrate/0007_trim.sql", "+DROP INDEX idx_orders_buyer;"),
    ("index_lost", "shop/models.py", "-    sku = CharField(max_length=20, db_index=True)\n+    sku = CharField(max_length=20)"),
    ("migration", "db/migrate/20_names.rb", "+    rename_column :buyers, :mail, :email_address"),
    ("cache_changed", "src/Prices.cs", "-        return _cache.GetOrCreate(sku, e => Load(sku));\n+        return Load(sku);"),
    ("cache_changed", "config/prices.env", "-PRICE_CACHE_TTL=600\n+PRICE_CACHE_TTL=5"),
    ("field_renamed", "api/order.go", '-\tBuyer string `json:"buyer_id"`\n+\tBuyer string `json:"customer_id"`'),
    ("field_renamed", "api/Order.java", '-  @JsonProperty("total")\n+  @JsonProperty("total_cents")'),
    ("query_changed", "src/find.py", "-    rows = Order.objects.filter(open=True)\n+    rows = Order.objects.all()"),
    ("limit_lowered", "charts/basket/values.yaml", "-    memory: 512Mi\n+    memory: 96Mi"),
    ("consumer_changed", "worker/run.rs", "-    let prefetch = 200;\n+    let prefetch = 1;"),
    ("validation_added", "api/check.py", '+    if not order.zip:\n+        raise ValueError("zip is required")'),
]  # fmt: skip
MISSED = [
    # not read yet: a limit lost within a line that still says WHERE, and a key that says replicaCount
    ("query_changed", "app/Orders.php", '-$q = "SELECT * FROM orders WHERE buyer = ? LIMIT 20";\n+$q = "SELECT * FROM orders WHERE buyer = ?";'),
    ("replicas_lowered", "charts/basket/values.yaml", "-replicaCount: 6\n+replicaCount: 1"),
]  # fmt: skip
INNOCENT = [
    ("src/db.ts", "-// a pool of 40 connections\n+// a pool of 4 connections"),
    ("docs/limits.md", "-timeout: 30s\n+timeout: 2s"),
    ("tests/test_client.py", "-send(order, retries=1)\n+send(order, retries=9)"),
    ("store/open.go", "-\tdb.SetMaxOpenConns( 60 )\n+\tdb.SetMaxOpenConns(60)"),
    ("README.md", "+Drop the index with DROP INDEX idx_orders_buyer;"),
    ("charts/basket/values.yaml", "-# replicaCount: 6\n+# replicaCount: 1"),
]


def found(path, body):
    diff = parse_diff(f"--- a/{path}\n+++ b/{path}\n@@ -1,2 +1,2 @@\n{body}\n")
    return {item.name for item in MECHANISMS if item.find(diff) is not None}


@pytest.mark.parametrize(("mechanism", "path", "body"), CULPRITS)
def test_the_mechanism_is_read(mechanism, path, body):
    assert mechanism in found(path, body)


@pytest.mark.xfail(strict=True, reason="not read yet; move the case to CULPRITS when it is")
@pytest.mark.parametrize(("mechanism", "path", "body"), MISSED)
def test_the_mechanism_is_not_read_yet(mechanism, path, body):
    assert mechanism in found(path, body)


@pytest.mark.parametrize(("path", "body"), INNOCENT)
def test_comments_tests_documents_and_white_space_are_nothing(path, body):
    assert found(path, body) == set()
