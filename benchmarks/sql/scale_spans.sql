-- Spans of traces $low to $high of $traces, eleven each, over one hour: gateway, checkout, pricing, inventory, and their database.
SELECT
  md5(CAST(trace AS VARCHAR)) AS trace_id,
  lpad(to_hex(hash(trace * 16 + place)), 16, '0') AS span_id,
  CASE WHEN place = 0 THEN '' ELSE lpad(to_hex(hash(trace * 16 + parent)), 16, '0') END AS parent_span_id,
  service AS service_name,
  name AS span_name,
  kind AS span_kind,
  CAST(1772633400000000000 + (CAST(trace AS HUGEINT) * 3600000000000) // $traces + place * 1000000 AS BIGINT) AS start_ns,
  CAST(length * (1 + (hash(trace * 31 + place) % 1000) / 500.0) * CASE WHEN trace % 10 = 0 THEN 5 ELSE 1 END AS BIGINT) AS duration_ns,
  CASE WHEN hash(trace * 7 + place) % 500 = 0 THEN 'ERROR' ELSE 'UNSET' END AS status_code,
  CASE WHEN db <> '' THEN db ELSE '' END AS db_system_name,
  CASE WHEN db <> '' THEN 'select * from promotions where user_id = ?' ELSE '' END AS db_query_digest,
  CASE WHEN db <> '' THEN 'promotions' ELSE '' END AS db_collection_name,
  CASE WHEN trace % 3 = 0 THEN 10.0 / 3 ELSE 1.0 END AS adjusted_count
FROM (SELECT UNNEST(range($low, $high)) AS trace) AS traces,
(
  VALUES
    (0, 0, 'gateway', 'GET /checkout', 'SERVER', 90000000, ''),
    (1, 0, 'gateway', 'POST', 'CLIENT', 85000000, ''),
    (2, 1, 'checkout', 'POST /checkout', 'SERVER', 80000000, ''),
    (3, 2, 'checkout', 'SELECT promotions', 'CLIENT', 5000000, 'postgresql'),
    (4, 2, 'checkout', 'SELECT promotions', 'CLIENT', 5000000, 'postgresql'),
    (5, 2, 'checkout', 'SELECT promotions', 'CLIENT', 5000000, 'postgresql'),
    (6, 2, 'checkout', 'GET', 'CLIENT', 20000000, ''),
    (7, 6, 'pricing', 'GET /price', 'SERVER', 15000000, ''),
    (8, 7, 'pricing', 'SELECT prices', 'CLIENT', 4000000, 'postgresql'),
    (9, 2, 'checkout', 'GET', 'CLIENT', 12000000, ''),
    (10, 9, 'inventory', 'GET /stock', 'SERVER', 9000000, '')
) AS shape(place, parent, service, name, kind, length, db)
