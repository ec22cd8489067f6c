-- experiments: what the team changed on purpose to find out, in the order of time.
-- column time_ns BIGINT          start
-- column end_ns BIGINT           end, where it has one
-- column service_name VARCHAR    service it was done to, '' for all
-- column service_version VARCHAR version that was treated, where it says so
-- column title VARCHAR           what it was called
-- column attributes MAP(VARCHAR, VARCHAR) everything else that was written down
SELECT
  time_ns,
  end_ns,
  service_name,
  service_version,
  title,
  attributes
FROM changes
WHERE kind = 'experiment'
ORDER BY time_ns, title
