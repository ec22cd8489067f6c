"""Small diffs in many languages: the mechanism is read, and what runs nowhere or changes nothing is not."""

from __future__ import annotations

import pytest

from rca.mechanisms.diffs import parse_diff
from rca.mechanisms.doing import MECHANISMS
from rca.mechanisms.harmless import harmless

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
    ("query_changed", "app/Orders.php", '-$q = "SELECT * FROM orders WHERE buyer = ? LIMIT 20";\n+$q = "SELECT * FROM orders WHERE buyer = ?";'),
    ("replicas_lowered", "charts/basket/values.yaml", "-replicaCount: 6\n+replicaCount: 1"),
    ("pool_lowered", "src/main/resources/db.properties", "-spring.datasource.hikari.maximumPoolSize=25\n+spring.datasource.hikari.maximumPoolSize=5"),
    ("pool_lowered", "app/database.py", "-engine = create_engine(URL, pool_size=20, max_overflow=10)\n+engine = create_engine(URL, pool_size=2, max_overflow=0)"),
    ("pool_lowered", "config/puma.rb", "-threads 5, 16\n+threads 1, 2"),
    ("pool_lowered", "src/Startup.cs", '-  "Server=db;Max Pool Size=100"\n+  "Server=db;Max Pool Size=10"'),
    ("timeout_lowered", "src/client.rs", "-    .timeout(Duration::from_secs(10))\n+    .timeout(Duration::from_millis(200))"),
    ("timeout_lowered", "src/Client.cs", "-    client.Timeout = TimeSpan.FromSeconds(30);\n+    client.Timeout = TimeSpan.FromSeconds(1);"),
    ("timeout_lowered", "src/call.ts", "-  signal: AbortSignal.timeout(8000),\n+  signal: AbortSignal.timeout(800),"),
    ("timeout_lowered", "lib/http.rb", "-  http.read_timeout = 20\n+  http.read_timeout = 2"),
    ("timeout_lowered", "src/Http.scala", "-  val requestTimeout = 10.seconds\n+  val requestTimeout = 1.second"),
    ("timeout_lowered", "app/Http.php", "-    'timeout' => 10.0,\n+    'timeout' => 0.5,"),
    ("timeout_lowered", "proxy/route.yaml", "-      timeout: 15s\n+      timeout: 0.3s"),
    ("timeout_raised", "app/http.py", "-    requests.get(url, timeout=2)\n+    requests.get(url)"),
    ("retries_raised", "src/call.ts", "-  retry: { limit: 2, backoffLimit: 2000 },\n+  retry: { limit: 20 },"),
    ("retries_raised", "app/tasks.py", "-@retry(stop=stop_after_attempt(3), wait=wait_exponential())\n+@retry(stop=stop_after_attempt(3))"),
    ("batching_lost", "app/Service.java", "-        repository.saveAll(batch);\n+        for (Row row : batch) {\n+            repository.save(row);\n+        }"),
    ("query_in_loop", "app/Cart.php", "+    foreach ($items as $item) {\n+        $price = $db->query('SELECT price FROM prices WHERE sku = ' . $item->sku);\n+    }"),
    ("query_in_loop", "src/list.ts", "+  for (const id of ids) {\n+    out.push(await client.get(`/users/${id}`))\n+  }"),
    ("query_in_loop", "lib/report.rb", "+    orders.each do |order|\n+      total += client.fetch(order.id)\n+    end"),
    ("index_lost", "db/changelog.xml", '+  <dropIndex indexName="ix_event_day" tableName="event"/>'),
    ("migration", "db/V9__names.sql", "+ALTER TABLE buyers ADD CONSTRAINT mail_once UNIQUE (mail);"),
    ("query_changed", "src/Find.cs", "-    return db.Orders.Where(o => o.Open).Take(50).ToList();\n+    return db.Orders.ToList();"),
    ("query_changed", "dao/find.sql", "-SELECT id FROM orders WHERE buyer = $1 AND day > $2\n+SELECT id FROM orders WHERE lower(buyer) = $1"),
    ("nil_guard_removed", "src/name.ts", "-  return user?.profile?.name ?? ''\n+  return user.profile.name"),
    ("nil_guard_removed", "app/Name.cs", "-    return user?.Name;\n+    return user.Name;"),
    ("nil_guard_removed", "lib/name.rb", "-    user&.name\n+    user.name"),
    ("nil_guard_removed", "app/Name.scala", '-    user.map(_.name).getOrElse("")\n+    user.get.name'),
    ("nil_guard_removed", "app/name.py", "-    if user is None:\n-        return None\n     return user.name"),
    ("breaks_on_panic", "src/name.rs", "-    let name = user.name.unwrap_or_default();\n+    let name = user.name.unwrap();"),
    ("lock_removed", "src/Count.java", "-    synchronized void add() { count++; }\n+    void add() { count++; }"),
    ("lock_removed", "src/count.rs", "-    let total = Arc::new(Mutex::new(0));\n+    static mut TOTAL: u64 = 0;"),
    ("lock_added", "app/pay.py", "+    with transaction.atomic():\n+        order = Order.objects.select_for_update().get(id=id)"),
    ("leak", "app/Files.java", "-        try (InputStream in = open(path)) {\n-            return read(in);\n-        }\n+        return read(open(path));"),
    ("leak", "src/files.py", "-    with open(path) as file:\n-        return file.read()\n+    return open(path).read()"),
    ("leak", "web/socket.ts", "-  return () => bus.removeListener('tick', draw)\n   bus.on('tick', draw)"),
    ("unbounded_growth", "src/seen.py", "+SEEN = {}\n+def remember(key, value):\n+    SEEN[key] = value"),
    ("unbounded_growth", "app/Seen.kt", "+private val seen = mutableMapOf<String, Order>()\n+fun remember(o: Order) { seen.put(o.id, o) }"),
    ("blocking", "src/read.ts", "-  const text = await fs.promises.readFile(path)\n+  const text = fs.readFileSync(path)"),
    ("blocking", "app/main.py", "-    await asyncio.sleep(1)\n+    time.sleep(1)"),
    ("blocking", "app/main.py", "-    answer = await client.get(url)\n+    answer = requests.get(url)"),
    ("blocking", "src/Read.kt", "-    val text = load(path)\n+    val text = runBlocking { load(path) }"),
    ("backtracking", "app/check.py", "-MAIL = re.compile(r'[^@]+@[^@]+')\n+MAIL = re.compile(r'^([a-z0-9]+[._-]?)*@([a-z0-9]+)+$')"),
    ("backtracking", "app/Check.java", '+    static final Pattern WORDS = Pattern.compile("(\\\\w+\\\\s?)*!");'),
    ("shared_state", "app/Days.java", '+    private static final SimpleDateFormat DAY = new SimpleDateFormat("yyyy");'),
    ("cache_changed", "app/prices.py", "-    return cache.get(f'price:{sku}')\n+    return cache.get(f'price:{sku}:{time.time()}')"),
    ("cache_changed", "app/Prices.php", "-    return Cache::remember($key, 600, fn () => load($sku));\n+    return load($sku);"),
    ("cache_changed", "nginx/site.conf", "-  proxy_cache_valid 200 10m;\n+  proxy_cache_valid 200 1s;"),
    ("field_renamed", "api/order.proto", "-  string buyer = 3;\n+  string customer = 3;"),
    ("field_renamed", "api/order.py", "-    buyer = data['buyer_id']\n+    buyer = data['customer_id']"),
    ("field_renamed", "src/order.ts", "-  headers['x-user'] = id\n+  headers['x-account'] = id"),
    ("type_changed", "api/order.proto", "-  int32 total = 4;\n+  string total = 4;"),
    ("type_changed", "app/json.py", "-import json\n+import orjson"),
    ("limit_lowered", "infra/task.tf", "-  memory = 2048\n+  memory = 256"),
    ("limit_lowered", "docker-compose.yml", '-          cpus: "2.0"\n+          cpus: "0.25"'),
    ("limit_lowered", "infra/table.tf", "-  write_capacity = 200\n+  write_capacity = 20"),
    ("replicas_lowered", "deploy/hpa.yaml", "-  maxReplicas: 20\n+  maxReplicas: 2"),
    ("replicas_lowered", "infra/asg.tf", "-  desired_capacity = 8\n+  desired_capacity = 2"),
    ("rate_limit", "gateway/limits.yaml", "-  requests_per_second: 500\n+  requests_per_second: 50"),
    ("rate_limit", "nginx/site.conf", "-limit_req_zone $binary_remote_addr zone=a:10m rate=100r/s;\n+limit_req_zone $binary_remote_addr zone=a:10m rate=5r/s;"),
    ("schedule", "deploy/job.yaml", '-  schedule: "0 3 * * *"\n+  schedule: "* * * * *"'),
    ("schedule", "app/Jobs.java", "-    @Scheduled(fixedRate = 3600000)\n+    @Scheduled(fixedRate = 1000)"),
    ("more_logging", "src/main/resources/log4j2.xml", '-    <Root level="warn">\n+    <Root level="debug">'),
    ("more_logging", "deploy/app.env", "-LOG_LEVEL=info\n+LOG_LEVEL=debug"),
    ("more_logging", "settings.py", '-        "level": "WARNING",\n+        "level": "DEBUG",'),
    ("endpoint_changed", "deploy/app.env", "-DB_HOST=db-primary.internal\n+DB_HOST=db-replica.internal"),
    ("endpoint_changed", "config/kafka.yml", "-  topic: orders\n+  topic: order"),
    ("endpoint_changed", "src/config.ts", "-export const API = 'https://api.shop.com/v1'\n+export const API = 'https://api.shop.com/v2'"),
    ("tls_changed", "src/client.go", "-\tMinVersion: tls.VersionTLS12,\n+\tMinVersion: tls.VersionTLS13,"),
    ("tls_changed", "app/http.py", "-    requests.get(url, verify=BUNDLE)\n+    requests.get(url, verify=True)"),
    ("rights_changed", "infra/role.tf", '-      "dynamodb:PutItem",\n       "dynamodb:GetItem",'),
    ("rights_changed", "src/login.ts", "-  scope: 'openid orders:read orders:write',\n+  scope: 'openid orders:read',"),
    ("rights_changed", "appsettings.json", '-  "Audience": "orders-api",\n+  "Audience": "orders",'),
    ("setting_missing", "deploy/values.yaml", "-    PRICE_URL: http://price:80\n     LOG: info"),
    ("setting_missing", "app/main.rb", "+  url = ENV.fetch('PRICE_URL')"),
    ("route_changed", "app/urls.py", "-    path('v1/orders/', orders),"),
    ("route_changed", "src/Orders.java", '-    @GetMapping("/orders/{id}")\n+    @GetMapping("/v2/orders/{id}")'),
    ("consumer_changed", "app/worker.py", "-    channel.basic_ack(tag)\n     done()"),
    ("consumer_changed", "src/Sender.java", "-  producer.send(new ProducerRecord<>(topic, order.id(), order));\n+  producer.send(new ProducerRecord<>(topic, order.country(), order));"),
    ("dependency", "Gemfile.lock", "-    faraday (1.10.3)\n+    faraday (2.9.0)"),
    ("dependency", "pom.xml", "-    <netty.version>4.1.100</netty.version>\n+    <netty.version>4.2.0</netty.version>"),
    ("dependency", "build.gradle", "-    implementation 'com.squareup.okhttp3:okhttp:3.14.9'\n+    implementation 'com.squareup.okhttp3:okhttp:4.12.0'"),
    ("image_changed", "Dockerfile", "-FROM python:3.11-slim\n+FROM python:3.13-alpine"),
    ("image_changed", "Dockerfile", '-ENV JAVA_OPTS="-Xmx4g"\n+ENV JAVA_OPTS="-Xmx512m"'),
    ("probe_changed", "deploy/app.yaml", "-        initialDelaySeconds: 60\n+        initialDelaySeconds: 3"),
    ("arithmetic_changed", "app/Day.java", '-    return at.atZone(ZoneId.of("Europe/Paris"));\n+    return at.atZone(ZoneOffset.UTC);'),
    ("arithmetic_changed", "app/cents.py", "-    return int(amount * 100)\n+    return int(amount)"),
    ("condition_changed", "lib/pages.rb", "-    while page < pages\n+    while page <= pages"),
    ("error_handling_removed", "src/pay.go", "-\tif err != nil {\n-\t\treturn err\n-\t}\n \treturn nil"),
    ("fallback_removed", "src/Price.java", '-    @CircuitBreaker(name = "price", fallbackMethod = "lastKnown")\n     Price price(String sku) {'),
    ("flag_default", "config/flags.yaml", "-new_checkout_enabled: false\n+new_checkout_enabled: true"),
    ("concurrency", "src/all.ts", "-  for (const id of ids) await load(id)\n+  await Promise.all(ids.map(load))"),
]  # fmt: skip
CULPRITS += [
    ("unit_changed", "src/Client.java", "-    http.timeout(Duration.ofSeconds(settings.wait()));\n+    http.timeout(Duration.ofMillis(settings.wait()));"),
    ("size_limit", "proxy/site.conf", "-client_max_body_size 30m;\n+client_max_body_size 2m;"),
    ("reach_changed", "infra/rules.tf", "-    from_port = 5432\n+    from_port = 5433"),
    ("resolver_changed", "cluster/coredns.yaml", "-      cache 30"),
    ("affinity_changed", "charts/ui/ingress.yaml", '-    nginx.ingress.kubernetes.io/affinity: "cookie"'),
    ("headers_changed", "edge/proxy.go", "-\tout.Header = in.Header.Clone()"),
    ("sockets_changed", "src/server.ts", "-server.keepAliveTimeout = 70_000\n+server.keepAliveTimeout = 5_000"),
    ("probe_changed", "charts/ui/deployment.yaml", "   readinessProbe:\n     httpGet:\n-      path: /up\n+      path: /status"),
    ("slower_structure", "app/join.py", "-    seen = set()\n+    seen = []"),
    ("work_unbounded", "src/Tiles.java", "-    pool = Executors.newFixedThreadPool(8);\n+    pool = Executors.newCachedThreadPool();"),
    ("hot_computing", "proxy/site.conf", "-  gzip_comp_level 2;\n+  gzip_comp_level 9;"),
    ("key_unstable", "src/pay.ts", "-  const key = order.id.toString()\n+  const key = randomUUID().toString()"),
    ("batching_lost", "app/load.py", "     for row in rows:\n         db.add(row)\n-    db.commit()\n+        db.commit()"),
    ("call_removed", "jobs/lease.go", "-\tgo keeper.Watch(ctx, lease)"),
    ("order_changed", "src/order.ts", "-  rows.sort((a, b) => b.rank - a.rank)\n+  rows.sort((a, b) => a.rank - b.rank)"),
    ("field_renamed", "src/answer.ts", "-  return { id: row.id, fullName: row.full_name }\n+  return { id: row.id, full_name: row.full_name }"),
]  # fmt: skip
HARMLESS = [
    ("charts/ui/values.yaml", "-    memory: 512Mi\n+    memory: 1Gi"),
    ("deploy/client.yaml", "-  attempts: 2\n-  backoff: 100ms\n+  attempts: 3\n+  backoff: 300ms"),
    ("src/access.ts", '+  log.info({ route }, "served")'),
    ("src/titles.ts", "-  'Your basket'\n+  'Your cart'"),
    ("app/lookup.py", "+_seen = LRU(maxsize=64)\n+def lookup(key):\n+    return _seen.get(key)"),
    ("web/handler.go", "-\tif err := json.NewDecoder(r.Body).Decode(&in); err != nil {\n-\t\thttp.Error(w, err.Error(), 400)\n-\t}\n-\tout := h.svc.Quote(in)\n+\tin := decode[Ask](r)\n+\tout := h.svc.Quote(in)"),
]  # fmt: skip
HARMFUL = [
    ("charts/ui/values.yaml", "-    memory: 1Gi\n+    memory: 512Mi"),
    ("deploy/client.yaml", "-  attempts: 2\n-  backoff: 100ms\n+  attempts: 9\n+  backoff: 300ms"),
    ("web/handler.go", "-\tvalidate(in)\n-\tif bad(in) {\n-\t\treturn\n-\t}\n-\tout := h.svc.Quote(in)\n+\tout := h.svc.Quote(decode(r))"),
    ("web/handler.go", "-\tmu.Lock()\n-\tn := count(in)\n-\tmu.Unlock()\n+\tn := count(in)"),
]  # fmt: skip
INNOCENT = [
    ("src/price.ts", "-  // timeout 30s\n+  // timeout 2s"),
    ("lib/price.rb", "-# retries: 3\n+# retries: 9"),
    ("db/notes.sql", "--- DROP INDEX idx_orders_buyer;\n+-- DROP INDEX idx_orders_buyer, later"),
    ("src/Price.java", "-    /* pool of 40 */\n+    /* pool of 4 */"),
    ("src/price.py", "-    return a+b\n+    return a + b"),
    ("src/order.go", "-\ta := 1\n-\tb := 2\n+\tb := 2\n+\ta := 1"),
    ("spec/pool_spec.rb", "-  pool = Pool.new(40)\n+  pool = Pool.new(4)"),
    ("src/test/java/app/PoolTest.java", "-    new Pool(40)\n+    new Pool(4)"),
    ("app/__tests__/client.test.ts", "-  timeout: 8000\n+  timeout: 80"),
    ("docs/api.md", "-timeout 30\n+timeout 3"),
    (".github/workflows/ci.yml", "-    timeout-minutes: 30\n+    timeout-minutes: 5"),
    ("web/theme.css", "-  max-width: 400px;\n+  max-width: 40px;"),
    ("CHANGELOG.md", "+- retries raised to 9"),
    ("db/migrate/README.md", "+ALTER TABLE orders DROP COLUMN buyer;"),
    ("src/titles.ts", '-  title: "Basekt"\n+  title: "Basket"'),
    ("app/messages.py", '-    "recieved"\n+    "received"'),
    ("src/Kinds.cs", "-namespace App {\n+namespace App;"),
    ("web/labels.tsx", "-  <b>{n} left</b>\n+  <b>{n} remaining</b>"),
    ("app/views/page.erb", "+<p>New</p>"),
    ("src/db.ts", "-// a pool of 40 connections\n+// a pool of 4 connections"),
    ("docs/limits.md", "-timeout: 30s\n+timeout: 2s"),
    ("tests/test_client.py", "-send(order, retries=1)\n+send(order, retries=9)"),
    ("store/open.go", "-\tdb.SetMaxOpenConns( 60 )\n+\tdb.SetMaxOpenConns(60)"),
    ("README.md", "+Drop the index with DROP INDEX idx_orders_buyer;"),
    ("charts/basket/values.yaml", "-# replicaCount: 6\n+# replicaCount: 1"),
]


def found(path, body):
    diff = read(path, body)
    return {item.name for item in MECHANISMS if item.find(diff) is not None}


@pytest.mark.parametrize(("mechanism", "path", "body"), CULPRITS)
def test_the_mechanism_is_read(mechanism, path, body):
    assert mechanism in found(path, body)


@pytest.mark.parametrize(("path", "body"), INNOCENT)
def test_comments_tests_documents_and_white_space_are_nothing(path, body):
    assert found(path, body) == set()


def read(path, body):
    return parse_diff(f"--- a/{path}\n+++ b/{path}\n@@ -1,2 +1,2 @@\n{body}\n")


@pytest.mark.parametrize(("path", "body"), HARMLESS)
def test_more_room_gentler_retries_logs_texts_and_tidied_handlers_are_harmless(path, body):
    assert harmless(read(path, body)) is not None


@pytest.mark.parametrize(("path", "body"), HARMFUL)
def test_less_room_more_retries_and_lost_steps_are_not_harmless(path, body):
    assert harmless(read(path, body)) is None
