# ruff: noqa: E101
"""Invented incidents: what services said, which changes were live, and which of them did it (or none)."""

from __future__ import annotations

# Decoys that look busy and do no harm; every case gets some of them, on its own service.
TIDY = """--- a/src/{s}/handler.go
+++ b/src/{s}/handler.go
@@ -10,9 +10,9 @@ func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) {
-	body, err := io.ReadAll(r.Body)
-	if err != nil { http.Error(w, err.Error(), 400); return }
-	out, err := h.svc.Do(r.Context(), body)
+	in, err := readBody(r)
+	if err != nil { fail(w, 400, err); return }
+	out, err := h.svc.Do(r.Context(), in)
 	render(w, out)
"""
BUMP = """--- a/go.mod
+++ b/go.mod
@@ -3,7 +3,7 @@
-	github.com/spf13/cobra v1.8.0
+	github.com/spf13/cobra v1.8.1
"""
METRIC = """--- a/src/{s}/metrics.py
+++ b/src/{s}/metrics.py
@@ -1,3 +1,6 @@
+REQUEST_SECONDS = Histogram("request_seconds", "Time of a request")
+
+def timed(fn):
+    return REQUEST_SECONDS.time()(fn)
"""
STYLE = """--- a/web/theme.css
+++ b/web/theme.css
@@ -1 +1 @@
-.bar { padding: 4px }
+.bar { padding: 6px }
"""
DECOYS = (
    ("refactor: tidy handler", TIDY),
    ("chore: bump cobra", BUMP),
    ("feat: time requests", METRIC),
    ("style: padding", STYLE),
)

# name: (service, messages of the incident as (service, severity, text), diff of the culprit)
CULPRITS = {
    "n_plus_one_python": ("basket", [("basket", 17, "request timed out after 5000ms"), ("basket", 13, "slow query: SELECT * FROM prices WHERE sku = $1 called 214 times")], """--- a/src/basket/views.py
+++ b/src/basket/views.py
@@ -20,6 +20,8 @@ def totals(basket):
-    prices = Price.objects.filter(sku__in=[line.sku for line in basket.lines])
+    total = 0
+    for line in basket.lines:
+        total += Price.objects.get(sku=line.sku).amount
"""),
    "index_dropped": ("ledger", [("ledger", 17, "canceling statement due to statement timeout"), ("ledger", 13, "slow query: seq scan on entries, rows examined 4100000")], """--- a/db/migrate/0042_cleanup.sql
+++ b/db/migrate/0042_cleanup.sql
@@ -0,0 +1,2 @@
+DROP INDEX idx_entries_account_id;
+ANALYZE entries;
"""),
    "retry_without_backoff": ("quotes", [("quotes", 17, "retries exhausted calling rates: attempt 8 of 8"), ("rates", 17, "429 too many requests from quotes")], """--- a/src/quotes/client.ts
+++ b/src/quotes/client.ts
@@ -5,8 +5,8 @@ export const client = new RatesClient({
-  retries: 2,
-  backoffMs: 400,
+  retries: 8,
+  backoffMs: 5,
"""),
    "field_renamed_java": ("shipping", [("shipping", 17, 'JsonMappingException: Unrecognized field "postalCode" (class Address), failed to deserialize')], """--- a/src/shipping/src/main/java/Address.java
+++ b/src/shipping/src/main/java/Address.java
@@ -8,5 +8,5 @@ public class Address {
-  @JsonProperty("postalCode")
+  @JsonProperty("postal_code")
   private String postalCode;
"""),
    "redis_ttl": ("catalog", [("catalog", 13, "cache miss rate 0.97, loading from database"), ("catalog", 17, "pool exhausted: timed out waiting for connection")], """--- a/src/catalog/cache.rb
+++ b/src/catalog/cache.rb
@@ -3,3 +3,3 @@
-  CACHE_TTL = 3600
+  CACHE_TTL = 3
"""),
    "memory_limit": ("search", [("search", 17, "OOMKilled: container exceeded memory limit 256Mi"), ("search", 13, "back-off restarting failed container")], """--- a/charts/search/values.yaml
+++ b/charts/search/values.yaml
@@ -8,4 +8,4 @@ resources:
   limits:
-    memory: 1Gi
+    memory: 256Mi
"""),
    "wrong_host": ("mailer", [("mailer", 17, "dial tcp: lookup smtp-relay.mail.internal: no such host")], """--- a/deploy/mailer/config.yaml
+++ b/deploy/mailer/config.yaml
@@ -2,3 +2,3 @@
-smtp_host: relay.mail.internal
+smtp_host: smtp-relay.mail.internal
"""),
    "env_missing": ("billing", [("billing", 17, "panic: missing environment variable TAX_TABLE_URL"), ("billing", 17, "container exited with code 2, restarting")], """--- a/src/billing/config.go
+++ b/src/billing/config.go
@@ -9,4 +9,4 @@ func load() Config {
-	return Config{Taxes: defaultTaxes}
+	return Config{Taxes: fetch(mustEnv("TAX_TABLE_URL"))}
"""),
    "scope_lost": ("reports", [("reports", 17, "403 forbidden: token is missing scope ledger.read")], """--- a/src/reports/auth.py
+++ b/src/reports/auth.py
@@ -4,3 +4,3 @@
-SCOPES = ["ledger.read", "reports.write"]
+SCOPES = ["reports.write"]
"""),
    "consumer_no_ack": ("invoices", [("invoices", 13, "consumer lag on orders is 180000 and growing"), ("invoices", 17, "message redelivered 12 times, sent to dead letter queue")], """--- a/src/invoices/consumer.py
+++ b/src/invoices/consumer.py
@@ -14,5 +14,4 @@ def on_message(channel, method, body):
     handle(body)
-    channel.basic_ack(method.delivery_tag)
"""),
    "lock_order": ("stock", [("stock", 17, "ERROR: deadlock detected, process 211 waits for ShareLock")], """--- a/src/stock/reserve.py
+++ b/src/stock/reserve.py
@@ -7,3 +7,5 @@ def reserve(session, items):
+    with session.begin():
+        rows = session.query(Item).with_for_update().filter(Item.id.in_(items)).all()
+        session.execute("SELECT 1 FROM audit FOR UPDATE")
"""),
    "off_by_one": ("feed", [("feed", 17, "IndexError: list index out of range in page()")], """--- a/src/feed/page.py
+++ b/src/feed/page.py
@@ -5,3 +5,3 @@ def page(items, size):
-    for at in range(len(items) - 1):
+    for at in range(len(items)):
"""),
    "file_leak": ("export", [("export", 17, "OSError: too many open files: /tmp/export")], """--- a/src/export/write.go
+++ b/src/export/write.go
@@ -12,5 +12,4 @@ func Write(path string, rows []Row) error {
 	f, err := os.Create(path)
 	if err != nil { return err }
-	defer f.Close()
"""),
    "route_gone": ("gateway", [("gateway", 17, "404 not found: /v1/quotes"), ("gateway", 17, "unknown route /v1/quotes")], """--- a/src/gateway/routes.js
+++ b/src/gateway/routes.js
@@ -3,4 +3,3 @@
-app.get("/v1/quotes", quotes.list)
 app.get("/v2/quotes", quotes.listAll)
"""),
    "not_null": ("users", [("users", 17, 'null value in column "phone" violates not-null constraint')], """--- a/migrations/0007.sql
+++ b/migrations/0007.sql
@@ -0,0 +1 @@
+ALTER TABLE users ALTER COLUMN phone SET NOT NULL;
"""),
    "rate_limiter": ("edge", [("edge", 13, "rate limit exceeded for tenant, rejected with 429")], """--- a/src/edge/limits.yaml
+++ b/src/edge/limits.yaml
@@ -1,3 +1,3 @@
-requests_per_second: 500
+requests_per_second: 5
"""),
    "probe": ("maps", [("maps", 13, "Liveness probe failed: context deadline exceeded"), ("maps", 13, "container was killed and restarting")], """--- a/charts/maps/deployment.yaml
+++ b/charts/maps/deployment.yaml
@@ -20,6 +20,6 @@ livenessProbe:
-  timeoutSeconds: 10
-  failureThreshold: 5
+  timeoutSeconds: 1
+  failureThreshold: 1
"""),
    "cents": ("pay", [("pay", 17, "reconciliation mismatch: charged amount differs from order total"), ("pay", 17, "wrong total for order")], """--- a/src/pay/amount.ts
+++ b/src/pay/amount.ts
@@ -2,3 +2,3 @@ export function toCents(amount: number) {
-  return Math.round(amount * 100)
+  return Math.round(amount)
"""),
    "debug_logging": ("track", [("track", 17, "no space left on device writing /var/log/track.log"), ("track", 13, "log volume limit reached")], """--- a/src/track/logging.yaml
+++ b/src/track/logging.yaml
@@ -1,2 +1,2 @@
-level: info
+level: debug
"""),
    "thread_pool_shrunk": ("render", [("render", 17, "RejectedExecutionException: task rejected, queue is full")], """--- a/src/render/application.properties
+++ b/src/render/application.properties
@@ -1,2 +1,2 @@
-render.executor.max-threads=64
+render.executor.max-threads=4
"""),
    "validation_tightened": ("signup", [("signup", 13, "400 bad request: validation failed, phone must match pattern")], """--- a/src/signup/schema.ts
+++ b/src/signup/schema.ts
@@ -4,3 +4,3 @@
-  phone: z.string().optional(),
+  phone: z.string().regex(/^\\+1[0-9]{10}$/),
"""),
    "major_upgrade": ("ingestd", [("ingestd", 17, "ImportError: cannot import name 'Markup' from 'jinja2'")], """--- a/requirements.txt
+++ b/requirements.txt
@@ -2,3 +2,3 @@
-jinja2==2.11.3
+jinja2==3.1.4
"""),
    "sleep": ("votes", [("votes", 17, "upstream timed out while reading response"), ("votes", 13, "worker queue is full")], """--- a/src/votes/tally.py
+++ b/src/votes/tally.py
@@ -6,3 +6,4 @@ def tally(poll):
+    time.sleep(2)  # let replicas catch up
     return count(poll)
"""),
    "await_lost": ("chat", [("chat", 17, "duplicate message already processed: id replayed"), ("chat", 17, "write conflict: document was modified concurrently")], """--- a/src/chat/save.js
+++ b/src/chat/save.js
@@ -3,4 +3,4 @@ async function save(message) {
-  await store.insert(message)
+  store.insert(message)
   publish(message)
"""),
}  # fmt: skip

# name: (service, messages, words of a status page or '', remediation)
NOBODY = {
    "certificate": ("basket", [("basket", 17, "x509: certificate has expired or is not yet valid"), ("gateway", 17, "basket returned 502")], "", "rotate-cert"),
    "provider": ("mailer", [("mailer", 17, "POST https://api.mailhouse.com/v3/send returned 503"), ("mailer", 17, "POST https://api.mailhouse.com/v3/send timed out")], "Mailhouse: elevated errors on the send API", "failover"),
    "node": ("search", [("search", 17, "connection refused: dial tcp 10.2.0.7:9200"), ("kubelet", 17, "node pool-7 status is now: NodeNotReady"), ("kube-scheduler", 13, "FailedScheduling: 0/9 nodes are available")], "", "drain-node"),
    "poison": ("invoices", [("invoices", 17, "malformed record at offset 99120: invalid utf-8 byte"), ("invoices", 17, "poison message, partition blocked")], "", "fix-data"),
    "token": ("reports", [("reports", 17, "license key has expired"), ("reports", 17, "API key expired, request denied")], "", "rotate-credentials"),
    "dns": ("quotes", [("quotes", 17, "lookup rates.prod.internal: server misbehaving"), ("mailer", 17, "getaddrinfo ENOTFOUND api.mailhouse.com"), ("coredns", 17, "SERVFAIL: no upstream nameservers")], "", "escalate-upstream"),
}  # fmt: skip
