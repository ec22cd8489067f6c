"""Mechanisms in code: guards, locks, loops, leaks, waiting, errors."""

from __future__ import annotations

import re
from collections import Counter

from rca.mechanisms.base import Found, Mechanism, alters, either, first, gains, loses, number
from rca.mechanisms.diffs import Diff, tokens
from rca.mechanisms.facts import changed_pairs, gained, lost, measured

__all__ = ["CODE"]

_GUARD = (
    r"(if|unless|when|guard|&&|\|\||\?).*(==|!=|===|!==|\bis\b)\s*(not\s+)?(nil|null|none|undefined)\b|if\s+(not\s+|!)[\w.]+\s*[:{)]|\?\.|\?\?|&\.|getOrElse|"
    r"\.(is_none|is_some|isPresent|isEmpty|ifPresent|orElse\w*|unwrap_or\w*|get_or_else)\b|Optional\.ofNullable|hasOwnProperty|\bok\s*:?=|len\([\w.]+\)\s*(==|>|!=)\s*0|requireNonNull|(===?|!==?|\bis( not)?)\s*(null|nil|None|undefined)\s*\?|\?\.let\b|\.fold\(|\brequire\(:"
)
_LOCK = (
    r"\b(mu|mutex|lock|rlock|rwlock|mtx|sem|semaphore|latch)\b\s*[.:]?|\.(R?Lock|R?Unlock|lock|unlock|acquire|release)\(|sync\.(RW)?Mutex|sync\.Map|\bsynchronized\b|"
    r"ReentrantLock|@Transactional|\batomic\b|AtomicInteger|AtomicLong|ConcurrentHashMap|compare_and_swap|CompareAndSwap|FOR UPDATE|SERIALIZABLE|\bwith\s+[\w.]*lock\b|singleflight|once\.Do|volatile\b|Interlocked"
)
_QUERY = (
    r"(?<!\w)(db|repo|repository|dao|session|conn|connection|cursor|tx|client|store|rdb|redis|cache|orm|stmt|pool|api|http|svc|service|stub|em|entityManager|prisma|collection|table|objects|model)\w*"
    r"[.>\-]+\w*(query|exec|execute|find|fetch|get|select|load|scan|read|lookup|insert|save|update|put|delete|post|call|request|send|list|filter|one|first|all)\w*\("
    r"|\bSELECT\s+[\w*,.()\s]+\s+FROM\b|\bINSERT INTO\b|\bUPDATE\s+\w+\s+SET\b|\bDELETE FROM\b|\bfetch\(|requests\.(get|post)|\.objects\.(get|filter)|axios\.|await\s+\w+\.(get|find|fetch|query|load)\w*\("
    r"|\.(Query|QueryRow|QueryContext|QueryRowContext|Exec|ExecContext|GetItem|PutItem|Get|HGet|Do)\("
)
_LOOP = r"^\s*(for|foreach|while|loop)\b|\.(forEach|map|flatMap|each|each_with_index|collect)\s*[({]|for\s+\w+\s+in\b|\brange\s+\w+|\bdo\s*\|"
_BATCH = (
    r"batch|bulk|chunk|executemany|mget|mset|pipeline\b|multi_?get|preload|eager|select_related|prefetch_related|includes\(|joinedload|selectinload|"
    r"JOIN FETCH|@BatchSize|dataloader|ANY\(|\bIN\s*\(|WHERE\s+\w+\s+IN|(pending|count|counter|size|len\w*|\bi|\bn)\)?\s*(>=|>|%)\s*\w+.{0,30}(flush|sync|commit|send|write)|findAllBy|in_bulk|\w(All|Many)\(|ByIds|unnest\("
)
_GROW = r"=\s*append\(|\.(append|push|push_back|add|put|set|store|insert|extend|Store|Add|Put|LoadOrStore)\(|\w+\[[^\]]+\]\s*=[^=]"
_SHARED = (
    r"^\s*(?:(?:private|public|internal|protected)\s+)?(var|val|let|static|private static|public static|global|const|final static)\s+\w+.*(mutable\w+Of|\[\]|map\[|make\(|\{\}|\[\]|new\s|Map|List|Dict|Set|Array|Vec|HashMap|cache|history|buffer|log)|"
    r"^\w+(\s*:\s*[\w\[\], ]+)?\s*=\s*(\[\]|\{\}|dict\(|list\(|set\(|defaultdict|deque\(\))|\b(self|this|s|c|m|h|p|r|svc)\.\w*(cache|history|log|seen|buffer|entries|registry|pending|sessions|listeners|subscribers|items|store|map)\w*|lru_cache\(maxsize=None\)|@cache\b|sync\.Map"
)
_BOUND = r"\b(lru|evict|max_?(size|len|entries|items)|maxsize=\d|limit|bounded|capacity|ttl|expire\w*|ring|trim|prune|cap\(|truncate|maxlen|delete\(|pop\w*\(|\.remove\(|clear\(|reset\()"
_RELATION = re.compile(
    r"(\w+)\s*(?::[^=]+)?=\s*(?:\w+\.)?(?:relationship|hybrid_relationship)\(|(\w+)\s*=\s*models\.(?:ForeignKey|ManyToManyField|OneToOneField)\(|"
    r"\b(?:has_many|has_one|belongs_to|has_and_belongs_to_many)\s+:(\w+)|@(?:One|Many)To(?:One|Many)\b|FetchType\.LAZY|"
    r"\.(?:hasMany|belongsTo|belongsToMany|hasOne)\(\s*['\"]?(\w+)|\bvirtual\s+I(?:Collection|List|Enumerable)<\w+>\s+(\w+)",
)
_EAGER = r"lazy\s*=\s*[\"'](selectin|joined|subquery|immediate)|FetchType\.EAGER|fetch\s*[:=]\s*[\"']?(eager|join)|\.Include\(|includes\(|preload|eager|select_related|prefetch_related|joinedload|selectinload"
_NESTED = re.compile(r"\((?:\?:)?(?:[^()\\]|\\.|\([^()]*\))*[+*](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\})")
_PATTERN = re.compile(r"reg_?ex|pattern|match|\bre\.|=~|[\"'/`]\^|\$[\"'/`]|\\[wsdSWDb]", re.IGNORECASE)
_UNSAFE = (
    r"\bstatic\b[^(;=]*\b(SimpleDateFormat|DecimalFormat|NumberFormat|MessageFormat|Calendar|HashMap|LinkedHashMap|ArrayList|HashSet|StringBuilder|Matcher|Random|Dictionary|List|MessageDigest|DbContext|SqlConnection)\b|"
    r"^\s*(global|nonlocal)\s+\w+|\bthread_local\s*=\s*False|@@\w+\s*(\|\|)?=|\bstatic\s+mut\b|unsafe\s+impl\s+(Send|Sync)|AddSingleton<\w*(Context|Connection)|@Singleton\b"
)
_KEYED = r"\bset\(|\bdict\(|\{\}|HashSet|HashMap|TreeMap|BTreeMap|\bmap\[|new (Map|Set)\b|\bMap<|\bSet<|frozenset|MapSet|Dictionary<|\.has\(|containsKey"
_SEARCHED = r"\[\]|ArrayList|\bList<|Vec::new|\blist\(|\.find\w*\(|\.includes\(|indexOf|\.contains\(|in_array|\.any\("
_UNIT = re.compile(
    r"(?:\bof|\bfrom_?|\bin|\bto|TimeUnit\.|time\.|ChronoUnit\.)(?:nano|micro|milli|second|sec|minute|hour|day)(?:second)?s?\b"
    r"|(?<=\d)\s?(?:ns|us|ms|s|m|h)\b|\b(?:milliseconds?|seconds?|minutes?|hours?)\b",
    re.IGNORECASE,
)
"""A unit of time, as a word, in the name of a function or behind a number."""
_OPERATOR = r"[<>=!|]=?|&&?(?!\.)|[-+*/%]\s*\d+"
_STATEMENT = re.compile(
    r"^\s*(?:(?:go|await|defer|spawn|yield)\s+)?(?:[\w$]+(?:\.|->|::|\())*?(?P<name>[\w$]{3,})(?:\.\w+)?\([^=]*\)[;,]?\s*$"
)
_TALK = re.compile(
    r"\b(log|logger|print\w*|console|fmt|metrics?|http\.Error|res|return|if|writeError|assert\w*|expect)\b",
    re.IGNORECASE,
)
_SHAPE = re.compile(r"\s+")
_SCALE = r"[*/]\s*10+(\.0*)?\b|\b1e[236]\b|\bUTC\b|tz_?info|timezone|ZoneId|\bcents\b|round\(|floor\(|ceil\(|trunc\("
_CLOSE = r"\b(defer\s+\w[\w.]*\.?(Close|Release|Rollback|Stop|cancel|Done|Body\.Close)\b|\.close\(\)|\.Close\(\)|\.dispose\(\)|\.release\(\)|\.Release\(\)|try\s*\(|with\s+open|using\s*\(|finally\b|\.disconnect\(|\.end\(\)|cancel\(\)|clearInterval|removeListener|unsubscribe)"


def _looped_query(diff: Diff) -> Found | None:
    """Find a call to a store or service below a loop, where it was not before."""
    query, loop = re.compile(_QUERY, re.IGNORECASE), re.compile(_LOOP)
    for item in diff.live:
        depth: int | None = None
        before = {re.sub(r"\s+", "", line) for line in item.removed}
        for line in item.added:
            indent = len(line) - len(line.lstrip())
            if depth is not None and indent <= depth and not loop.search(line):
                depth = None
            called = query.search(line)
            if called and (depth is not None or loop.search(line)) and re.sub(r"\s+", "", line) not in before:
                return Found(1.0, f"a call in a loop: “{line.strip()[:90]}”")
            if loop.search(line):
                depth = indent
    return None


def _lazy_relation(diff: Diff) -> Found | None:
    """Find a relation between tables that is fetched when it is read, and plainest where a loop reads it."""
    added = diff.lines("gained")
    brought = [line for line in added if _RELATION.search(line)]
    if not brought or gained(diff, _EAGER):
        return None
    names = {name for line in brought for name in _RELATION.search(line).groups() if name}  # type: ignore[union-attr]
    depth: int | None = None
    for line in added:
        indent = len(line) - len(line.lstrip())
        looped = bool(re.search(_LOOP, line))
        if depth is not None and indent <= depth and not looped:
            depth = None
        if (looped or depth is not None) and any(
            re.search(rf"\.(get)?{name}\b", line, re.IGNORECASE) for name in names
        ):
            return Found(1.0, f"each row fetches its own “{max(names)}”: “{line.strip()[:90]}”")
        if looped:
            depth = indent
    return Found(0.6, f"a relation that is fetched when it is read: “{brought[0].strip()[:90]}”")


def _batch_lost(diff: Diff) -> Found | None:
    if not lost(diff, _BATCH) or gained(diff, _BATCH):
        return None
    singles = gained(diff, _QUERY) or gained(diff, _LOOP)
    claim = f"batching is gone: “{first(diff.lines('lost'), _BATCH)}”"
    return Found(1.0 if singles else 0.5, claim)


def _unbounded(diff: Diff) -> Found | None:
    added = diff.lines("gained")
    grows, shared = gained(diff, _GROW), gained(diff, _SHARED)
    bounded = any(re.search(_BOUND, line, re.IGNORECASE) for line in added)
    if lost(diff, _BOUND) and re.search(_GROW, "\n".join([*added, *(line for f in diff.live for line in f.context)])):
        return Found(0.9, f"a bound is gone: “{first(diff.lines('lost'), _BOUND)}”")
    if grows and shared and not bounded:
        return Found(1.0, f"something shared grows without a bound: “{first(added, _GROW)}”")
    return None


def _step_gone(diff: Diff) -> Found | None:
    """Find a statement that only calls something, and is gone with its name."""
    gained_text = "\n".join(diff.lines("gained"))
    for item in diff.live:
        paired = {old for old, _ in changed_pairs(item)}
        for line in item.lost:
            called = _STATEMENT.match(line)
            if called and line not in paired and not _TALK.search(line) and called["name"] not in gained_text:
                return Found(0.6, f"a step is gone: “{line.strip()[:90]}”")
    return None


def _order_changed(diff: Diff) -> Found | None:
    """Find a comparison whose sides were exchanged."""
    for item in diff.live:
        for old, new in changed_pairs(item):
            compared = re.search(r"\w\s*(-|<=>|<|>|\.compareTo\b|\.localeCompare\b)\s*\(?\w", old)
            if compared and old.strip() != new.strip() and sorted(old.strip()) == sorted(new.strip()):
                return Found(0.9, f"what is compared changed sides: “{old.strip()[:50]}” → “{new.strip()[:50]}”")
    return None


def _turned(diff: Diff) -> Found | None:
    """Find a line whose names stayed and whose operators, signs or bounds changed."""
    for item in diff.live:
        for old, new in changed_pairs(item):
            if tokens(old) != tokens(new) or _SHAPE.sub("", old) == _SHAPE.sub("", new):
                continue
            if re.findall(_OPERATOR, old) != re.findall(_OPERATOR, new):
                return Found(0.8, f"an operator or a bound changed: “{old.strip()[:50]}” → “{new.strip()[:50]}”")
    return None


def _into_loop(diff: Diff) -> Found | None:
    """Find a call that moved deeper below a loop: what was done once is done for each."""
    for item in diff.live:
        around = "\n".join((*item.context, *item.added, item.header))
        for line in item.gained:
            deeper = [old for old in item.lost if old.split() == line.split() and _depth(old) < _depth(line)]
            if deeper and "(" in line and re.search(_LOOP, around, re.MULTILINE):
                return Found(0.9, f"done once before, now for each: “{line.strip()[:90]}”")
    return None


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _slower_structure(diff: Diff) -> Found | None:
    """Find a look-up by key that became a search, and a loop in a loop."""
    if lost(diff, _KEYED) and gained(diff, _SEARCHED) and not gained(diff, _KEYED):
        return Found(0.9, f"a look-up by key became a search: “{first(diff.lines('lost'), _KEYED)}” is gone")
    depth: int | None = None
    for line in diff.lines("gained"):
        indent = len(line) - len(line.lstrip())
        if depth is not None and indent <= depth:
            depth = None
        if re.search(_LOOP, line):
            if depth is not None:
                return Found(0.5, f"a loop in a loop: “{line.strip()[:90]}”")
            depth = indent
    return None


def _unit_changed(diff: Diff) -> Found | None:
    """Find a line whose unit became another, or is gone, while its value did not follow."""
    for item in diff.live:
        for old, new in changed_pairs(item):
            before, after = (Counter(unit.lower() for unit in _UNIT.findall(line)) for line in (old, new))
            if not before or before == after:
                continue
            values, others = measured(old), measured(new)
            follows = [value for value, _ in values] == [value for value, _ in others]
            if not (values and follows and all(timed for _, timed in (*values, *others))):
                return Found(0.9, f"a unit changed: “{old.strip()[:60]}” → “{new.strip()[:60]}”")
    return None


def _async_wait(diff: Diff) -> Found | None:
    # the synchronous twin of a call (hashSync, readFileSync) and the result of a task asked for on the spot
    pattern = r"\b(Thread\.sleep|time\.Sleep|time\.sleep|(?<!asyncio\.)(?<!await )\bsleep\(|\.join\(\)|\.get\(\)|\.result\(\)|\.block\(\)|runBlocking|\.Wait\(\)|\w+Sync\(|\w+\)?\.Result\b|GetAwaiter\(\)\.GetResult|Task\.Wait\w*\(|block_on\(|Await\.result|os\.fsync|\.Sync\(\)|sync_(data|all)\(|fsync|requests\.(get|post)|http\.Get)"
    return gains(pattern, "something waits on the path of a request", strength=0.8)(diff)


def _backtracks(diff: Diff) -> Found | None:
    """Find a regular expression that repeats a group which itself repeats, such as (a+)+ or (.*,)*."""
    for line in diff.lines("gained"):
        if _NESTED.search(line) and _PATTERN.search(line):
            return Found(1.0, f"a pattern repeats what repeats: “{line.strip()[:90]}”")
    return None


CODE: tuple[Mechanism, ...] = (
    Mechanism("nil_guard_removed", "a guard against absent values is gone", loses(_GUARD, "a guard is gone", unless=_GUARD),
              {"nil": 1.0, "index": 0.6, "crash": 0.6, "decode": 0.3, "data": 0.3, "errors": 0.2}, kind="defect"),
    Mechanism("lock_removed", "a lock or transaction is gone", loses(_LOCK, "protection against concurrency is gone", unless=_LOCK),
              {"race": 1.0, "duplicate": 0.7, "crash": 0.4, "data": 0.4, "errors": 0.2}, kind="defect"),
    Mechanism("lock_added", "a lock or transaction is new", gains(_LOCK, "a lock is new", strength=0.7),
              {"deadlock": 1.0, "timeout": 0.4, "latency": 0.4, "threads": 0.4, "pool": 0.3}),
    Mechanism("query_in_loop", "calls in a loop", either(_looped_query, _lazy_relation),
              {"queries": 1.0, "slow_query": 0.5, "pool": 0.5, "db_cpu": 0.6, "throttle": 0.6, "latency": 0.5, "timeout": 0.4, "connections": 0.4}, kind="database", shows="callees"),
    Mechanism("batching_lost", "batches became single calls", either(_batch_lost, _into_loop),
              {"queries": 0.9, "throttle": 1.0, "pool": 0.5, "db_cpu": 0.6, "latency": 0.5, "timeout": 0.4, "connections": 0.4, "queue": 0.4, "disk": 0.7}, kind="database", shows="callees"),
    Mechanism("unbounded_growth", "something grows without a bound", _unbounded,
              {"memory": 1.0, "gc": 0.7, "restart": 0.8, "latency": 0.2, "disk": 0.4}, kind="runtime"),
    Mechanism("leak", "something is no longer closed", loses(_CLOSE, "closing is gone", unless=_CLOSE),
              {"fd": 1.0, "pool": 0.9, "connections": 0.9, "memory": 0.6, "restart": 0.4, "threads": 0.5, "timeout": 0.3}),
    Mechanism("blocking", "something waits on the path of a request", _async_wait,
              {"latency": 0.8, "threads": 1.0, "timeout": 0.6, "queue": 0.6, "disk": 0.7, "pool": 0.3, "cpu": 0.4}),
    Mechanism("backtracking", "a pattern that can take for ever on some inputs", _backtracks,
              {"cpu": 1.0, "threads": 0.8, "throttled": 0.8, "timeout": 0.7, "latency": 0.7, "crash": 0.2}, kind="runtime"),
    Mechanism("shared_state", "one object is used by many threads at once", gains(_UNSAFE, "something that only one thread may use is shared", strength=0.9),
              {"race": 1.0, "decode": 0.6, "index": 0.8, "data": 0.6, "business": 0.5, "nil": 0.4, "crash": 0.3, "errors": 0.3}, kind="defect"),
    Mechanism("concurrency", "work was moved to other threads, or is no longer waited for",
              either(loses(r"\bawait\b|\.join\(|wg\.Wait|errgroup|Promise\.all|\.get\(\)", "waiting is gone", strength=0.8),
                     gains(r"\bgo\s+func|\bgo\s+\w+[.(]|Thread\(|executor\.|CompletableFuture|asyncio\.(gather|create_task)|Promise\.all|parallelStream|spawn\(|\.submit\(", "work runs concurrently", strength=0.7)),
              {"race": 0.9, "duplicate": 0.5, "pool": 0.5, "threads": 0.7, "connections": 0.5, "memory": 0.3, "throttle": 0.4, "crash": 0.4}, shows="callees"),
    Mechanism("error_handling_removed", "errors are no longer handled",
              loses(r"if\s+err\s*!=\s*nil|\b(try|catch|except|rescue|recover\(\))\b|\.catch\(|on_error|onError|raise\b|throw\b", "handling of errors is gone", unless=r"err|catch|except|rescue|recover|fallback|throw|raise", strength=0.8),
              {"crash": 0.9, "nil": 0.7, "data": 0.5, "errors": 0.4, "decode": 0.4}, kind="defect"),
    Mechanism("fallback_removed", "a fallback, breaker or retry is gone",
              loses(r"fallback|circuit|breaker|hystrix|resilience|retry|backoff|default\w*\(|bulkhead|degrade", "a fallback is gone", unless=r"fallback|circuit|breaker|retry|backoff"),
              {"errors": 0.5, "timeout": 0.6, "refused": 0.6, "provider": 0.3, "breaker": 0.5}, kind="dependency"),
    Mechanism("breaks_on_panic", "something fails on purpose",
              gains(r"\bpanic\(|\.unwrap\(\)|\.expect\(|\bassert\b|System\.exit|os\.Exit|process\.exit|log\.Fatal|throw new|raise \w+Error|\.orElseThrow|!!\.", "it can fail on purpose", strength=0.5),
              {"crash": 0.9, "nil": 0.6, "restart": 0.6, "errors": 0.3, "data": 0.4}, kind="defect"),
    Mechanism("work_unbounded", "how much runs at once is no longer bounded",
              either(loses(r"newFixedThreadPool|Semaphore|SetLimit\(|p-?limit|pLimit\(|buffer_unordered\(|\bbounded\w*|max_?concurrency|max_?workers|Bulkhead|ArrayBlockingQueue|throttle\(", "a bound of what runs at once is gone", unless=r"Semaphore|SetLimit|max_?concurrency|max_?workers", strength=0.9),
                     gains(r"newCachedThreadPool|newThreadPerTask|LinkedBlockingQueue<?[^(]*>?\(\)|Promise\.all\(|unbounded_channel|unbounded\(", "as much as comes runs at once", strength=0.8)),
              {"threads": 1.0, "memory": 0.8, "connections": 0.8, "pool": 0.7, "cpu": 0.6, "gc": 0.6, "throttle": 0.6, "fd": 0.7, "latency": 0.4}),
    Mechanism("hot_computing", "more computing for each request",
              either(number(r"\b(\w*comp\w*level|compression\w*|level|quality|rounds|cost|iterations|work_?factor|factor|effort|precision|resolution|samples)\b", "each takes more", falls=False, unless=r"\blog"), gains(r"regexp?\.(MustCompile|compile|Compile)|Pattern\.compile|bcrypt|scrypt|pbkdf2|argon2|gzip|zstd|compress|json\.(Marshal|dumps|loads)|JSON\.(parse|stringify)|deepcopy|cloneDeep|sha256|md5|encrypt|sorted\(|\.sort\(|reflect\.|itertools\.product", "it computes more", strength=0.5)),
              {"cpu": 1.0, "throttled": 0.7, "latency": 0.6, "threads": 0.3, "gc": 0.3, "timeout": 0.3}, kind="runtime"),
    Mechanism("slower_structure", "a search in place of a look-up", _slower_structure,
              {"cpu": 1.0, "throttled": 0.7, "latency": 0.8, "timeout": 0.5, "threads": 0.4, "queue": 0.4, "gc": 0.3}, kind="runtime"),
    Mechanism("unit_changed", "a value is read in another unit", _unit_changed,
              {"timeout": 1.0, "cancelled": 0.9, "duplicate": 0.8, "stale": 0.8, "cache": 0.7, "business": 0.7, "deadlock": 0.6, "auth": 0.5, "queue": 0.5, "latency": 0.5, "throttle": 0.5, "errors": 0.3}),
    Mechanism("recursion", "a call of itself, or work that multiplies",
              gains(r"\brecurs\w*|cartesian|CROSS JOIN|while\s*\(?\s*(true|True|1)\b|for\s*\{\s*$|for\s*\(\s*;\s*;\s*\)", "a loop without an end", strength=0.6),
              {"cpu": 0.9, "crash": 0.6, "memory": 0.6, "latency": 0.4, "threads": 0.4}, kind="runtime"),
    Mechanism("call_removed", "a step of the work is gone",
              either(_step_gone, loses(r"\b\w*(migrat\w*|warm\w*|init\w*|flush\w*|commit\w*|ack\w*|invalidate\w*|validat\w*|register\w*|refresh\w*|renew\w*|verify\w*|sanitiz\w*|escape\w*|normaliz\w*|close|start|publish\w*|subscribe\w*|dedup\w*|idempot\w*)\s*\(", "a step is gone", strength=0.7)),
              {"data": 0.6, "cache": 0.6, "queue": 0.7, "auth": 0.6, "duplicate": 0.8, "relation": 0.7, "certificate": 0.5, "stale": 0.8, "decode": 0.4, "errors": 0.2, "slow_query": 0.2, "credential": 0.6, "memory": 0.3, "disk": 0.3}, kind="defect"),
    Mechanism("condition_changed", "a condition or bound was turned",
              either(_turned, number(r".", "a boundary moved", falls=None, strength=0.35), gains(r"\b(if|elif|elsif|unless|when|case|while)\b.*(<=|>=|<|>|==|!=|&&|\|\||\b(not|and|or|in|is)\b|!\w)", "a condition is new", strength=0.25)),
              {"index": 1.0, "data": 0.5, "auth": 0.6, "errors": 0.2, "duplicate": 0.4, "business": 0.8, "validation": 0.5, "rejected": 0.4, "stale": 0.3}, kind="defect"),
    Mechanism("order_changed", "what comes first changed", _order_changed,
              {"queue": 0.7, "latency": 0.6, "business": 0.9, "stale": 0.6, "index": 0.6, "rejected": 0.5}, kind="defect"),
    Mechanism("arithmetic_changed", "what is computed changed: units, rounding, signs, time zones",
              either(alters(r"ZoneId|ZoneOffset|TimeZone|tz_?info|timezone|\bpytz\b|\bUTC\b|time\.Local\b|in_time_zone|localtime|gmtime", "what time of day is meant changed", strength=0.8), alters(r"\b(Decimal|float|double)\(|\bBigDecimal\b|\.to_[fi]\b|\b(toDouble|toFloat|parseFloat)\b", "how exactly it computes changed", strength=0.8), loses(_SCALE, "a conversion is gone", strength=0.9), gains(_SCALE, "a conversion is new", strength=0.8),
                     gains(r"parseInt|parseFloat|Decimal|float64\(|int\(|LocalDate|currency|math\.|Date\(|datetime|strptime|strftime", "what is computed changed", strength=0.4)),
              {"business": 1.0, "data": 0.8, "validation": 0.7, "rejected": 0.7, "auth": 0.5, "index": 0.3, "decode": 0.3}, kind="defect"),
)  # fmt: skip
"""What code can do."""
