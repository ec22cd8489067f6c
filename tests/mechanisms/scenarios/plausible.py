"""Innocent deploys that look guilty: refactors, tuned settings and bumps of the very service, close to the onset."""

from __future__ import annotations

from scenarios.build import Change

_HANDLERS = {
    "go": ("handler.go", "-\tvar in Input\n-\tif err := json.NewDecoder(r.Body).Decode(&in); err != nil {\n-\t\thttp.Error(w, err.Error(), 400)\n-\t\treturn\n-\t}\n-\tout, err := h.svc.Do(r.Context(), in)\n+\tin, err := decode[Input](r)\n+\tif err != nil {\n+\t\twriteError(w, http.StatusBadRequest, err)\n+\t\treturn\n+\t}\n+\tout, err := h.svc.Do(r.Context(), in)"),
    "java": ("src/main/java/app/Resource.java", "-        if (body == null) {\n-            return ResponseEntity.badRequest().build();\n-        }\n-        return ResponseEntity.ok(service.handle(body));\n+        return Optional.ofNullable(body)\n+            .map(service::handle)\n+            .map(ResponseEntity::ok)\n+            .orElseGet(() -> ResponseEntity.badRequest().build());"),
    "kotlin": ("src/main/kotlin/app/Resource.kt", "-    if (body == null) {\n-        return badRequest()\n-    }\n-    return ok(service.handle(body))\n+    return body?.let { ok(service.handle(it)) } ?: badRequest()"),
    "ts": ("src/handler.ts", "-  if (!req.body) {\n-    res.status(400).end()\n-    return\n-  }\n-  const out = await service.handle(req.body)\n-  res.json(out)\n+  const input = parse(req, res)\n+  if (!input) return\n+  res.json(await service.handle(input))"),
    "python": ("views.py", '-    data = json.loads(request.body)\n-    if "id" not in data:\n-        return error(400)\n-    return ok(service.handle(data))\n+    data = parsed(request, required=["id"])\n+    return ok(service.handle(data))'),
    "ruby": ("app/controller.rb", "-    return head(:bad_request) if params[:id].nil?\n-    render json: Service.new(params).call\n+    render json: Service.new(params.require(:id)).call"),
    "csharp": ("src/Controller.cs", "-        if (body is null) { return BadRequest(); }\n-        return Ok(await _service.Handle(body));\n+        return body is null ? BadRequest() : Ok(await _service.Handle(body));"),
    "php": ("src/Controller.php", "-        if ($body === null) {\n-            return $this->badRequest();\n-        }\n-        return $this->ok($this->service->handle($body));\n+        return $body === null ? $this->badRequest() : $this->ok($this->service->handle($body));"),
    "rust": ("src/handler.rs", "-    let input = match parse(&body) {\n-        Ok(input) => input,\n-        Err(e) => return bad_request(e),\n-    };\n-    ok(service.handle(input).await)\n+    let input = parse(&body)?;\n+    ok(service.handle(input).await)"),
    "elixir": ("lib/app/controller.ex", "-    case Service.handle(params) do\n-      {:ok, out} -> json(conn, out)\n-      {:error, why} -> send_resp(conn, 400, why)\n-    end\n+    with {:ok, out} <- Service.handle(params), do: json(conn, out)"),
    "scala": ("src/main/scala/app/Routes.scala", "-    if (body.isEmpty) complete(BadRequest)\n-    else complete(service.handle(body.get))\n+    body.fold(complete(BadRequest))(b => complete(service.handle(b)))"),
}  # fmt: skip


def tidy(language: str, service: str, commit: float, deploy: float) -> Change:
    """A handler of `service` written in another way."""
    file, diff = _HANDLERS[language]
    return Change(commit, f"refactor({service}): tidy request handler", f"{service}/{file}", diff, ((service, deploy),))


def tuned(service: str, commit: float, deploy: float) -> Change:
    """One more attempt, with a longer pause: hardly anything."""
    diff = (
        "   client:\n-    maxAttempts: 2\n-    initialBackoff: 100ms\n+    maxAttempts: 3\n+    initialBackoff: 200ms"
    )
    return Change(
        commit, f"chore({service}): client settings", f"deploy/{service}/values.yaml", diff, ((service, deploy),)
    )


def bounded(service: str, commit: float, deploy: float) -> Change:
    """A cache with a limit."""
    diff = "+# at most 512 entries, the oldest goes first\n+_cache = LRU(maxsize=512)\n+\n+def lookup(key):\n+    if key not in _cache:\n+        _cache[key] = load(key)\n+    return _cache[key]"
    return Change(commit, f"feat({service}): small lookup cache", f"{service}/lookup.py", diff, ((service, deploy),))


def logged(service: str, commit: float, deploy: float) -> Change:
    """A line of log for each request."""
    diff = '   next()\n+  log.info({ route: req.path, took: Date.now() - began }, "request")'
    return Change(commit, f"feat({service}): access log line", f"{service}/src/access.ts", diff, ((service, deploy),))


def bumped(service: str, commit: float, deploy: float) -> Change:
    """A library of no weight, one patch on."""
    diff = ' "dependencies": {\n-    "uuid": "9.0.0",\n+    "uuid": "9.0.1",'
    return Change(commit, f"chore({service}): bump uuid", f"{service}/package.json", diff, ((service, deploy),))


def more(service: str, commit: float, deploy: float) -> Change:
    """More room than before."""
    diff = "   resources:\n     requests:\n-      cpu: 250m\n+      cpu: 500m"
    return Change(commit, f"chore({service}): cpu request", f"charts/{service}/values.yaml", diff, ((service, deploy),))
