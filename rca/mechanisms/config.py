"""Mechanisms of configuration: endpoints, names, certificates, rights, flags, versions, routes."""

from __future__ import annotations

import re

from rca.mechanisms.base import Found, Mechanism, alters, either, gains, inside, loses, number, touches, within
from rca.mechanisms.diffs import Diff
from rca.mechanisms.facts import changed_pairs

__all__ = ["CONFIG", "bumped"]

_ENDPOINT = re.compile(
    r"(?:https?|wss?|grpc|redis|postgres\w*|mysql|amqps?|kafka|nats|mongodb(?:\+srv)?|jdbc:\w+|tcp|s3|gs)://[\w.:/@-]+"
    r"|\b[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*:\d{2,5}\b"
    r"|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|dev|cloud|local|internal|svc|consul|lan|corp)\b(?![.(\w])"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|(?<=[\"'=\s]):\d{4,5}\b"
)
_WHERE = re.compile(
    r"\b\w*(host|url|uri|endpoint|addr|address|port|bucket|region|topic|queue|namespace|database|domain|upstream|broker|dsn|stream|resolver|nameserver)s?(_?name)?[\"']?\s*[:=]+\s*(?P<value>[\"'\w./:@${}-]+)",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?<![\w.])[v^~>=<]*(\d+(?:\.\d+){1,3}(?:[-+.]?[A-Za-z][\w.-]*)?)(?![\w.])")
_LIBRARY = re.compile(r"@?[A-Za-z][\w./:@-]*[\w]")
_ABOUT = frozenset(
    ("version", "versions", "implementation", "api", "testimplementation", "packagereference", "packageversion", "include", "artifactid", "groupid", "require", "gem", "name", "sha256")
)  # fmt: skip


_WORKBENCH = re.compile(
    r"eslint|prettier|stylelint|tslint|husky|jest|vitest|mocha|chai|cypress|playwright|testing-library|junit|mockito|assertj|wiremock|testcontainers|rubocop|rspec|minitest|factory_bot|faker|"
    r"pytest|\bblack\b|flake8|\bruff\b|mypy|isort|pylint|hypothesis|coverage|golangci|staticcheck|testify|gomock|xunit|nunit|moq|fluentassertions|roslynator|analyzers?\b|stylecop|checkstyle|spotbugs|"
    r"spotless|jacoco|ktlint|detekt|scalafmt|scalatest|clippy|criterion|phpunit|phpstan|psalm|@types/",
    re.IGNORECASE,
)
"""Libraries of the workbench: what tests, lints and formats does not run in production."""


def bumped(diff: Diff) -> list[tuple[str, str, str]]:
    r"""Return dependencies whose version changed, as (name, before, after).

    Examples
    --------
    >>> from rca.mechanisms.diffs import parse_diff
    >>> bumped(parse_diff("@@ go.mod @@\n-\tgithub.com/x/pgx v5.5.4\n+\tgithub.com/x/pgx v6.0.0\n"))
    [('github.com/x/pgx', '5.5.4', '6.0.0')]
    >>> bumped(parse_diff('@@ a.csproj @@\n-<PackageReference Include="Dapper" Version="2.0.1" />\n+<PackageReference Include="Dapper" Version="2.1.0" />'))
    [('Dapper', '2.0.1', '2.1.0')]
    """
    out = []
    for item in diff.live:
        if not item.is_manifest and item.path:
            continue
        for old, new in changed_pairs(item):
            before, after = _VERSION.findall(old), _VERSION.findall(new)
            if len(before) != len(after) or before == after or _VERSION.sub("", old) != _VERSION.sub("", new):
                continue
            at = next(place for place, value in enumerate(before) if value != after[place])
            name = _library(old) or _library(" ".join(line for line in item.context if "artifactId" in line))
            if item.is_manifest or "/" in name:
                out.append((name or "a library", before[at], after[at]))
    return out


def _library(line: str) -> str:
    """Return the longest word of a line of a manifest that can be the name of a library."""
    names = [word for word in _LIBRARY.findall(_VERSION.sub("", line)) if word.lower() not in _ABOUT]
    return max(names, key=len, default="").removesuffix(".version").strip(":")


def _dependency(diff: Diff) -> Found | None:
    found = bumped(diff)
    if not found:
        return None
    name, before, after = max(found, key=lambda item: _jump(item[1], item[2]))
    strength = (
        0.05 if all(_WORKBENCH.search(item[0]) for item in found) else {2: 0.8, 1: 0.5, 0: 0.25}[_jump(before, after)]
    )
    return Found(strength, f"{name} {before} → {after}")


def _jump(before: str, after: str) -> int:
    one, other = ([int(part) for part in re.findall(r"\d+", text)[:3]] + [0, 0, 0] for text in (before, after))
    return 2 if one[0] != other[0] else 1 if one[1] != other[1] else 0


def _endpoint(diff: Diff) -> Found | None:
    for item in diff.live:
        for old, new in () if item.is_manifest else changed_pairs(item):
            before, after = set(_ENDPOINT.findall(old)), set(_ENDPOINT.findall(new))
            if before - after and after - before:
                return Found(1.0, f"an address changed: “{min(before - after)}” → “{min(after - before)}”")
            was, now = _WHERE.search(old), _WHERE.search(new)
            if was and now and was["value"].strip("\"'") != now["value"].strip("\"'"):
                return Found(0.8, f"where something is found changed: “{new.strip()[:80]}”")
    return None


CONFIG: tuple[Mechanism, ...] = (
    Mechanism("planner_changed", "how the database plans its statements changed",
              touches(r"enable_(\w*scan|hashjoin|mergejoin|nestloop|sort|material)|random_page_cost|effective_cache_size|work_mem|plan_cache|optimizer_\w+|auto_?vacuum\w*|\bvacuum\b|checkpoint\w*|maintenance_work_mem|fillfactor|statistics_target|query_cache|max_parallel", "a setting of the planner changed", strength=0.9),
              {"slow_query": 1.0, "db_cpu": 0.9, "disk": 0.7, "latency": 0.5, "timeout": 0.4, "pool": 0.4}, kind="database"),
    Mechanism("endpoint_changed", "an address or name of a place changed", _endpoint,
              {"dns": 1.0, "refused": 1.0, "not_found": 0.8, "auth": 0.5, "timeout": 0.5, "relation": 0.4, "certificate": 0.4, "provider": 0.4, "config": 0.6, "errors": 0.2, "tls": 0.3}),
    Mechanism("tls_changed", "how encrypted connections are made changed",
              either(inside(r"tls|cert|ssl|pki", "what encrypts changed", strength=0.6), touches(r"tls\.|TLS_|cipher|x509|InsecureSkipVerify|verify=|ssl_|sslmode|RootCAs|ca_?(cert|bundle|file)|keystore|truststore|mtls|min_?version", "TLS changed", strength=0.9)),
              {"tls": 1.0, "authority": 1.0, "certificate": 0.25, "refused": 0.3, "auth": 0.3}),
    Mechanism("reach_changed", "what may reach what changed",
              touches(r"NetworkPolicy|policyTypes|\begress\b|security_?group|firewall|iptables|nftables|\bcidr|from_port|to_port|PeerAuthentication|AuthorizationPolicy|ServiceEntry|route_table|nat_gateway|\bpeering|\bacl\b", "who may reach whom changed", strength=0.9),
              {"refused": 1.0, "timeout": 0.9, "network": 0.8, "dns": 0.7, "probe": 0.5, "auth": 0.3, "errors": 0.3}, kind="network"),
    Mechanism("sockets_changed", "how connections are kept or written to changed",
              touches(r"no_?delay|keep-?_?alive\w*|so_(rcv|snd)buf|tcp_\w+|idle_?timeout|headersTimeout|max_?idle\w*|maxRequestsPerConnection|linger", "a setting of sockets changed", strength=0.8),
              {"refused": 1.0, "connections": 0.8, "network": 0.7, "latency": 0.5, "timeout": 0.5, "cpu": 0.3}, kind="network"),
    Mechanism("resolver_changed", "how names are resolved changed",
              either(touches(r"ndots|dnsPolicy|dnsConfig|nameserver|resolv\.conf|dns\w*\.?ttl|address\.cache|single-request", "the resolver changed", strength=0.9), within(r"corefile|coredns|resolv\.conf|unbound|dnsmasq|named\.conf|nameserver", r"\w", "the resolver changed", strength=0.9)),
              {"dns": 1.0, "timeout": 0.4, "refused": 0.3}, kind="network"),
    Mechanism("affinity_changed", "which instance a request comes to changed",
              touches(r"affinity|sticky|stickiness|session-?cookie|ip_hash|(consistent|ring)_?hash|hash_?policy|lb_?policy|least_(conn|request)|round_?robin|loadBalanc\w*", "how requests are spread changed", strength=0.9),
              {"auth": 0.9, "not_found": 0.7, "cache": 0.7, "business": 0.5, "cpu": 0.4, "latency": 0.4}),
    Mechanism("headers_changed", "what goes along with a call changed",
              either(loses(r"headers?\b|metadata|cookies?\b|bearer|authorization", "what went along is gone", strength=0.9), alters(r"headers?\b|metadata|cookies?\b", "what goes along changed", strength=0.5)),
              {"auth": 1.0, "validation": 0.6, "decode": 0.4, "not_found": 0.4, "cache": 0.5, "rejected": 0.4}, kind="defect", shows="callees"),
    Mechanism("rights_changed", "rights, secrets or tokens changed",
              either(inside(r"auth|login|oauth|jwt|iam|rbac|permission|polic", "what grants access changed", strength=0.5), touches(r"\"[a-z0-9-]+:(?:[A-Z]\w+|\*)\"|\b(roles?|polic(y|ies)|permissions?|scopes?|grants?|revoke|iam|acl|rbac|secrets?|tokens?|api_?key|passwords?|credentials?|audience|issuer|authoriz\w+|jwks?\w*|allow(ed)?_\w+|deny|cors|origins?|signing\w*|hmac)\b", "rights changed", strength=0.8)),
              {"auth": 1.0, "rejected": 0.6, "credential": 0.4, "errors": 0.2, "config": 0.3}, kind="defect", shows="callers"),
    Mechanism("dependency", "a library changed its version", _dependency,
              {"library": 1.0, "unimplemented": 0.8, "decode": 0.4, "crash": 0.4, "tls": 0.3, "memory": 0.3, "race": 0.2, "errors": 0.15, "deadlock": 0.2, "nil": 0.25}, kind="defect"),
    Mechanism("flag_default", "a flag or default was turned",
              alters(r"(flag|feature|toggle|enabled?|default|experiment)\w*\W{1,4}(true|false|on|off)\b|\b(enabled?|disabled?)\s*[:=]|\bvalue\W+(on|off|true|false)\b", "a switch was turned", strength=0.6),
              {"errors": 0.3, "latency": 0.3, "config": 0.6, "queries": 0.3, "surge": 0.2, "business": 0.3}),
    Mechanism("setting_missing", "a setting is read that may not be there, or is gone",
              either(gains(r"os\.Getenv|os\.environ|process\.env|System\.getenv|viper\.|@Value\(|config\.(get|must|require)|getProperty|ENV\[|ENV\.fetch|env::var|\bgetenv\(|GetEnvironmentVariable|secretKeyRef|configMapKeyRef|mustEnv", "a setting is read that was not before", strength=0.7),
                     loses(r"^\s*-?\s*(name|key):|[A-Z][A-Z0-9]+_[A-Z0-9_]+\s*[:=]|env:|valueFrom|export\s+[A-Z_]+=", "a setting is gone", strength=0.7)),
              {"config": 1.0, "nil": 0.4, "restart": 0.5, "crash": 0.4, "auth": 0.3}, kind="defect"),
    Mechanism("route_changed", "a route, method or version of an interface changed",
              either(alters(r"@(Get|Post|Put|Delete|Patch|Request)Mapping|@(app|router|blueprint)\.(get|post|put|delete|route)\(|\[(HttpGet|HttpPost|Route)\b|^\s*(get|post|put|delete|resources?)\s+['\":]", "a route changed", strength=0.8), loses(r"\.(get|post|put|delete|patch|Handle|HandleFunc|route|GET|POST|PUT)\(\s*[\"'/]|@(Get|Post|Put|Delete|Request)Mapping|path\(|rpc\s+\w+\(|location\s+/|- path:", "a route is gone", strength=0.9),
                     gains(r"rewrite|StripPrefix|TrimRight\(|prefix:|basePath|rpc\s+\w+\(", "routes are read otherwise", strength=0.6)),
              {"not_found": 1.0, "unimplemented": 1.0, "errors": 0.2, "decode": 0.3, "rejected": 0.4}, kind="defect", shows="callers"),
    Mechanism("image_changed", "what it runs on changed",
              either(alters(r"^\s*FROM\s+\S+|image:\s*\S+|base_image|runtime:|go-version|python-version|node-version|JAVA_OPTS|GOGC|GOMAXPROCS|-Xm[xs]|-XX:", "what it runs on changed", strength=0.7), number(r"xm[xsn]|xss|gogc|gomaxprocs|gomemlimit|max_?old_?space", "what a process may use changed", falls=None)),
              {"crash": 0.5, "restart": 0.7, "gc": 0.9, "memory": 0.9, "tls": 0.4, "authority": 0.7, "cpu": 0.4, "library": 0.6, "fd": 0.2}, kind="runtime"),
)  # fmt: skip
"""What configuration can do."""
