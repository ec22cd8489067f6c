-- dependency_hops: calls from service to service, database or elsewhere, by latency as the caller, the callee and the way between see it.
-- param $before_start_ns BIGINT        start of the baseline
-- param $before_end_ns BIGINT          end of the baseline
-- param $start_ns BIGINT               start of the incident
-- param $end_ns BIGINT                 end of the incident
-- column caller VARCHAR                service that calls
-- column callee VARCHAR                service, database or address that is called
-- column kind VARCHAR                  service, database or external
-- column side VARCHAR                  client: as the caller sees it; server: the callee's own span; gap: what lies between
-- column bucket BIGINT                 index of the latency bucket: exponential histogram, scale 5; -1 for none or less
-- column before DOUBLE                 calls in the baseline, weighted
-- column during DOUBLE                 calls in the incident, weighted
-- column seen_before BIGINT            the same, not weighted
-- column seen_during BIGINT            the same, not weighted
-- column failed_before DOUBLE          of these, failed
-- column failed_during DOUBLE          the same in the incident
-- column timeouts_before DOUBLE        of these, timed out
-- column timeouts_during DOUBLE        the same in the incident
-- column breaker_before DOUBLE         of these, refused by a circuit breaker
-- column breaker_during DOUBLE         the same in the incident
-- column trace_id VARCHAR              one trace
WITH servers AS (
  -- named by its parent, and by its own id where client and server share one
  SELECT trace_id, CASE WHEN named = 1 THEN parent_span_id ELSE span_id END AS called_by, service_name, duration_ns
  FROM spans
  CROSS JOIN (SELECT 1 AS named UNION ALL SELECT 2 AS named) AS ways
  WHERE span_kind IN ('SERVER', 'CONSUMER') AND (named = 2 OR parent_span_id <> '')
),
hops AS (
  SELECT
    client.trace_id AS trace_id,
    client.service_name AS caller,
    CASE
      WHEN COALESCE(servers.service_name, '') <> '' THEN servers.service_name
      WHEN client.db_system_name <> '' AND client.db_namespace <> '' THEN client.db_system_name || ' ' || client.db_namespace
      WHEN client.db_system_name <> '' THEN client.db_system_name
      WHEN COALESCE(client.attributes['peer.service'], '') <> '' THEN client.attributes['peer.service']
      WHEN client.server_address <> '' THEN client.server_address
      ELSE '(unknown)'
    END AS callee,
    CASE
      WHEN COALESCE(servers.service_name, '') <> '' THEN 'service'
      WHEN client.db_system_name <> '' THEN 'database'
      ELSE 'external'
    END AS kind,
    client.duration_ns AS client_ns,
    servers.duration_ns AS server_ns,
    CASE WHEN COALESCE(servers.service_name, '') <> '' THEN 1 ELSE 0 END AS is_served,
    client.adjusted_count AS weight,
    CASE WHEN client.start_ns >= $start_ns AND client.start_ns < $end_ns THEN 1 ELSE 0 END AS is_during,
    CASE WHEN client.status_code = 'ERROR' THEN 1 ELSE 0 END AS failed,
    CASE WHEN LOWER(client.error_type || client.status_message) LIKE '%timeout%'
      OR LOWER(client.error_type || client.status_message) LIKE '%timed out%'
      OR LOWER(client.error_type || client.status_message) LIKE '%deadline%' THEN 1 ELSE 0 END AS timed_out,
    CASE WHEN LOWER(client.error_type || client.status_message) LIKE '%circuit%'
      OR LOWER(client.error_type || client.status_message) LIKE '%breaker%' THEN 1 ELSE 0 END AS refused
  FROM spans AS client
  LEFT JOIN servers ON client.trace_id = servers.trace_id AND client.span_id = servers.called_by
  WHERE (client.span_kind IN ('CLIENT', 'PRODUCER') OR (client.db_system_name <> '' AND client.span_kind NOT IN ('SERVER', 'CONSUMER')))
    AND client.duration_ns IS NOT NULL
    AND ((client.start_ns >= $start_ns AND client.start_ns < $end_ns)
      OR (client.start_ns >= $before_start_ns AND client.start_ns < $before_end_ns))
),
sides AS (
  SELECT
    trace_id, caller, callee, kind, side, weight, is_during, failed, timed_out, refused,
    CASE WHEN side = 'client' THEN client_ns WHEN side = 'server' THEN server_ns ELSE client_ns - server_ns END AS length_ns
  FROM hops
  CROSS JOIN (SELECT 'client' AS side UNION ALL SELECT 'server' AS side UNION ALL SELECT 'gap' AS side) AS looks
  WHERE side = 'client' OR (is_served = 1 AND server_ns IS NOT NULL)
)
SELECT
  caller,
  callee,
  kind,
  side,
  CASE WHEN length_ns > 0 THEN CAST(CEIL(LN(length_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 0 THEN weight ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 1 THEN weight ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS during,
  CAST(SUM(1 - is_during) AS BIGINT) AS seen_before,
  CAST(SUM(is_during) AS BIGINT) AS seen_during,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 0 THEN weight * failed ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS failed_before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 1 THEN weight * failed ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS failed_during,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 0 THEN weight * timed_out ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS timeouts_before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 1 THEN weight * timed_out ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS timeouts_during,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 0 THEN weight * refused ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS breaker_before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 1 THEN weight * refused ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS breaker_during,
  MIN(trace_id) AS trace_id
FROM sides
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
