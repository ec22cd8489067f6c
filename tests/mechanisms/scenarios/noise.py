"""Commits that do no harm, of the kind every repository is full of."""

from __future__ import annotations

import random

Entry = tuple[str, str, str | None]

ANYWHERE: tuple[Entry, ...] = (
    (
        "docs: explain how to rotate keys",
        "docs/keys.md",
        "+Run `make rotate` before the certificate expires.\n-Ask ops.",
    ),
    (
        "docs: runbook for slow queries",
        "docs/runbooks/db.md",
        "+Check the timeout, then drop the index and rebuild it.",
    ),
    ("ci: cache dependencies", ".github/workflows/ci.yml", "+      - uses: actions/cache@v4"),
    ("chore: update CODEOWNERS", "CODEOWNERS", None),
    ("chore: editorconfig", ".editorconfig", "+indent_size = 4"),
    ("test: cover retry budget", "tests/retry_test.txt", "-retries 2\n+retries 9"),
    ("chore: licence headers", "NOTICE", None),
    ("feat(web): new empty state on basket page", "web/src/pages/Basket.css", "-  color: #333;\n+  color: #222;"),
    ("chore: pin linter", ".pre-commit-config.yaml", "-    rev: v1.4\n+    rev: v1.5"),
    ("style: formatter over repository", "tools/format.cfg", None),
    ("docs: changelog", "CHANGELOG.md", "+- faster start"),
    ("chore(staging): smaller staging cluster", "deploy/staging/values.yaml", "-replicas: 3\n+replicas: 1"),
)
BY_LANGUAGE: dict[str, tuple[Entry, ...]] = {
    "go": (
        ("refactor: name the middleware", "internal/mw/id.go", "-func a(h http.Handler) http.Handler {\n+func withID(h http.Handler) http.Handler {"),
        ("chore: bump module versions", "go.mod", "-\tgolang.org/x/text v0.14.0\n+\tgolang.org/x/text v0.15.0"),
        ("test: table tests for money", "pkg/money/money_test.go", '+\t{"eur", 100, "1.00"},'),
        ("feat: build info on /version", "internal/info/info.go", "+func Version(w http.ResponseWriter, _ *http.Request) {\n+\t_, _ = w.Write([]byte(build))\n+}"),
        ("fix: close body in smoke check", "cmd/smoke/main.go", " resp, err := http.Get(u)\n+defer resp.Body.Close()"),
    ),
    "java": (
        ("refactor: final fields", "src/main/java/app/Money.java", "-    private BigDecimal cents;\n+    private final BigDecimal cents;"),
        ("chore: bump junit", "pom.xml", "-    <version>5.10.1</version>\n+    <version>5.10.2</version>"),
        ("test: slugs", "src/test/java/app/SlugTest.java", '+    @Test void empty() { assertEquals("", slug("")); }'),
        ("feat: info endpoint", "src/main/java/app/Info.java", '+    @GetMapping("/info")\n+    String info() { return build; }'),
        ("fix: typo in message", "src/main/java/app/Messages.java", '-    "recieved"\n+    "received"'),
    ),
    "ts": (
        ("refactor: const enums", "src/kinds.ts", "-export enum Kind {\n+export const enum Kind {"),
        ("chore: bump eslint", "package.json", '-    "eslint": "8.56.0",\n+    "eslint": "8.57.0",'),
        ("test: price formatting", "src/price.test.ts", '+  expect(format(1)).toBe("0.01")'),
        ("feat: build label in footer", "src/footer.ts", "+  footer.append(build.label)"),
        ("fix: typo in title", "src/titles.ts", '-  "Basekt"\n+  "Basket"'),
    ),
    "python": (
        ("refactor: type hints", "app/money.py", "-def cents(x):\n+def cents(x: Decimal) -> int:"),
        ("chore: bump black", "requirements-dev.txt", "-black==24.1.0\n+black==24.2.0"),
        ("test: slugs", "tests/test_slug.py", '+    assert slug("") == ""'),
        ("feat: /version", "app/info.py", '+@router.get("/version")\n+def version() -> str:\n+    return BUILD'),
        ("fix: typo in message", "app/messages.py", '-    "recieved"\n+    "received"'),
    ),
    "ruby": (
        ("refactor: guard clause in slug", "lib/slug.rb", "-  if text\n-    text.downcase\n-  end\n+  text&.downcase"),
        ("chore: bump rubocop", "Gemfile.lock", "-    rubocop (1.60.0)\n+    rubocop (1.60.2)"),
        ("test: slugs", "spec/slug_spec.rb", '+  it { expect(slug("")).to eq("") }'),
        ("fix: typo in notice", "app/views/notice.erb", "-Recieved\n+Received"),
    ),
    "csharp": (
        ("refactor: file-scoped namespaces", "src/Money.cs", "-namespace App {\n+namespace App;"),
        ("chore: bump analyzers", "Directory.Packages.props", '-    <PackageVersion Include="Roslynator" Version="4.9.0" />\n+    <PackageVersion Include="Roslynator" Version="4.10.0" />'),
        ("test: slugs", "tests/SlugTests.cs", '+    [Fact] public void Empty() => Assert.Equal("", Slug.Of(""));'),
        ("fix: typo in message", "src/Messages.cs", '-    "recieved"\n+    "received"'),
    ),
}  # fmt: skip

ELSEWHERE: dict[str, tuple[Entry, ...]] = {
    "kotlin": (
        ("refactor: data class for slug", "src/main/kotlin/app/Slug.kt", "-class Slug(val text: String)\n+data class Slug(val text: String)"),
        ("chore: bump ktlint", "build.gradle.kts", '-    id("org.jlleitschuh.gradle.ktlint") version "12.1.0"\n+    id("org.jlleitschuh.gradle.ktlint") version "12.1.1"'),
    ),
    "php": (
        ("refactor: promoted properties", "src/Money.php", "-    private int $cents;\n+    public function __construct(private int $cents) {}"),
        ("chore: bump phpstan", "composer.json", '-        "phpstan/phpstan": "1.10.57",\n+        "phpstan/phpstan": "1.10.58",'),
    ),
    "rust": (
        ("refactor: derive Debug", "src/money.rs", "-#[derive(Clone)]\n+#[derive(Clone, Debug)]"),
        ("chore: bump clap", "Cargo.toml", '-clap = "4.4.0"\n+clap = "4.4.1"'),
    ),
    "elixir": (
        ("refactor: pipe in slug", "lib/app/slug.ex", "-    String.downcase(String.trim(text))\n+    text |> String.trim() |> String.downcase()"),
        ("chore: bump credo", "mix.exs", '-      {:credo, "~> 1.7.3", only: :dev},\n+      {:credo, "~> 1.7.4", only: :dev},'),
    ),
    "scala": (
        ("refactor: case class for slug", "src/main/scala/app/Slug.scala", "-class Slug(val text: String)\n+case class Slug(text: String)"),
        ("chore: bump scalafmt", ".scalafmt.conf", '-version = "3.7.17"\n+version = "3.8.0"'),
    ),
}  # fmt: skip


def harmless(language: str, drawn: random.Random) -> list[Entry]:
    """A dozen harmless commits, in an order of their own."""
    found = [
        *ANYWHERE,
        *(BY_LANGUAGE.get(language) or ELSEWHERE[language]),
        *BY_LANGUAGE[drawn.choice(sorted(BY_LANGUAGE))],
    ]
    drawn.shuffle(found)
    return found[:14]
