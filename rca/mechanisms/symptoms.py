"""What telemetry can show: words in errors, and kinds of metrics that moved, each a symptom with a strength."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["SYMPTOMS", "Symptom", "is_outside", "of_signals", "outside_hosts", "pattern_of", "symptoms_in"]


@dataclass(frozen=True, slots=True)
class Symptom:
    """Something that telemetry shows.

    Parameters
    ----------
    name
        Short name; mechanisms predict symptoms by it.
    title
        In words.
    pattern
        How errors say it.
    signals
        Signals of metrics (see ``rca.measures.vocabulary``) whose bad shift shows it too.
    """

    name: str
    title: str
    pattern: str
    signals: tuple[str, ...] = ()


# Where several fit, the earlier of one group wins: an expired certificate is no disagreement about ciphers.
SYMPTOMS: tuple[Symptom, ...] = (
    Symptom("certificate", "a certificate expired", r"(certificate|x509|\bcert\b|ssl|tls).{0,80}(expired|not yet valid|notafter|has expired)|certificate_?expired|CERT_HAS_EXPIRED|validity check failed"),
    Symptom("authority", "a certificate is not trusted", r"unknown authority|self.signed|unable to get local issuer|PKIX|certificate verify failed|untrusted|hostname .*(doesn.t match|mismatch)|bad certificate|not valid for (any|the) name"),
    Symptom("tls", "encrypted connections cannot be agreed", r"handshake (failure|failed|error|timeout)|tls:|ssl error|SSLError|SSLHandshake|protocol version|no (shared )?cipher|cipher mismatch|unsupported protocol"),
    Symptom("dns", "names cannot be resolved", r"no such host|NXDOMAIN|SERVFAIL|name resolution|getaddrinfo|ENOTFOUND|EAI_AGAIN|\blookup \S+|could not resolve|resolve host|UnknownHostException|produced zero addresses|name or service not known|server misbehaving", ("dns",)),
    Symptom("relation", "a table is missing", r"relation .{1,80} does not exist|no such table|table .{1,80} doesn.t exist|unknown table|UndefinedTable|ORA-00942|invalid object name|table or view does not exist|collection .{1,60} not found|ResourceNotFoundException.{0,40}table|index_not_found|unknown (topic|stream|queue)"),
    Symptom("column", "a column is missing", r"column .{1,80} does not exist|unknown column|no such column|UndefinedColumn|has no column|invalid column|invalid identifier|ORA-00904"),
    Symptom("constraint", "the database refuses a row", r"violates (not.null|foreign key|unique|check)|constraint|duplicate (key|entry)|IntegrityError|cannot be null|unique index"),
    Symptom("nil", "something absent was used", r"nil pointer|null ?pointer|NullPointerException|NullReferenceException|NoneType|undefined is not|of (undefined|null)\b|nil map|invalid memory address|segmentation|SIGSEGV|on a .None. value|Object reference not set|undefined method .* for nil|AttributeError|nil dereference"),
    Symptom("index", "an index is out of range", r"index out of (range|bounds)|IndexError|ArrayIndexOutOf|slice bounds|list index|out of bounds|StringIndexOutOf|(integer|stack|arithmetic|numeric|buffer|int(32|64)?|heap|value|decimal|number)[ -]?(over|under)flow|(over|under)flow(ed|error|exception| error)|OverflowException|divi(de|sion) by zero|ZeroDivision|ArithmeticException|stack overflow|RecursionError"),
    Symptom("race", "concurrent work collides", r"concurrent (map|modification|update|write|access)|ConcurrentModification|data race|race condition|race detected|optimistic lock|StaleObject|could not serialize|serialization failure|version conflict|write conflict|lost update|concurrently|multiple points"),
    Symptom("deadlock", "locks wait for each other", r"dead ?lock|lock wait|could not obtain lock|lock timeout|waiting for (table |row |metadata )?lock|blocked by|lock contention|canceling statement due to lock", ("db_lock",)),
    Symptom("pool", "a pool has nothing left", r"pool (is )?(exhaust\w*|full|timeout|empty|limit)|acquir\w* (a )?connection|connection pool|no (\w+ )?connections? (available|in time|left|free)|no (available|idle) connection|waiting for (idle|a|free) (connection|object)|QueuePool|HikariPool|too many clients|waited .{0,20} to acquire|pool.{0,40}(exhaust|timed? ?out|wait)", ("pool",)),
    Symptom("connections", "there are too many connections", r"too many connections|remaining connection slots|max_connections|connection limit|cannot assign requested address|port exhaustion|ephemeral port|SNAT", ("connections",)),
    Symptom("threads", "threads or workers are used up", r"RejectedExecution|thread ?pool|worker (pool|threads?|queue)|no (free |available )?workers|queue (is )?full|task rejected|unable to create .{0,12}thread|goroutines?\b|event ?loop|executor|starv(ed|ation)|(all|busy) .{0,24}(threads|workers)|(threads|workers) (are )?busy|worker (is )?unresponsive", ("pool", "queue")),
    Symptom("fd", "file handles are used up", r"too many open files|EMFILE|ENFILE|file descriptors?"),
    Symptom("memory", "memory runs out", r"OOM|out of memory|OutOfMemory|MemoryError|memory limit|cannot allocate|heap (space|growing|limit|out)|memory pressure|exceeded memory|allocation (failed|failure)|bad_alloc|heap (used|inuse)|memory leak", ("memory",)),
    Symptom("gc", "garbage collection takes the time", r"\bGC\b.{0,24}(pause|overhead|thrash)|garbage collect|stop.the.world|gc overhead|full gc", ("gc",)),
    Symptom("restart", "processes are killed or restart", r"OOMKilled|CrashLoopBackOff|back.off restarting|exit(ed)? (with )?(code|status) (1\d\d|[1-9])|restarting|SIGKILL|SIGTERM|container (was )?(killed|terminated)|evicted|failed to start", ("restarts",)),
    Symptom("probe", "health checks fail", r"(liveness|readiness|startup|health) ?(probe|check) (failed|failing|error)|unhealthy|failed health|missed (its |a |the )?heartbeat|marked (as )?(offline|dead|down)|flapping"),
    Symptom("crash", "it panics", r"\bpanic\b|fatal error|Traceback|unhandled (exception|rejection|error)|uncaught|core dumped|abort\w*\b|assertion|goroutine panicked|stack ?trace"),
    Symptom("disk", "a disk is full or slow", r"no space left|disk (is )?(full|pressure|quota)|ENOSPC|read.only file ?system|inode|write error|i/o error|EIO|disk (usage|failure|error)|raid|degraded array|volume (is )?full|low disk", ("disk",)),
    Symptom("too_large", "a message is too large", r"(larger|bigger|longer) than (the )?max|too (large|big|long)|\b413\b|(message|payload|body|request) size|exceeds (the )?(max\w*|limit|allowed|configured)|max_allowed_packet|RecordTooLarge"),
    Symptom("throttle", "a quota or rate limit is reached", r"throttl|ProvisionedThroughput|rate.?limit|\b429\b|too many requests|quota|SlowDown|capacity (exceeded|limit|rising)|exceeded .{0,30}(capacity|limit|quota)|RequestLimitExceeded|ResourceExhausted|RESOURCE_EXHAUSTED|over.?limit", ("throttling",)),
    Symptom("throttled", "the CPU limit is reached", r"cpu (limit|quota|throttl\w+)|cfs", ("throttling",)),
    Symptom("breaker", "a circuit breaker is open", r"circuit|breaker (is )?open|CallNotPermitted|upstream overflow|outlier|bulkhead", ("breaker",)),
    Symptom("retries", "calls are repeated again and again", r"retry storm|retries? (exhausted|budget)|max(imum)? (retries|attempts)|attempt \d+ of|retrying|retry \d+|attempt \d+|trying again", ("retries",)),
    Symptom("cancelled", "callers give up", r"context cancel|cancell?ed by (client|caller)|client (closed|disconnected|cancell?ed)|\b499\b|broken pipe|request aborted|CANCELLED"),
    Symptom("timeout", "time limits are exceeded", r"deadline|timed? ?out|timeout|ETIMEDOUT|\b504\b|gateway time|statement timeout|exceeded .{0,12}ms"),
    Symptom("refused", "connections are refused or cut", r"connection (refused|reset|closed|aborted|lost|dropped)|(server|remote|peer) (disconnected|closed)|RemoteProtocolError|without sending a response|premature(ly)? (close|end)|incomplete ?read|ECONNREFUSED|ECONNRESET|reset by peer|unreachable|no route to host|\bEOF\b|upstream connect error|no healthy upstream|no instances? available|connect failed|dial tcp|reset connection|unavailable|\b503\b"),
    Symptom("auth", "access is denied", r"unauthori[sz]ed|forbidden|permission denied|access ?denied|\b401\b|\b403\b|invalid (token|signature|credential|api key|grant|audience|issuer)|token (is )?expired|jwt|authentication fail|not authorized|credentials?|signature (mismatch|verification)|missing scope"),
    Symptom("credential", "a token, key or licence expired", r"(token|credential|secret|api.?key|licen[cs]e|password|subscription|key).{0,40}(has )?(expired|revoked|lapsed)|ExpiredToken|expired (token|credential|key|secret)"),
    Symptom("not_found", "something is not found", r"\b404\b|not found|no such (key|bucket|file|route|object)|NoSuchKey|NoSuchBucket|ENOENT|FileNotFound|unknown (route|path|host|service|endpoint)|does not exist"),
    Symptom("unimplemented", "a call is not known to the other side", r"unimplemented|unknown (method|service|rpc)|method not (found|allowed)|\b405\b|NoSuchMethod|ClassNotFound|NoClassDef|ImportError|ModuleNotFound|undefined symbol|incompatible|unsupported version"),
    Symptom("decode", "data cannot be read", r"unmarshal|unknown field|missing (required )?(field|key|property|attribute|param)|failed to (parse|decode|deserial\w+|unmarshal)|unexpected (token|end|field|character|type)|KeyError|JSONDecode|cannot (parse|decode|deserialize|unmarshal)|schema (mismatch|validation|registry|version)|invalid (json|payload|wire|type|format|message)|Unrecognized|parse error|decod\w+ (error|fail\w*)|Serializ\w*Exception|(Number|Date|Time)?(Format|Parse)Exception|error converting|proto:|avro|mapping_exception|type mismatch"),
    Symptom("validation", "inputs are refused", r"validation|\b400\b|\b422\b|bad request|unprocessable|invalid (argument|value|input|request|parameter|date|currency)|must (be|not|have)|is required|not allowed|ValueError|IllegalArgument"),
    Symptom("rejected", "requests are turned away", r"reject|denied|declin|refus|blocked|dropped|shed"),
    Symptom("data", "a record cannot be digested", r"malformed|corrupt|poison|bad (record|row|data|message|input)|invalid (record|row|utf|character|byte|timestamp|unicode|(start|continuation) byte)|Unicode\w*Error|undecodable|(record|row|message|event|document|line|offset)s? #?\S*\d\S* .{0,60}(cannot be|could not be|can.t be|not) (decoded|parsed|read|processed|digested)|no partition of relation|unexpected (column|delimiter|header)|checksum|truncated|garbage(?! ?collect)|\bNaN\b|negative (amount|quantity|balance|price)|encoding|unexpected null"),
    Symptom("business", "results are wrong", r"mismatch|discrepan|wrong (total|amount|price|currency|result)|incorrect|reconcil|inconsisten|double.?charg|over.?charg|under.?charg|imbalance|rounding|off by"),
    Symptom("duplicate", "things happen twice", r"duplicate|already (exists|processed)|double (charge|processing|send)|idempot|twice|replayed"),
    Symptom("stale", "old data is served", r"\bstale\b|out.?dated|out of date|(?<!falls )(?<!falling )(?<!fell )\bbehind\b|replica(tion)? lag|old version|not (yet )?(visible|propagated)|read.your.writes|cache (is )?stale", ("replication",)),
    Symptom("queue", "a backlog grows", r"(consumer|queue|partition|replication) lag|backlog|queue depth|dead.?letter|DLQ|rebalanc|unacked|visibility timeout|redeliver|messages? (pending|waiting)|(falls|falling|fell) behind|poll.?interval|poll timeout|unacknowledged|prefetch window|lag (is )?(growing|high)", ("queue",)),
    Symptom("cache", "a cache misses", r"cache (miss|stampede|evict|cold|flush|invalidat)|thundering herd|hit (rate|ratio)|MISS\b|evict", ("cache",)),
    Symptom("slow_query", "statements are slow", r"slow (query|statement|sql|log)|full (table|collection|index)? ?scan|seq(uential)? scan|missing index|without (an )?index|COLLSCAN|query (took|exceeded|timeout)|temp(orary)? (file|table)|rows examined"),
    Symptom("plan", "the database plans its statements otherwise", r"automatic analyze|analyze of table|estimat\w+.{0,30}\bactual|plan (was |has )?(chang|flip|regress)\w*|stale statistics|statistics (are|were|of \S+ (are|were)) (stale|updated|refreshed)"),
    Symptom("queries", "more statements a request", r"n\+1|queries per request|too many queries|query count|\d+ (queries|statements|selects) (in|per|for)|queries (in one|for one|per)|single.item|batching disabled|one by one|\bper.item\b", ("queries",)),
    Symptom("db_cpu", "the database works at its limit", r"database (cpu|load|overload)|db (cpu|load)", ("db_cpu",)),
    Symptom("cpu", "the CPU is busy", r"cpu (usage|saturat|pressure|high|spike|bound)|high load|load average", ("cpu",)),
    Symptom("log_volume", "logs flood", r"log (volume|rate|flood|dropp\w+|buffer)|ingestion (limit|quota)|too many logs|rate of logs"),
    Symptom("config", "a setting is missing or wrong", r"missing (env|config\w*|setting|variable|secret)|invalid (config\w*|setting)|config\w* (error|not found|missing|invalid)|environment variable|unknown (flag|option|setting|property)|not configured|no value|could not load (config|setting)|feature flag|placeholder"),
    Symptom("provider", "a provider outside fails", r"provider|third.party|vendor|(status|response)? ?(code )?\b(502|503)\b from|upstream provider|external (api|service|call)"),
    Symptom("callee", "calls to another service fail", r"\b(dependency|upstream|downstream|backend|remote (service|call)|call to [\w.-]+)\b.{0,40}\b(fail\w*|unavailable|error|down)\b|bad gateway|service unavailable"),
    Symptom("node", "a machine or zone is lost", r"node\S* (is )?not ?ready|NodeNotReady|NotReady|kubelet|taint|preempt|spot (instance|interruption)|drain|FailedScheduling|unschedulable|host (is )?down|machine|zone (outage|unavailable|impair)|hypervisor|kernel (panic|bug)|hardware|PLEG|cordon|lost contact|node (lost|gone|down|failure|pressure)|DiskPressure|MemoryPressure|hardware (check|fault|failure|error)|stopped posting"),
    Symptom("failover", "the database changes its primary", r"failover|fail.over|replacement scheduled|master.?link|promot(ed|ing) (a )?(replica|standby)|read.only (transaction|replica|mode)|not (the )?primary|no primary|primary (step|chang|lost)|master (changed|lost)|terminating connection|administrator command|shutting down|elect\w+ (leader|primary)|leader (not|lost|election)|not (the )?leader|maintenance"),
    Symptom("zone", "a zone or region is lost", r"\b(availability zone|zone|region|racks?|data ?cent(er|re))\b.{0,50}(unreachable|outage|impair\w*|loss|lost|down|unavailable|degraded|offline|power)|(loss of power|power loss|outage|impairment) .{0,40}\b(zone|region|racks?|data ?cent)"),
    Symptom("clock", "a clock is off", r"clock (skew|drift|offset|is (off|behind|ahead))|clock of\b|\bntpd?\b|chrony|timex offset|not (yet )?active|(nbf|iat|issued).{0,40}future|used before issued|RequestTimeTooSkewed|time ?skew"),
    Symptom("steal", "another machine on the same host takes the CPU", r"\bsteal\b|noisy neighbo|neighbou?r on|vcpu (wait|ready)|cpu ready|scheduler delay"),
    Symptom("counterpart", "what another party sends changed", r"(\btheir\b|partner|vendor|supplier|acquirer|carrier|provider|third.party|upstream|counterpart|feed|webhook)\b.{0,80}\b(format|schema|version|column|field|layout|payload|contract)s?\b.{0,60}\b(chang|unexpected|unknown|new|renamed|differ)\w*|\b(partner|vendor|supplier|carrier|provider|feed|webhook)\b.{0,60}\b(unexpected|unknown|new|renamed|changed) (format|schema|version|column|field|layout|payload)|\bnew (format|schema|version) (of|from) (the )?(partner|vendor|provider|bank|carrier)"),
    Symptom("network", "packets are lost or late", r"packet loss|network (is )?(unreachable|partition|error)|retransmi|link (down|flap)|connection quality|bgp|mtu|peering|vpn|conntrack"),
    Symptom("surge", "more requests than usual", r"(traffic|request|load) (spike|surge|burst|flood)|too much traffic|\bbots?\b|crawler|scrap(er|ing|y)\b|ddos|thundering|campaign|user.?agent|above (the )?(normal|usual)|(requests|traffic) from .{0,40}(agent|addresses|\bASN?\b)|one ASN", ()),
    Symptom("latency", "requests take longer", r"\bslow\b|latency|response time|took \d+", ("latency",)),
    Symptom("errors", "requests fail", r"error|fail|exception|\b5\d\d\b", ("errors", "availability")),
)  # fmt: skip
_EXCLUSIVE = (("certificate", "credential"), ("certificate", "authority", "tls"), ("relation", "not_found"), ("column", "not_found"),
              ("dns", "not_found"), ("cancelled", "timeout"), ("pool", "timeout"), ("deadlock", "timeout"), ("dns", "timeout"), ("throttle", "throttled"), ("memory", "throttle"), ("too_large", "throttle", "throttled"), ("clock", "auth", "credential", "stale"), ("steal", "latency"), ("counterpart", "data", "decode", "validation", "column"), ("zone", "node", "network"))  # fmt: skip
_COMPILED = {symptom.name: re.compile(symptom.pattern, re.IGNORECASE) for symptom in SYMPTOMS}
_QUANTITY = re.compile(
    r"(?:(?<=threshold=)|(?<=observed=))\d[\d.]*|\b\d[\d.,]*(?=\s?(?:ms|us|ns|s|secs?|seconds?|min|minutes|%|[kKMGT]i?B)\b)"
)
"""Numbers that measure something: 400 ms is no status code."""
_HOST = re.compile(
    r"(?<![\w.@-])((?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|co|cloud|ai|app|us|eu|de|uk|gov|edu|info|biz))\b(?!\.[A-Za-z_])",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"(\.svc|\.cluster\.local|\.internal|\.local|\.consul|\.lan|\.corp)\b|^(github|golang|gopkg|google\.golang)\.",
    re.IGNORECASE,
)


def symptoms_in(text: str) -> list[str]:
    """Return the names of the symptoms that a text shows, most specific first.

    Examples
    --------
    >>> symptoms_in("x509: certificate has expired")
    ['certificate']
    >>> "tls" in symptoms_in("tls handshake failed: x509: certificate has expired")
    False
    >>> symptoms_in("fatal error: concurrent map writes")[0]
    'race'
    >>> "validation" in symptoms_in("answered 400"), "validation" in symptoms_in("took 400 ms")
    (True, False)
    """
    text = _QUANTITY.sub("0", text)
    found = [name for name, pattern in _COMPILED.items() if pattern.search(text)]
    hidden = {other for group in _EXCLUSIVE if group[0] in found for other in group[1:]}
    return [name for name in found if name not in hidden]


def pattern_of(*names: str) -> str:
    """Return one pattern for how errors say any of some symptoms.

    Examples
    --------
    >>> bool(re.search(pattern_of("certificate", "tls"), "no shared cipher"))
    True
    """
    return "|".join(f"(?:{symptom.pattern})" for symptom in SYMPTOMS if symptom.name in names)


def outside_hosts(text: str) -> list[str]:
    """Return hosts of the world outside that a text names.

    Examples
    --------
    >>> outside_hosts("POST https://api.payments.com/v1 returned 503; db.orders.svc.cluster.local")
    ['api.payments.com']
    """
    return [host.lower() for host in _HOST.findall(text) if not _INSIDE.search(host)]


def is_outside(text: str) -> bool:
    """Say whether a text tells of a failure of a host outside, beyond resolving its name.

    Examples
    --------
    >>> is_outside("POST https://api.payments.com/v1 returned 503"), is_outside("lookup api.payments.com: no such host")
    (True, False)
    """
    found = symptoms_in(text)
    if not outside_hosts(text) or "dns" in found or "certificate" in found or "auth" in found:
        return False
    return bool(
        re.search(
            r"\b5\d\d\b|timeout|timed? ?out|deadline|unavailable|refused|reset|outage|exceeded", text, re.IGNORECASE
        )
    )


def of_signals(moved: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """Return symptom → strength for signals of metrics that moved the bad way by so many units of unrest.

    A shift of four units is half a symptom, of twenty nearly a whole one.
    """
    out: dict[str, float] = {}
    for signal, score in moved:
        strength = score / (score + 4.0) if score > 0 else 0.0
        for symptom in SYMPTOMS:
            if signal in symptom.signals:
                out[symptom.name] = max(out.get(symptom.name, 0.0), strength)
    return out
